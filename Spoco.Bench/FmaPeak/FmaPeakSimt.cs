using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Multiply-adds on ILGPU devices: as many threads as are there at once, 128 times, which takes some tenths of a millisecond.</summary>
internal sealed class FmaPeakSimt : FmaPeakAlgorithm
{
    private const int Chains = 8;
    private const int Steps = 8;
    private const int Rounds = 4;
    private const int GroupThreads = 256;
    private const int GroupsPerMultiprocessor = 2048 / GroupThreads * 128;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ValueTuple shape) => !device.OnHost;

    /// <inheritdoc/>
    public override long Threads(ComputeDevice device) => (long)Groups(device) * GroupSize(device);

    /// <inheritdoc/>
    public override double Operations(ComputeDevice device) => 2.0 * Chains * Steps * Rounds * Threads(device);

    /// <inheritdoc/>
    public override void Run(ComputeDevice device, DeviceBuffer<float> sums) =>
        device.Ilgpu.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, float, float>(MultiplyKernel))(
            (Groups(device), GroupSize(device)), sums.View, 0.999f, 1e-3f);

    private static int GroupSize(ComputeDevice device) => Math.Min(GroupThreads, device.Capabilities.GroupThreads);

    /// <summary>The simulator computes one thread after another.</summary>
    private static int Groups(ComputeDevice device) =>
        device.Kind == DeviceKind.IlgpuCpu ? 1 : device.Ilgpu.Accelerator.NumMultiprocessors * GroupsPerMultiprocessor;

    /// <summary>Independent chains hide the latency of one another. Short, so that compilers for processors unroll all of it and make vectors of threads.</summary>
    private static void MultiplyKernel(ArrayView<float> sums, float factor, float term)
    {
        float s0 = term, s1 = term + 1, s2 = term + 2, s3 = term + 3, s4 = term + 4, s5 = term + 5, s6 = term + 6, s7 = term + 7;
        for (var round = 0; round < Rounds; round++)
        {
            s0 = Chain(s0, factor, term);
            s1 = Chain(s1, factor, term);
            s2 = Chain(s2, factor, term);
            s3 = Chain(s3, factor, term);
            s4 = Chain(s4, factor, term);
            s5 = Chain(s5, factor, term);
            s6 = Chain(s6, factor, term);
            s7 = Chain(s7, factor, term);
        }

        sums[Grid.GlobalLinearIndex] = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
    }

    /// <summary><see cref="Steps"/> multiply-adds, one after another.</summary>
    private static float Chain(float s, float factor, float term)
    {
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        return s * factor + term;
    }
}
