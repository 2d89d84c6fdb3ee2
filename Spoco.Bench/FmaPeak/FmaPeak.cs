using System.Diagnostics;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>The most single-precision operations per second that a device reaches, with multiply-adds in registers: what every share of peak refers to.</summary>
internal static class FmaPeak
{
    private const double Seconds = 0.5;

    public static readonly Chooser<FmaPeakAlgorithm, ValueTuple> Chooser = new(nameof(FmaPeak), new FmaPeakHost(), new FmaPeakSimt());

    private static readonly Lazy<double> Measured = new(() =>
    {
        using var host = ComputeDevice.Open("cpu");
        return Measure(host);
    });

    /// <summary>Of the <c>cpu</c> device as it is opened by default, GFLOP/s; measured once.</summary>
    public static double Host => Measured.Value;

    /// <summary>Best of the runs of half a second, GFLOP/s.</summary>
    public static double Measure(ComputeDevice device)
    {
        var algorithm = Chooser.For(device, default);
        var sums = device.Allocate<float>(algorithm.Threads(device), nameof(FmaPeak));
        using var memory = sums.Memory;
        var best = 0.0;
        for (var all = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(all).TotalSeconds < Seconds;)
        {
            var start = Stopwatch.GetTimestamp();
            algorithm.Run(device, sums);
            device.Synchronize();
            best = Math.Max(best, algorithm.Operations(device) / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }
}
