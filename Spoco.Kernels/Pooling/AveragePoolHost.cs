using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Average pooling on the host, cut up as <see cref="MaxPoolHost"/>.</summary>
internal sealed unsafe class AveragePoolHost : AveragePoolAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PoolingShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        y.Device.Host.Workers.Run(shape.N * shape.OutD * shape.OutH, new ForwardBody(shape, x.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker(shape.OutW * shape.C * shape.Window));

    /// <inheritdoc/>
    public override void Backward(in PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dx) =>
        dx.Device.Host.Workers.Run(shape.N * shape.D * shape.H, new BackwardBody(shape, dy.HostAddress, dx.HostAddress),
            RowLaunch.MinimumPerWorker(shape.W * shape.C));

    private readonly struct ForwardBody(PoolingShape shape, float* x, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var offsets = stackalloc long[PoolingShape.MaximumWindow];
            MaxPoolHost.WindowOffsets(shape, offsets);
            var share = 1f / shape.Window;
            var target = y + (long)from * shape.OutW * shape.C;
            for (var row = from; row < until; row++)
            {
                var window = x + shape.InputRow(row, 0, 0);
                for (var w = 0; w < shape.OutW; w++, window += shape.WindowW * shape.C, target += shape.C)
                {
                    var c = 0;
                    for (; c + Vector<float>.Count <= shape.C; c += Vector<float>.Count)
                    {
                        var sum = Vector.Load(window + c);
                        for (var k = 1; k < shape.Window; k++)
                            sum += Vector.Load(window + offsets[k] + c);
                        (sum * share).Store(target + c);
                    }

                    for (; c < shape.C; c++)
                    {
                        var sum = window[c];
                        for (var k = 1; k < shape.Window; k++)
                            sum += window[offsets[k] + c];
                        target[c] = sum * share;
                    }
                }
            }
        }
    }

    private readonly struct BackwardBody(PoolingShape shape, float* dy, float* dx) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var share = 1f / shape.Window;
            for (var row = from; row < until; row++)
            {
                var target = dx + (long)row * shape.W * shape.C;
                var end = target + (long)shape.W * shape.C;
                var outputRow = shape.OutputRow(row, out _);
                if (outputRow >= 0)
                {
                    var source = dy + (long)outputRow * shape.OutW * shape.C;
                    for (var w = 0; w < shape.OutW; w++, source += shape.C)
                    {
                        for (var k = 0; k < shape.WindowW; k++, target += shape.C)
                        {
                            var c = 0;
                            for (; c + Vector<float>.Count <= shape.C; c += Vector<float>.Count)
                                (Vector.Load(source + c) * share).Store(target + c);
                            for (; c < shape.C; c++)
                                target[c] = source[c] * share;
                        }
                    }
                }

                new Span<float>(target, (int)(end - target)).Clear();
            }
        }
    }
}
