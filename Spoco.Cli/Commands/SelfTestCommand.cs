using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco selftest</c></summary>
internal static class SelfTestCommand
{
    /// <summary>The device computes something wrong, fails, or hangs.</summary>
    private const int Failed = 1;

    public static Command Create()
    {
        var quick = new Option<bool>("--quick") { Description = "Small shapes and few problems only: less than a minute nearly everywhere." };
        var limit = new Option<double>("--limit")
        {
            Description = "Seconds that a check may take, compilation of its kernels included, before it counts as hanging.", DefaultValueFactory = _ => 180,
        };
        var common = new CommonOptions();
        var command = new Command("selftest",
            "Test whether a device computes what it should: every operation and loss with its gradient, on odd and ordinary shapes, trainings of twenty steps, and the "
            + "Mutex Watershed on hundreds of random problems. A GPU and the simulator are compared with the cpu device, whose code is another one; cpu is compared with the "
            + "simulator ilgpu-cpu, on small shapes; the Mutex Watershed with its definition, one edge after another. No device is compared with itself. Exit code 1 where a "
            + "check fails, throws or hangs. What this prints is how a report of an error begins.") { quick, limit }
            .WithExamples("spoco selftest", "spoco selftest --device opencl:0", "spoco selftest --device ilgpu-cpu --quick");
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var seconds = result.GetValue(limit);
            if (!(seconds is >= 0.001 and <= 86400))
                throw new InputException(FormattableString.Invariant($"--limit: expected 0.001 to 86400 seconds, got {seconds}."));
            return Task.FromResult(Run(new SelfTest(() => common.OpenDevice(result), result.GetValue(quick), TimeSpan.FromSeconds(seconds)), cancellation));
        });
        return command;
    }

    /// <summary>Runs a test and prints every result as soon as it is there: what a process that a driver ends has printed remains.</summary>
    internal static int Run(SelfTest test, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var checks = 0;
        var failed = test.Run(
            subject =>
            {
                checks = subject.Checks;
                PrintSubject(subject);
            },
            result => Terminal.Result(LineOf(result)), cancellation);
        Terminal.Result(string.Create(CultureInfo.InvariantCulture,
            $"{checks} checks, {failed} failed, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"));
        if (test.Hangs)
            EndProcess();
        return failed == 0 ? Program.Success : Failed;
    }

    private static string LineOf(SelfCheckResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{r.Operation,-22} {r.Case,-64} {Number(r.Error, "0"),7} {Number(r.Bound, "same"),7} {r.Time.TotalMilliseconds,6:0} ms  ")
        + (r.Passed ? "ok" : $"FAILED {r.Problem}");

    private static string Number(double value, string zero) =>
        double.IsNaN(value) ? "-" : double.IsInfinity(value) ? "inf" : value == 0 ? zero : value.ToString("0.0e-0", CultureInfo.InvariantCulture);

    private static void PrintSubject(SelfTestSubject subject)
    {
        Terminal.Result($"{Versions.Text}, {subject.Machine}");
        Terminal.Result($"device         {subject.Device}");
        if (subject.Driver.Length > 0)
            Terminal.Result($"driver         {subject.Driver}");
        Terminal.Result($"compared with  {subject.Reference}; the Mutex Watershed with its definition");
        Terminal.Result($"{"operation",-22} {"case",-64} {"error",7} {"bound",7} {"time",9}  verdict");
    }

    /// <summary>Nothing can end what hangs in a driver, and a driver may hang when the process ends in order.</summary>
    private static void EndProcess()
    {
        Console.Out.Flush();
        new Thread(() => Environment.Exit(Failed)) { IsBackground = true }.Start();
        Thread.Sleep(TimeSpan.FromSeconds(5));
        Process.GetCurrentProcess().Kill();
    }
}
