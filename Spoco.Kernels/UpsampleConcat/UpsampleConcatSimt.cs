using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Resize and concatenation on ILGPU devices: one thread group per row of the tensor that is written.</summary>
internal sealed class UpsampleConcatSimt : UpsampleConcatAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "rows";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in UpsampleShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in UpsampleShape shape, DeviceBuffer<float> skip, DeviceBuffer<float> small, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<UpsampleShape, ArrayView<float>, ArrayView<float>, ArrayView<float>>(Forward))(
            RowLaunch.Of(y.Device.Ilgpu, (long)shape.N * shape.D * shape.H, (long)shape.W * shape.OutputChannels, nameof(UpsampleConcat)),
            shape, skip.View, small.View, y.View);

    /// <inheritdoc/>
    public override void Backward(in UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dskip, DeviceBuffer<float> dsmall)
    {
        dy.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<UpsampleShape, ArrayView<float>, ArrayView<float>>(BackwardSmall))(
            RowLaunch.Of(dy.Device.Ilgpu, (long)shape.N * shape.SmallD * shape.SmallH, (long)shape.SmallW * shape.Channels, nameof(UpsampleConcat)),
            shape, dy.View, dsmall.View);
        if (!dskip.IsNull)
            ChannelSlice.Forward(shape.Output.Voxels, 0, dy, dskip);
    }

    private static void Forward(UpsampleShape shape, ArrayView<float> skip, ArrayView<float> small, ArrayView<float> y)
    {
        var row = Grid.IdxX;
        var smallRow = (long)shape.SmallRow(row) * shape.SmallW;
        var length = shape.W * shape.OutputChannels;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.OutputChannels;
            var c = i - w * shape.OutputChannels - shape.SkipChannels;
            y[(long)row * length + i] = c < 0
                ? skip[((long)row * shape.W + w + 1) * shape.SkipChannels + c]
                : small[(smallRow + w * shape.SmallW / shape.W) * shape.Channels + c];
        }
    }

    private static void BackwardSmall(UpsampleShape shape, ArrayView<float> dy, ArrayView<float> dsmall)
    {
        var row = Grid.IdxX;
        var h = row % shape.SmallH;
        var d = row / shape.SmallH % shape.SmallD;
        var n = row / shape.SmallH / shape.SmallD;
        var firstD = UpsampleShape.First(d, shape.SmallD, shape.D);
        var lastD = UpsampleShape.First(d + 1, shape.SmallD, shape.D);
        var firstH = UpsampleShape.First(h, shape.SmallH, shape.H);
        var lastH = UpsampleShape.First(h + 1, shape.SmallH, shape.H);
        var length = shape.SmallW * shape.Channels;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.Channels;
            var c = i - w * shape.Channels + shape.SkipChannels;
            var firstW = UpsampleShape.First(w, shape.SmallW, shape.W);
            var lastW = UpsampleShape.First(w + 1, shape.SmallW, shape.W);
            var sum = 0f;
            for (var z = firstD; z < lastD; z++)
            {
                for (var v = firstH; v < lastH; v++)
                {
                    var source = (((long)n * shape.D + z) * shape.H + v) * shape.W;
                    for (var u = firstW; u < lastW; u++)
                        sum += dy[(source + u) * shape.OutputChannels + c];
                }
            }

            dsmall[(long)row * length + i] = sum;
        }
    }
}
