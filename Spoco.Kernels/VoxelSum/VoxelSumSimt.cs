using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Sums over channels on ILGPU devices: one thread per voxel.</summary>
internal sealed class VoxelSumSimt : VoxelSumAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "voxels";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum) =>
        sum.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int, ArrayView<float>>(Sum))(
            IlgpuDevice.Extent(shape.Voxels, nameof(VoxelSum)), x.View, shape.C, sum.View);

    private static void Sum(Index1D i, ArrayView<float> x, int channels, ArrayView<float> sum) =>
        sum[i] = GroupSum.Compensated(x, (long)i.X * channels, 1, channels);
}
