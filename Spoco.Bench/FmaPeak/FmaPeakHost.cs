using System.Runtime.Intrinsics;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>Multiply-adds on all workers of the host, in the widest vectors of the processor.</summary>
internal sealed class FmaPeakHost : FmaPeakAlgorithm
{
    private const int Chains = 10;

    /// <summary>A run of about a millisecond: what else the machine does then disturbs some of the runs, not all.</summary>
    private const int Steps = 800_000;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ValueTuple shape) => device.OnHost;

    /// <inheritdoc/>
    public override long Threads(ComputeDevice device) => 0;

    /// <inheritdoc/>
    public override double Operations(ComputeDevice device) => 2.0 * VectorWidth.Widest * Chains * Steps * device.Host.Workers.Workers;

    /// <inheritdoc/>
    public override void Run(ComputeDevice device, DeviceBuffer<float> sums)
    {
        var workers = device.Host.Workers;
        switch (VectorWidth.Widest)
        {
            case 16: workers.Run(workers.Workers, new Body<Simd512, Vector512<float>>()); break;
            case 8: workers.Run(workers.Workers, new Body<Simd256, Vector256<float>>()); break;
            default: workers.Run(workers.Workers, new Body<Simd128, Vector128<float>>()); break;
        }
    }

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
