using System.Diagnostics;
using System.Runtime.Intrinsics;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>
/// The most single-precision operations per second that the worker threads reach, in the widest vectors of the processor: what every share of peak refers to.
/// </summary>
internal static class FmaPeak
{
    private const int Chains = 10;

    /// <summary>A run of about a millisecond: what else the machine does then disturbs some of the runs, not all.</summary>
    private const int Steps = 800_000;
    private const double Seconds = 0.5;

    private static readonly Lazy<double> Measured = new(() =>
    {
        using var host = (HostDevice)ComputeDevice.Open("cpu");
        return Measure(host);
    });

    /// <summary>Of the <c>cpu</c> device as it is opened by default, GFLOP/s; measured once.</summary>
    public static double Host => Measured.Value;

    /// <summary>Best of the runs of half a second on all workers, GFLOP/s.</summary>
    public static double Measure(HostDevice host)
    {
        var best = 0.0;
        for (var all = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(all).TotalSeconds < Seconds;)
        {
            var start = Stopwatch.GetTimestamp();
            Run(host);
            best = Math.Max(best, Operations(host) / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    /// <summary>One run.</summary>
    public static void Run(HostDevice host)
    {
        switch (VectorWidth.Widest)
        {
            case 16: host.Workers.Run(host.Workers.Workers, new Body<Simd512, Vector512<float>>()); break;
            case 8: host.Workers.Run(host.Workers.Workers, new Body<Simd256, Vector256<float>>()); break;
            default: host.Workers.Run(host.Workers.Workers, new Body<Simd128, Vector128<float>>()); break;
        }
    }

    /// <summary>Operations of one run.</summary>
    public static double Operations(HostDevice host) => 2.0 * VectorWidth.Widest * Chains * Steps * host.Workers.Workers;

    private readonly struct Body<TSimd, TVector> : IParallelBody where TSimd : struct, ISimd<TVector> where TVector : struct
    {
        /// <summary>Ten independent chains hide the latency of four cycles on two units.</summary>
        public unsafe void Execute(int from, int until, int worker)
        {
            var (factor, term) = (0.999f, 1e-3f);
            for (var i = from; i < until; i++)
            {
                TVector a = TSimd.LoadLeft((byte*)&factor), b = TSimd.LoadLeft((byte*)&term);
                TVector s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b, s8 = b, s9 = b;
                for (var step = 0; step < Steps; step++)
                {
                    s0 = TSimd.MultiplyAdd(s0, a, b);
                    s1 = TSimd.MultiplyAdd(s1, a, b);
                    s2 = TSimd.MultiplyAdd(s2, a, b);
                    s3 = TSimd.MultiplyAdd(s3, a, b);
                    s4 = TSimd.MultiplyAdd(s4, a, b);
                    s5 = TSimd.MultiplyAdd(s5, a, b);
                    s6 = TSimd.MultiplyAdd(s6, a, b);
                    s7 = TSimd.MultiplyAdd(s7, a, b);
                    s8 = TSimd.MultiplyAdd(s8, a, b);
                    s9 = TSimd.MultiplyAdd(s9, a, b);
                }

                var sum = TSimd.Sum(s0) + TSimd.Sum(s1) + TSimd.Sum(s2) + TSimd.Sum(s3) + TSimd.Sum(s4)
                    + TSimd.Sum(s5) + TSimd.Sum(s6) + TSimd.Sum(s7) + TSimd.Sum(s8) + TSimd.Sum(s9);
                if (!float.IsFinite(sum))
                    throw new InvalidOperationException("FmaPeak: the sums are finite by construction.");
            }
        }
    }
}
