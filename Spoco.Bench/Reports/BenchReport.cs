using Spoco.Bench.Runs;
using Spoco.Cli.Commands;
using Spoco.Kernels;

namespace Spoco.Bench.Reports;

/// <summary>Times of one call.</summary>
/// <param name="Section">The table it belongs to.</param>
/// <param name="Name">The case: shape or network.</param>
/// <param name="What">The call; empty where the case could not begin.</param>
/// <param name="Samples">How many times were taken; 0 where there is a problem.</param>
/// <param name="CallsPerSample">Calls that were timed together.</param>
/// <param name="Median">Median time of a call, ms.</param>
/// <param name="Fastest">Shortest time, ms.</param>
/// <param name="Slowest">Longest time, ms.</param>
/// <param name="Flops">Floating-point operations of the plain formula; 0 = not counted.</param>
/// <param name="Bytes">Bytes that must be read and written; 0 = not counted.</param>
/// <param name="PeakBytes">Largest memory in use on the device; 0 = not noted.</param>
/// <param name="Problem">Why there is no time; null = there is one.</param>
internal sealed record BenchResult(
    string Section, string Name, string What, int Samples, int CallsPerSample, double Median, double Fastest, double Slowest, double Flops, double Bytes, long PeakBytes,
    string? Problem)
{
    /// <summary>TFLOP/s; 0 where they are not counted.</summary>
    public double Teraflops => Samples > 0 ? Flops / Median / 1e9 : 0;

    /// <summary>GB/s; 0 where they are not counted.</summary>
    public double Gigabytes => Samples > 0 ? Bytes / Median / 1e6 : 0;
}

/// <summary>What one kernel takes of a step.</summary>
/// <param name="Kernel">Its name.</param>
/// <param name="Launches">How often it was launched.</param>
/// <param name="Milliseconds">What all launches took.</param>
internal sealed record KernelShare(string Kernel, int Launches, double Milliseconds);

/// <summary>A step by kernel.</summary>
/// <param name="Name">The network.</param>
/// <param name="What">The kind of step.</param>
/// <param name="Milliseconds">The step in which the kernels were timed.</param>
/// <param name="Kernels">Its kernels, the slowest first.</param>
internal sealed record StepKernels(string Name, string What, double Milliseconds, IReadOnlyList<KernelShare> Kernels);

/// <summary>What was measured, with what, on what.</summary>
internal sealed record BenchReport
{
    /// <summary>What <see cref="Format"/> says.</summary>
    public const string FormatName = "spoco-bench";

    /// <summary>The version that is written and read; it changes when a field changes its meaning or goes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Section of the peaks.</summary>
    public const string PeakSection = "Peak";

    public string Format { get; init; } = FormatName;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>When it began, UTC.</summary>
    public required DateTime Measured { get; init; }

    /// <summary>Versions of Spoco, ILGPU, the runtime and the system.</summary>
    public required string Software { get; init; }

    /// <summary>The processor's model, as far as the system tells.</summary>
    public required string Processor { get; init; }

    public required int Processors { get; init; }

    /// <summary>The name the device was opened by.</summary>
    public required string Device { get; init; }

    /// <summary>What the device calls itself.</summary>
    public required string Hardware { get; init; }

    /// <summary>Its driver, clocks included; empty for the host.</summary>
    public required string Driver { get; init; }

    /// <summary>What times were measured by.</summary>
    public required string Clock { get; init; }

    /// <summary>The plan's name.</summary>
    public required string Plan { get; init; }

    /// <summary>Whether all of the plan was measured.</summary>
    public required bool IsComplete { get; init; }

    public required IReadOnlyList<BenchResult> Results { get; init; }

    public required IReadOnlyList<StepKernels> Steps { get; init; }

    /// <summary>The head of a report on a device.</summary>
    public static BenchReport On(ComputeDevice device, string clock, string plan) => new()
    {
        Measured = DateTime.UtcNow,
        Software = Versions.Text,
        Processor = Machine.Processor,
        Processors = device.Processors,
        Device = device.Name,
        Hardware = device.Description,
        Driver = device.Driver + device.Clocks,
        Clock = clock,
        Plan = plan,
        IsComplete = false,
        Results = [],
        Steps = [],
    };

    /// <summary>The largest TFLOP/s or GB/s of all samples of the peaks, as a median is none; 0 where none was measured. Those of matrix units do not count.</summary>
    public double Peak(Func<BenchResult, double> rate) => Peak(rate, Precision.F32);

    /// <summary>The largest TFLOP/s of the matrix units in a precision, or of multiply-adds in single precision.</summary>
    public double PeakTeraflops(Precision precision) => Peak(r => r.Teraflops, precision);

    private double Peak(Func<BenchResult, double> rate, Precision precision) => Results
        .Where(r => r.Section == PeakSection && r.Fastest > 0 && PrecisionCalls.Of(r.What) == precision)
        .Select(r => rate(r with { Median = r.Fastest })).DefaultIfEmpty().Max();
}
