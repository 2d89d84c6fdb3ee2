using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Maximum pooling on ILGPU devices: one thread group per row of the tensor that is written, a thread every so many values of it.</summary>
internal sealed class MaxPoolSimt : MaxPoolAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "rows";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PoolingShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in PoolingShape shape, ValueBuffer x, ValueBuffer y, DeviceBuffer<byte> places) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, int, ValueView, ValueView, ArrayView<byte>>(Forward))(
            OutputRows(y.Device.Ilgpu, shape), shape, places.IsNull ? 0 : 1, x.View, y.View, places.View);

    /// <inheritdoc/>
    public override void Backward(in PoolingShape shape, ValueBuffer dy, DeviceBuffer<byte> places, ValueBuffer dx, bool add) =>
        dx.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, int, ValueView, ArrayView<byte>, ValueView>(Backward))(
            RowLaunch.Of(dx.Device.Ilgpu, (long)shape.N * shape.D * shape.H, (long)shape.W * shape.C, nameof(MaxPool)), shape, add ? 1 : 0, dy.View,
            places.View, dx.View);

    /// <inheritdoc/>
    public override void Gather(in PoolingShape shape, ValueBuffer x, DeviceBuffer<byte> places, ValueBuffer y) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, ValueView, ArrayView<byte>, ValueView>(Gather))(
            OutputRows(y.Device.Ilgpu, shape), shape, x.View, places.View, y.View);

    internal static KernelConfig OutputRows(IlgpuDevice device, in PoolingShape shape) =>
        RowLaunch.Of(device, (long)shape.N * shape.OutD * shape.OutH, (long)shape.OutW * shape.C, nameof(MaxPool));

    private static void Forward(PoolingShape shape, int keepsPlaces, ValueView x, ValueView y, ArrayView<byte> places)
    {
        var row = Grid.IdxX;
        var length = shape.OutW * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.C;
            var column = w * shape.WindowW * shape.C + (i - w * shape.C);
            var maximum = x.At(shape.InputRow(row, 0, 0) + column);
            int place = 0, k = 0;
            for (var d = 0; d < shape.WindowD; d++)
            {
                for (var h = 0; h < shape.WindowH; h++)
                {
                    var window = shape.InputRow(row, d, h) + column;
                    for (var v = 0; v < shape.WindowW; v++, k++)
                    {
                        var value = x.At(window + v * shape.C);
                        if (value > maximum || float.IsNaN(value))
                        {
                            maximum = value;
                            place = k;
                        }
                    }
                }
            }

            var target = (long)row * length + i;
            y.Set(target, maximum);
            if (keepsPlaces != 0)
                places[target] = (byte)place;
        }
    }

    private static void Backward(PoolingShape shape, int adds, ValueView dy, ArrayView<byte> places, ValueView dx)
    {
        var row = Grid.IdxX;
        var outputRow = shape.OutputRow(row, out var place);
        var length = shape.W * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.C;
            var ow = w / shape.WindowW;
            var target = (long)row * length + i;
            var value = adds != 0 ? dx.At(target) : 0f;
            if (outputRow >= 0 && ow < shape.OutW)
            {
                var source = ((long)outputRow * shape.OutW + ow) * shape.C + (i - w * shape.C);
                if (places[source] == place + (w - ow * shape.WindowW))
                    value += dy.At(source);
            }

            dx.Set(target, value);
        }
    }

    private static void Gather(PoolingShape shape, ValueView x, ArrayView<byte> places, ValueView y)
    {
        var row = Grid.IdxX;
        var length = shape.OutW * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var target = (long)row * length + i;
            int place = places[target];
            var w = i / shape.C;
            var v = place % shape.WindowW;
            var h = place / shape.WindowW % shape.WindowH;
            var d = place / shape.WindowW / shape.WindowH;
            y.Set(target, x.At(shape.InputRow(row, d, h) + (w * shape.WindowW + v) * shape.C + (i - w * shape.C)));
        }
    }
}
