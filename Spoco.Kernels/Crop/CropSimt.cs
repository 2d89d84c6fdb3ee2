using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>A box of an image on ILGPU devices: a group takes a row of the box.</summary>
internal sealed class CropSimt : CropAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "rows";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in CropShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Copy(in CropShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static d => d.LoadStreamKernel<CropShape, ArrayView<float>, ArrayView<float>>(Copy))(
            RowLaunch.Of(y.Device.Ilgpu, (long)shape.Box.D * shape.Box.H, (long)shape.Box.W * shape.To.C, nameof(Crop)), shape, x.View, y.View);

    private static void Copy(CropShape shape, ArrayView<float> x, ArrayView<float> y)
    {
        var source = shape.Source(Grid.IdxX);
        var result = shape.Result(Grid.IdxX);
        for (var i = Group.IdxX; i < shape.Box.W * shape.To.C; i += Group.DimX)
            y[result + i] = x[source + i];
    }
}
