using System.Diagnostics;
using Spoco.Bench.Runs;
using Spoco.Cli;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// What a training step with the sparse SPOCO loss costs the host, whatever the device takes: the step on ILGPU's simulator with launches that do nothing, on images so small that copies and
/// sorting take no time. A GPU whose kernels are faster than this waits for the host.
/// </summary>
internal static class StepOverhead
{
    private const int WarmUp = 30;

    public static void Run(TrainingStepBench.Network net, int repeats, AlgorithmRequest algorithms)
    {
        using var device = algorithms.Watch(ComputeDevice.Open("ilgpu-cpu", new ComputeDeviceOptions { Algorithms = algorithms.Forced })).Ilgpu;
        using var skipped = new SkippedLaunches(device);
        using var calls = new TrainingStepCalls(device, Small(net));
        for (var i = 0; i < WarmUp; i++)
            calls.Spoco();
        var before = device.Traffic;
        calls.Spoco();
        var traffic = device.Traffic.Since(before);
        var times = new double[repeats];
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < repeats; i++)
        {
            var start = Stopwatch.GetTimestamp();
            calls.Spoco();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / repeats;
        Array.Sort(times);
        var (fastest, median) = (times[0], times[repeats / 2]);
        Terminal.Result(FormattableString.Invariant(
            $"{net}: {traffic}; {median:f2} ms (fastest {fastest:f2}), {1000 * median / traffic.Launches:f1} us a launch, {allocated >> 10} KiB managed"));
        algorithms.Report(device);
    }

    /// <summary>The network with inputs of few voxels.</summary>
    public static TrainingStepBench.Network Small(TrainingStepBench.Network net) =>
        net with { Input = net.Input.D == 1 ? net.Input with { H = 64, W = 64 } : net.Input with { D = 16, H = 16, W = 16 } };
}
