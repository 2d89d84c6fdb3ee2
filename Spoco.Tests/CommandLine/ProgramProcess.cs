using System.Diagnostics;

namespace Spoco.Tests.CommandLine;

/// <summary>The program as a process of its own.</summary>
internal static class ProgramProcess
{
    public static Process Start(IEnumerable<string> arguments)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? Environment.ProcessPath ?? "dotnet";
        var start = new ProcessStartInfo(Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.ArgumentList.Add(Path.Combine(Path.GetDirectoryName(typeof(Spoco.Cli.Program).Assembly.Location)!, "spoco.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end; returns the most bytes that were seen in memory on the way, and what the process said.</summary>
    public static (long Peak, string Said) AssertEnds(Process process, int exitCode)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        var (peak, patience) = (0L, Stopwatch.StartNew());
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(20)))
        {
            Assert.That(patience.Elapsed, Is.LessThan(TimeSpan.FromMinutes(5)), "the process did not end");
            process.Refresh();
            peak = process.HasExited ? peak : Math.Max(peak, process.PeakWorkingSet64);
        }

        Assert.That(process.ExitCode, Is.EqualTo(exitCode), output.Result + error.Result);
        return (peak, error.Result);
    }
}
