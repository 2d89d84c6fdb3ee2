using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Average pooling on ILGPU devices, cut up as <see cref="MaxPoolSimt"/>.</summary>
internal sealed class AveragePoolSimt : AveragePoolAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "rows";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PoolingShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        y.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, ArrayView<float>, ArrayView<float>>(Forward))(
            MaxPoolSimt.OutputRows(y.Device.Ilgpu, shape), shape, x.View, y.View);

    /// <inheritdoc/>
    public override void Backward(in PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dx) =>
        dx.Device.Ilgpu.Kernel(static a => a.LoadStreamKernel<PoolingShape, ArrayView<float>, ArrayView<float>>(Backward))(
            RowLaunch.Of(dx.Device.Ilgpu, (long)shape.N * shape.D * shape.H, (long)shape.W * shape.C, nameof(AveragePool)), shape, dy.View, dx.View);

    private static void Forward(PoolingShape shape, ArrayView<float> x, ArrayView<float> y)
    {
        var row = Grid.IdxX;
        var length = shape.OutW * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.C;
            var column = w * shape.WindowW * shape.C + (i - w * shape.C);
            var sum = 0f;
            for (var d = 0; d < shape.WindowD; d++)
            {
                for (var h = 0; h < shape.WindowH; h++)
                {
                    var window = shape.InputRow(row, d, h) + column;
                    for (var v = 0; v < shape.WindowW; v++)
                        sum += x[window + v * shape.C];
                }
            }

            y[(long)row * length + i] = sum * (1f / shape.Window);
        }
    }

    private static void Backward(PoolingShape shape, ArrayView<float> dy, ArrayView<float> dx)
    {
        var row = Grid.IdxX;
        var outputRow = shape.OutputRow(row, out _);
        var length = shape.W * shape.C;
        for (var i = Group.IdxX; i < length; i += Group.DimX)
        {
            var w = i / shape.C;
            var ow = w / shape.WindowW;
            dx[(long)row * length + i] = outputRow >= 0 && ow < shape.OutW
                ? dy[((long)outputRow * shape.OutW + ow) * shape.C + (i - w * shape.C)] * (1f / shape.Window)
                : 0f;
        }
    }
}
