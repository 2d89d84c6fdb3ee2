using System.Diagnostics;
using System.Numerics;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>The most single-precision operations per second that the worker threads reach: what every share of peak refers to.</summary>
internal static class FmaPeak
{
    private const int Steps = 4_000_000;
    private const int Chains = 10;

    private static readonly Lazy<double> Measured = new(() =>
    {
        using var host = (HostDevice)ComputeDevice.Open("cpu");
        return Measure(host);
    });

    /// <summary>Of the <c>cpu</c> device as it is opened by default, GFLOP/s; measured once.</summary>
    public static double Host => Measured.Value;

    /// <summary>Best of five runs on all workers, GFLOP/s.</summary>
    public static double Measure(HostDevice host)
    {
        var best = 0.0;
        for (var run = 0; run < 5; run++)
        {
            var start = Stopwatch.GetTimestamp();
            host.Workers.Run(host.Workers.Workers, new Body());
            var flops = 2.0 * Vector<float>.Count * Chains * Steps * host.Workers.Workers;
            best = Math.Max(best, flops / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    private readonly struct Body : IParallelBody
    {
        /// <summary>Ten independent chains hide the latency of four cycles on two units.</summary>
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
            {
                Vector<float> a = new(0.999f), b = new(1e-3f);
                Vector<float> s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b, s8 = b, s9 = b;
                for (var step = 0; step < Steps; step++)
                {
                    s0 = Vector.MultiplyAddEstimate(s0, a, b);
                    s1 = Vector.MultiplyAddEstimate(s1, a, b);
                    s2 = Vector.MultiplyAddEstimate(s2, a, b);
                    s3 = Vector.MultiplyAddEstimate(s3, a, b);
                    s4 = Vector.MultiplyAddEstimate(s4, a, b);
                    s5 = Vector.MultiplyAddEstimate(s5, a, b);
                    s6 = Vector.MultiplyAddEstimate(s6, a, b);
                    s7 = Vector.MultiplyAddEstimate(s7, a, b);
                    s8 = Vector.MultiplyAddEstimate(s8, a, b);
                    s9 = Vector.MultiplyAddEstimate(s9, a, b);
                }

                if (float.IsNaN(Vector.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9)))
                    throw new InvalidOperationException("FmaPeak: the sums are finite by construction.");
            }
        }
    }
}
