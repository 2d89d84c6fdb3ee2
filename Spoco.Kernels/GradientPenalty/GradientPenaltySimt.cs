using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The gradient penalty on ILGPU devices: one thread group per image.</summary>
internal sealed class GradientPenaltySimt : GradientPenaltyAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long values) => !device.OnHost;

    /// <inheritdoc/>
    public override void Mix(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> epsilon, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
            MixKernel))(IlgpuDevice.Extent(y.Length, nameof(GradientPenalty)), (int)(y.Length / epsilon.Length), a.View, b.View, epsilon.View, y.View);

    /// <inheritdoc/>
    public override void Direction(DeviceBuffer<float> gradient, DeviceBuffer<float> norms, DeviceBuffer<float> direction, float factor)
    {
        var device = gradient.Device.Ilgpu;
        device.Kernel(static d => d.LoadStreamKernel<int, float, ArrayView<float>, ArrayView<float>, ArrayView<float>>(DirectionKernel))(
            (IlgpuDevice.Extent(norms.Length, nameof(GradientPenalty)), GroupSum.Size(device)),
            IlgpuDevice.Extent(gradient.Length / norms.Length, nameof(GradientPenalty)), factor, gradient.View, norms.View, direction.View);
    }

    private static void MixKernel(
        Index1D i, int length, ArrayView<float> a, ArrayView<float> b, ArrayView<float> epsilon, ArrayView<float> y)
    {
        var e = epsilon[i / length];
        y[i] = e * a[i] + (1 - e) * b[i];
    }

    private static void DirectionKernel(int length, float factor, ArrayView<float> gradient, ArrayView<float> norms, ArrayView<float> direction)
    {
        var first = (long)Grid.IdxX * length;
        var t = Group.IdxX;
        var sum = 0f;
        for (var i = t; i < length; i += Group.DimX)
            sum += gradient[first + i] * gradient[first + i];
        var norm = XMath.Sqrt(GroupReduction.ToAll(sum, default(NumberSum)));
        if (t == 0)
            norms[Grid.IdxX] = norm;
        var scale = norm > 0 ? 2 * factor * (norm - 1) / norm : 0f;
        for (var i = t; i < length; i += Group.DimX)
            direction[first + i] = scale * gradient[first + i];
    }
}
