using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Resize and concatenation on the host: workers take rows of the tensor they write, voxel by voxel, a register of channels at a time.
/// </summary>
internal sealed unsafe class UpsampleConcatHost : UpsampleConcatAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in UpsampleShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in UpsampleShape shape, DeviceBuffer<float> skip, DeviceBuffer<float> small, DeviceBuffer<float> y) =>
        y.Device.Host.Workers.Run(shape.N * shape.D * shape.H, new ForwardBody(shape, skip.HostAddress, small.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker(shape.W * shape.OutputChannels));

    /// <inheritdoc/>
    public override void Backward(in UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dskip, DeviceBuffer<float> dsmall) =>
        dy.Device.Host.Workers.Run(shape.N * shape.SmallD * shape.SmallH, new BackwardBody(shape, dy.HostAddress, dskip.HostAddress, dsmall.HostAddress),
            RowLaunch.MinimumPerWorker(shape.SmallW * shape.Channels));

    private readonly struct ForwardBody(UpsampleShape shape, float* skip, float* small, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var target = y + (long)row * shape.W * shape.OutputChannels;
                var kept = skip + (long)row * shape.W * shape.SkipChannels;
                var source = small + (long)shape.SmallRow(row) * shape.SmallW * shape.Channels;
                // floor(w SmallW / W), counted up.
                var remainder = 0;
                for (var w = 0; w < shape.W; w++)
                {
                    ChannelSliceHost.Copy(kept, target, shape.SkipChannels);
                    ChannelSliceHost.Copy(source, target + shape.SkipChannels, shape.Channels);
                    kept += shape.SkipChannels;
                    target += shape.OutputChannels;
                    for (remainder += shape.SmallW; remainder >= shape.W; remainder -= shape.W)
                        source += shape.Channels;
                }
            }
        }
    }

    /// <summary>
    /// A row of the small tensor stays in the cache while the output rows that took it are read from end to end, one after the other: dy is read
    /// once, in the order of its addresses. Every output row belongs to one small row, so that the skip tensor's part is complete as well.
    /// </summary>
    private readonly struct BackwardBody(UpsampleShape shape, float* dy, float* dskip, float* dsmall) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var h = row % shape.SmallH;
                var d = row / shape.SmallH % shape.SmallD;
                var n = row / shape.SmallH / shape.SmallD;
                var lastD = UpsampleShape.First(d + 1, shape.SmallD, shape.D);
                var lastH = UpsampleShape.First(h + 1, shape.SmallH, shape.H);
                var target = dsmall + (long)row * shape.SmallW * shape.Channels;
                new Span<float>(target, shape.SmallW * shape.Channels).Clear();
                for (var z = UpsampleShape.First(d, shape.SmallD, shape.D); z < lastD; z++)
                {
                    for (var v = UpsampleShape.First(h, shape.SmallH, shape.H); v < lastH; v++)
                        AddRow((((long)n * shape.D + z) * shape.H + v) * shape.W, target);
                }
            }
        }

        private void AddRow(long voxel, float* target)
        {
            var source = dy + voxel * shape.OutputChannels;
            var kept = dskip is null ? null : dskip + voxel * shape.SkipChannels;
            var remainder = 0;
            for (var w = 0; w < shape.W; w++)
            {
                if (kept is not null)
                {
                    ChannelSliceHost.Copy(source, kept, shape.SkipChannels);
                    kept += shape.SkipChannels;
                }

                source += shape.SkipChannels;
                var c = 0;
                for (; c + Vector<float>.Count <= shape.Channels; c += Vector<float>.Count)
                    (Vector.Load(target + c) + Vector.Load(source + c)).Store(target + c);
                for (; c < shape.Channels; c++)
                    target[c] += source[c];
                source += shape.Channels;
                for (remainder += shape.SmallW; remainder >= shape.W; remainder -= shape.W)
                    target += shape.Channels;
            }
        }
    }
}
