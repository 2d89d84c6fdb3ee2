using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Spatial dropout on ILGPU devices: one thread per value.</summary>
internal sealed class DropoutSimt : DropoutAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "values";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Apply(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y, float probability, ulong seed) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, int, float, ulong, ArrayView<float>, ArrayView<float>>(Apply))(
            IlgpuDevice.Extent(shape.Count, nameof(Dropout)), shape.C, checked((int)(shape.VoxelsPerImage * shape.C)), probability, seed, x.View, y.View);

    private static void Apply(
        Index1D i, int channels, int valuesPerImage, float probability, ulong seed, ArrayView<float> x, ArrayView<float> y) =>
        y[i] = Dropout.Scale(seed, i.X / valuesPerImage * channels + i.X % channels, probability) * x[i];
}
