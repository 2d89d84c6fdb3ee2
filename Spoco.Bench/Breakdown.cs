using System.Diagnostics;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// One training step of a network on the host (f forward, backward, g forward, Adam with the momentum update; no loss): milliseconds per phase and per kernel,
/// of the fastest step, and the memory it took; then a whole step with the sparse SPOCO loss.
/// </summary>
internal static class Breakdown
{
    public static void Run(TrainingStepBench.Network net, int repeats, int threads, AlgorithmRequest algorithms)
    {
        Networks(net, repeats, threads, algorithms);
        WithLoss(net, repeats, threads, algorithms);
    }

    private static void Networks(TrainingStepBench.Network net, int repeats, int threads, AlgorithmRequest algorithms)
    {
        using var step = new NetworkStep(net, threads, algorithms);
        var device = step.Device;
        using var process = Process.GetCurrentProcess();
        var before = DateTime.Now - process.StartTime;
        var best = step.Run();
        var after = DateTime.Now - process.StartTime;
        Console.WriteLine($"{net}, {device.Processors} threads, {HostDevice.InstructionSet}; first step from {before.TotalSeconds:f2} s to "
            + $"{after.TotalSeconds:f2} s after the start of the process; peak {FmaPeak.Measure(device):f0} GFLOP/s");
        for (var i = 0; i < repeats; i++)
        {
            var result = step.Run();
            best = result.Total < best.Total ? result : best;
        }

        Console.WriteLine($"total {best.Total:f1} ms, processor time {best.Processor:f1} ms");
        foreach (var (phase, time) in best.Phases)
            Console.WriteLine($"  {phase,-40} {time,8:f1}");
        Console.WriteLine("kernels");
        foreach (var (kernel, _, time) in best.Kernels)
            Console.WriteLine($"  {kernel,-40} {time.TotalMilliseconds,8:f1}");
        Console.WriteLine($"  {"between kernels",-40} {best.Total - best.Kernels.Sum(k => k.Time.TotalMilliseconds),8:f1}");
        process.Refresh();
        Console.WriteLine($"peak RSS {process.PeakWorkingSet64 >> 20} MiB, pool peak {device.Pool.Statistics.PeakBytes >> 20} MiB, "
            + $"held {device.Pool.Statistics.HeldBytes >> 20} MiB, managed {best.Allocated >> 10} KiB a step");
    }

    private static void WithLoss(TrainingStepBench.Network net, int repeats, int threads, AlgorithmRequest algorithms)
    {
        var step = new TrainingStepBench { Device = "cpu", Net = net, Threads = threads, Algorithms = algorithms };
        step.Setup();
        var (total, between) = (double.MaxValue, 0.0);
        (string Kernel, int Launches, TimeSpan Time)[] loss = [];
        var shares = new List<double>();
        for (var i = 0; i <= repeats; i++)
        {
            var profile = step.Opened.Profile = new KernelProfile();
            var start = Stopwatch.GetTimestamp();
            step.SpocoStep();
            var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            (string Kernel, int Launches, TimeSpan Time)[] kernels = [.. profile.Times.Where(t => IsOfLoss(t.Kernel))];
            if (i > 0)
                shares.Add(kernels.Sum(t => t.Time.TotalMilliseconds) / time);
            if (time > total)
                continue;
            total = time;
            loss = kernels;
            between = time - profile.Times.Sum(t => t.Time.TotalMilliseconds);
        }

        var sum = loss.Sum(t => t.Time.TotalMilliseconds);
        shares.Sort();
        Console.WriteLine($"with the sparse loss: total {total:f1} ms, its kernels {sum:f1} ms ({100 * sum / total:f1} %; median of the steps "
            + $"{100 * shares[shares.Count / 2]:f1} %), between kernels {between:f1} ms");
        foreach (var (kernel, _, time) in loss)
            Console.WriteLine($"  {kernel,-40} {time.TotalMilliseconds,8:f1}");
        algorithms.Report(step.Opened);
        step.Cleanup();
    }

    /// <summary>Whether a kernel is one of the loss: by the operations that it consists of.</summary>
    private static bool IsOfLoss(string kernel) => kernel.Contains("Loss", StringComparison.Ordinal)
        || ((string[])["AnchorSelection", "CentreTerms", "ClusterMeans", "Embedding", "Rescaling", "SoftMasks", "TermSum"])
            .Any(operation => kernel.StartsWith(operation, StringComparison.Ordinal));
}
