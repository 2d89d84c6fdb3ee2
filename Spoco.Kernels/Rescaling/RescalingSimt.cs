using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Rescaling on ILGPU devices: one thread per value.</summary>
internal sealed class RescalingSimt : RescalingAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "threads";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long values) => !device.OnHost;

    /// <inheritdoc/>
    public override void Apply(DeviceBuffer<float> y, DeviceBuffer<float> factor) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(Scale))(
            IlgpuDevice.Extent(y.Length, nameof(Rescaling)), factor.View, y.View);

    private static void Scale(Index1D i, ArrayView<float> factor, ArrayView<float> y)
    {
        if (factor[0] != 1)
            y[i] *= factor[0];
    }
}
