using System.Diagnostics;
using Spoco.Bench.Runs;
using Spoco.Cli;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// What a training step with the sparse SPOCO loss costs the host, whatever the device takes, on ILGPU's simulator with launches that do nothing: the step on images so small that copies and
/// sorting take no time, and by itself what a batch of full size takes, which the device need not wait for. A GPU whose kernels are faster than the step waits for the host.
/// </summary>
internal static class StepOverhead
{
    private const int WarmUp = 30;

    public static void Run(TrainingStepBench.Network net, int repeats, AlgorithmRequest algorithms)
    {
        using var device = algorithms.Watch(ComputeDevice.Open("ilgpu-cpu", new ComputeDeviceOptions { Algorithms = algorithms.Forced })).Ilgpu;
        using var skipped = new SkippedLaunches(device);
        using var calls = new TrainingStepCalls(device, Small(net));
        calls.Spoco();
        var before = device.Traffic;
        calls.Spoco();
        var traffic = device.Traffic.Since(before);
        var (fastest, median, allocated) = Time(() => calls.Spoco(), repeats);
        Terminal.Result(FormattableString.Invariant(
            $"{net}: {traffic}; {median:f2} ms (fastest {fastest:f2}), {1000 * median / traffic.Launches:f1} us a launch, {allocated >> 10} KiB managed"));

        // Of full size.
        var (batch, loss) = (TrainingStepCalls.Batch(net.Input), new SpocoLossOptions { Supervision = Supervision.Sparse });
        using var staged = new StagedBatch(device, net.Input);
        (fastest, median, _) = Time(batch.SortLabels, repeats);
        Terminal.Result(FormattableString.Invariant($"labels of {net.Input}, sorted by the thread that fills the batch: {median:f2} ms (fastest {fastest:f2})"));
        (fastest, median, _) = Time(() => staged.Fill(batch, loss), repeats, batch.SortLabels);
        Terminal.Result(FormattableString.Invariant($"the batch, checked and copied while the device is at the step before: {median:f2} ms (fastest {fastest:f2})"));
        algorithms.Report(device);
    }

    /// <summary>The network with inputs of few voxels.</summary>
    private static TrainingStepBench.Network Small(TrainingStepBench.Network net) =>
        net with { Input = net.Input.D == 1 ? net.Input with { H = 64, W = 64 } : net.Input with { D = 16, H = 16, W = 16 } };

    private static (double Fastest, double Median, long Allocated) Time(Action call, int repeats, Action? before = null)
    {
        for (var i = 0; i < WarmUp; i++)
        {
            before?.Invoke();
            call();
        }

        var times = new double[repeats];
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < repeats; i++)
        {
            before?.Invoke();
            var start = Stopwatch.GetTimestamp();
            call();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / repeats;
        Array.Sort(times);
        return (times[0], times[repeats / 2], allocated);
    }
}
