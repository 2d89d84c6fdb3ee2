using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Spoco.Tests.CommandLine;

/// <summary>The program as a process of its own.</summary>
internal static class ProgramProcess
{
    /// <summary>Ctrl-C.</summary>
    public const int Sigint = 2;

    public static Process Start(IEnumerable<string> arguments) => Start(typeof(Spoco.Cli.Program).Assembly, arguments);

    /// <summary>Starts the program of another assembly.</summary>
    public static Process Start(Assembly program, IEnumerable<string> arguments)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? Environment.ProcessPath ?? "dotnet";
        var start = new ProcessStartInfo(Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.ArgumentList.Add(program.Location);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Sends a signal; on Linux only.</summary>
    public static void Signal(Process process, int signal) => Assert.That(kill(process.Id, signal), Is.Zero);

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

#pragma warning disable IDE1006, SYSLIB1054, CA5392 // The name is the C library's; one call in a test needs no generated marshalling.
    [DllImport("libc")]
    private static extern int kill(int process, int signal);
#pragma warning restore IDE1006, SYSLIB1054, CA5392
}
