using System.Diagnostics;
using System.Text;

namespace Spoco.Tests.Threads;

/// <summary>
/// The threads of this process: which compute, which wait. A program cannot read the stacks of its other threads; which of them spin and which
/// sleep says whether a loop does not end or a signal never came.
/// </summary>
internal static class ThreadTable
{
    /// <summary>A line for each thread: name, state, processor time since it began and within <paramref name="period"/>.</summary>
    public static string Of(TimeSpan period)
    {
        var before = Times();
        Thread.Sleep(period);
        var text = new StringBuilder();
        foreach (var (id, thread) in Times().OrderBy(t => t.Key))
        {
            var lately = thread.Time - before.GetValueOrDefault(id).Time;
            text.AppendLine($"  {id,8} {thread.Name,-16} {thread.State,-8} {thread.Time.TotalSeconds,9:0.00} s, "
                + $"{lately.TotalSeconds:0.00} s in the last {period.TotalSeconds:0.0} s");
        }

        return text.ToString();
    }

    private static Dictionary<int, (string Name, string State, TimeSpan Time)> Times()
    {
        var threads = new Dictionary<int, (string, string, TimeSpan)>();
        using var process = Process.GetCurrentProcess();
        foreach (ProcessThread thread in process.Threads)
        {
            try
            {
                threads[thread.Id] = (NameOf(thread.Id), $"{thread.ThreadState}", thread.TotalProcessorTime);
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or IOException)
            {
                // It has just ended.
            }
        }

        return threads;
    }

    private static string NameOf(int id) =>
        OperatingSystem.IsLinux() && File.Exists($"/proc/self/task/{id}/comm") ? File.ReadAllText($"/proc/self/task/{id}/comm").Trim() : "";
}
