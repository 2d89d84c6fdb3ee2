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
    public override void Forward(in PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<byte> places) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, int, ArrayView<float>, ArrayView<float>, ArrayView<byte>>(Forward))(
            OutputRows(y.Device.Ilgpu, shape), shape, places.IsNull ? 0 : 1, x.View, y.View, places.View);

    /// <inheritdoc/>
    public override void Backward(in PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<byte> places, DeviceBuffer<float> dx, bool add) =>
        dx.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, int, ArrayView<float>, ArrayView<byte>, ArrayView<float>>(Backward))(
            RowLaunch.Of(dx.Device.Ilgpu, (long)shape.N * shape.D * shape.H, (long)shape.W * shape.C, nameof(MaxPool)), shape, add ? 1 : 0, dy.View,
            places.View, dx.View);

    /// <inheritdoc/>
    public override void Gather(in PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<byte> places, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, ArrayView<float>, ArrayView<byte>, ArrayView<float>>(Gather))(
            OutputRows(y.Device.Ilgpu, shape), shape, x.View, places.View, y.View);

    internal static KernelConfig OutputRows(IlgpuDevice device, in PoolingShape shape) =>
        RowLaunch.Of(device, (long)shape.N * shape.OutD * shape.OutH, (long)shape.OutW * shape.C, nameof(MaxPool));

    private static void Forward(PoolingShape shape, int keepsPlaces, ArrayView<float> x, ArrayView<float> y, ArrayView<byte> places)
    {
        var row = Grid.IdxX;
        var length = shape.OutW * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.C;
            var column = w * shape.WindowW * shape.C + (i - w * shape.C);
            var maximum = x[shape.InputRow(row, 0, 0) + column];
            int place = 0, k = 0;
            for (var d = 0; d < shape.WindowD; d++)
            {
                for (var h = 0; h < shape.WindowH; h++)
                {
                    var window = shape.InputRow(row, d, h) + column;
                    for (var v = 0; v < shape.WindowW; v++, k++)
                    {
                        var value = x[window + v * shape.C];
                        if (value > maximum || float.IsNaN(value))
                        {
                            maximum = value;
                            place = k;
                        }
                    }
                }
            }

            var target = (long)row * length + i;
            y[target] = maximum;
            if (keepsPlaces != 0)
                places[target] = (byte)place;
        }
    }

    private static void Backward(PoolingShape shape, int adds, ArrayView<float> dy, ArrayView<byte> places, ArrayView<float> dx)
    {
        var row = Grid.IdxX;
        var outputRow = shape.OutputRow(row, out var place);
        var length = shape.W * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.C;
            var ow = w / shape.WindowW;
            var target = (long)row * length + i;
            var value = adds != 0 ? dx[target] : 0f;
            if (outputRow >= 0 && ow < shape.OutW)
            {
                var source = ((long)outputRow * shape.OutW + ow) * shape.C + (i - w * shape.C);
                if (places[source] == place + (w - ow * shape.WindowW))
                    value += dy[source];
            }

            dx[target] = value;
        }
    }

    private static void Gather(PoolingShape shape, ArrayView<float> x, ArrayView<byte> places, ArrayView<float> y)
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
            y[target] = x[shape.InputRow(row, d, h) + (w * shape.WindowW + v) * shape.C + (i - w * shape.C)];
        }
    }
}
