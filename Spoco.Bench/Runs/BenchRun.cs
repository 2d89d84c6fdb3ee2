using System.Diagnostics;
using Spoco.Bench.Reports;
using Spoco.Cli;
using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>Carries out a plan on a device.</summary>
/// <param name="device">Where; opened with <see cref="ComputeDeviceOptions.Profiling"/>, so that its own events are used.</param>
/// <param name="plan">What.</param>
internal sealed class BenchRun(ComputeDevice device, BenchPlan plan)
{
    /// <summary>Calls of about so many seconds before times count: clocks rise, compilers see what is used.</summary>
    private const double WarmUpSeconds = 0.1;

    private const int MostCallsPerSample = 50;

    private readonly DeviceClock _clock = new(device);
    private readonly List<BenchResult> _results = [];
    private readonly List<StepKernels> _steps = [];

    /// <summary>What was measured so far.</summary>
    public BenchReport Report { get; private set; } = BenchReport.On(device, new DeviceClock(device).Name, plan.Name);

    /// <summary>All that the progress counts to.</summary>
    public int Cost => Cases.Sum(c => c.Cost);

    /// <summary>The peaks at the beginning and at the end stand around the plan: a device that became slower meanwhile shows.</summary>
    private IReadOnlyList<BenchCase> Cases => [Peak("at the beginning"), .. plan.Cases, Peak("at the end")];

    /// <summary>Measures. What does not fit into the memory of the device becomes a result that says so.</summary>
    /// <param name="progress">Told what is measured, and how much is done.</param>
    /// <param name="save">Told after every case; <see cref="Report"/> then holds it.</param>
    /// <param name="cancellation">Ends the run after the call that runs; what was measured is in <see cref="Report"/>.</param>
    public void Run(ProgressShare? progress, Action save, CancellationToken cancellation)
    {
        var done = 0;
        foreach (var bench in Cases)
        {
            progress?.Report(done, () => $"{bench.Section}: {bench.Name}");
            try
            {
                Measure(bench, cancellation);
            }
            finally
            {
                Report = Report with { Results = [.. _results], Steps = [.. _steps] };
            }

            done += bench.Cost;
            Report = Report with { IsComplete = done == Cost };
            save();
        }

        progress?.Report(done, () => "");
    }

    private BenchCase Peak(string when) => new(BenchReport.PeakSection, $"{DevicePeak.Case}, {when}", 4, d => new DevicePeak(d, plan.CopyBytes));

    private void Measure(BenchCase bench, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ITimedCalls? calls = null;
        try
        {
            calls = bench.Open(device);
            foreach (var call in calls.Calls)
            {
                try
                {
                    Measure(bench, call, cancellation);
                }
                catch (Exception e) when (e is DeviceMemoryException or DeviceException)
                {
                    Fail(bench, call.What, e);
                }
            }
        }
        catch (Exception e) when (e is DeviceMemoryException or DeviceException)
        {
            Fail(bench, "", e);
        }
        finally
        {
            calls?.Dispose();
            // Arrays of the next case have other sizes.
            device.Pool.Trim();
        }
    }

    private void Fail(BenchCase bench, string what, Exception e) => _results.Add(new(bench.Section, bench.Name, what, 0, 0, 0, 0, 0, 0, 0, 0, e.Message));

    private void Measure(BenchCase bench, TimedCall call, CancellationToken cancellation)
    {
        device.Pool.ResetPeak();
        // Compiles its kernels.
        Once();
        var (single, start) = (Once(), Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds && single < WarmUpSeconds * 1000)
            single = Math.Min(single, Once());
        var perSample = Math.Clamp((int)(plan.Sampling.SampleMilliseconds / Math.Max(single, 1e-6)), 1, MostCallsPerSample);
        var samples = new List<double>();
        start = Stopwatch.GetTimestamp();
        while (samples.Count < plan.Sampling.Least
            || (samples.Count < plan.Sampling.Most && Stopwatch.GetElapsedTime(start).TotalSeconds < plan.Sampling.Seconds))
        {
            cancellation.ThrowIfCancellationRequested();
            samples.Add(_clock.Milliseconds(call.Run, perSample) / perSample);
        }

        samples.Sort();
        _results.Add(new(
            bench.Section, bench.Name, call.What, samples.Count, perSample, Median(samples), samples[0], samples[^1], call.Work.Flops, call.Work.Bytes,
            call.IsStep ? device.Pool.Statistics.PeakBytes : 0, null));
        if (call.IsStep)
            _steps.Add(ByKernel(bench, call));

        double Once()
        {
            cancellation.ThrowIfCancellationRequested();
            return _clock.Milliseconds(call.Run);
        }
    }

    /// <summary>One more step, its launches timed one by one; the first such step makes the launchers that do it, and does not count.</summary>
    private StepKernels ByKernel(BenchCase bench, TimedCall call)
    {
        using var times = new LaunchTimes(device);
        _clock.Milliseconds(call.Run);
        times.Collect();
        var time = _clock.Milliseconds(call.Run);
        return new(bench.Name, call.What, time, [.. times.Collect().Select(t => new KernelShare(t.Kernel, t.Launches, t.Time.TotalMilliseconds))]);
    }

    private static double Median(List<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
}
