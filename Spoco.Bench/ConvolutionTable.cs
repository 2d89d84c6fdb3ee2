using System.Diagnostics;
using System.Globalization;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Every convolution of <see cref="ConvolutionBench"/> on the host within a minute or two: best of the calls, milliseconds and GFLOP/s, each direction.</summary>
internal static class ConvolutionTable
{
    /// <summary>Calls of about so many seconds, so that the compiler has seen a kernel often enough.</summary>
    private const double Seconds = 0.8;

    public static void Run(int repeats, AlgorithmRequest algorithms)
    {
        using var host = algorithms.Watch(ComputeDevice.Open("cpu", new ComputeDeviceOptions { Algorithms = algorithms.Forced }));
        var peak = FmaPeak.Measure(host);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{HostDevice.InstructionSet}, {host.Processors} threads, peak {peak:f0} GFLOP/s; "
            + $"ms (GFLOP/s of the plain sum, share of peak), best of {repeats} calls or more"));
        Console.WriteLine("| layer | forward | backward input | backward weight |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var layer in ConvolutionBench.Layers)
        {
            using var calls = new ConvolutionCalls(host, layer);
            Console.WriteLine($"| {layer} | {Time(calls.Forward)} | {Time(calls.BackwardInput)} | {Time(calls.BackwardWeight)} |");

            string Time(Action call)
            {
                if (Fails(call) is { } problem)
                    return problem;
                var (best, all) = (double.MaxValue, Stopwatch.GetTimestamp());
                for (var i = 0; i < repeats || Stopwatch.GetElapsedTime(all).TotalSeconds < Seconds; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    call();
                    best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
                }

                var rate = layer.Geometry.Operations / best / 1e9;
                return string.Create(CultureInfo.InvariantCulture, $"{best * 1e3:f1} ({rate:f0}, {100 * rate / peak:f0} %)");
            }
        }

        algorithms.Report(host);
    }

    /// <summary>Why a layer cannot be computed in the way that was asked for; null where it can.</summary>
    private static string? Fails(Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (DeviceException)
        {
            return "not by this algorithm";
        }
    }
}
