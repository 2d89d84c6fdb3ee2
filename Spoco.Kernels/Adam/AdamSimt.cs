using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Adam on ILGPU devices: one thread per parameter.</summary>
internal sealed class AdamSimt : AdamAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "parameters";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long count) => !device.OnHost;

    /// <inheritdoc/>
    public override void Step(
        DeviceBuffer<float> parameters, DeviceBuffer<float> gradients, DeviceBuffer<float> firstMoment, DeviceBuffer<float> secondMoment,
        DeviceBuffer<float> follower, in AdamFactors factors, bool clearGradients, DeviceBuffer<int> findings) =>
        parameters.Device.Ilgpu.Kernel(static a =>
            a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
                AdamFactors, int, int, ArrayView<int>>(Step))(
            IlgpuDevice.Extent(parameters.Length, nameof(Adam)), parameters.View, gradients.View, firstMoment.View, secondMoment.View,
            follower.View, factors, clearGradients ? 1 : 0, follower.IsNull ? 0 : 1, findings.View);

    private static void Step(
        Index1D i, ArrayView<float> p, ArrayView<float> g, ArrayView<float> m, ArrayView<float> v, ArrayView<float> q, AdamFactors f, int clear, int follow,
        ArrayView<int> findings)
    {
        var found = 0;
        for (var k = 0; k < findings.IntLength; k++)
            found |= findings[k];
        if (found != 0)
            return;
        var parameter = p[i];
        var gradient = g[i] + f.Decay * parameter;
        var first = f.Beta1 * m[i] + f.OneMinusBeta1 * gradient;
        var second = f.Beta2 * v[i] + f.OneMinusBeta2 * (gradient * gradient);
        m[i] = first;
        v[i] = second;
        parameter -= f.Rate * (first / (XMath.Sqrt(second) * f.Root + f.Epsilon));
        p[i] = parameter;
        if (follow != 0)
            q[i] = f.Follow.Apply(q[i], parameter);
        if (clear != 0)
            g[i] = 0;
    }
}
