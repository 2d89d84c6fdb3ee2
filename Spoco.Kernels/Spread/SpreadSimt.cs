using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Spreading on ILGPU devices: one thread per element.</summary>
internal sealed class SpreadSimt : SpreadAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "elements";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void OverVoxels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int, ArrayView<float>>(Channel))(
            IlgpuDevice.Extent(y.Length, nameof(Spread)), values.View, shape.C, y.View);

    /// <inheritdoc/>
    public override void OverChannels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int, ArrayView<float>>(Voxel))(
            IlgpuDevice.Extent(y.Length, nameof(Spread)), values.View, shape.C, y.View);

    private static void Channel(Index1D i, ArrayView<float> values, int channels, ArrayView<float> y) => y[i] = values[i % channels];

    private static void Voxel(Index1D i, ArrayView<float> values, int channels, ArrayView<float> y) => y[i] = values[i / channels];
}
