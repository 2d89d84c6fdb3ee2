using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Resize and concatenation on the host: workers take rows of the tensor they write, voxel by voxel, a register of channels at a time.</summary>
internal static unsafe class UpsampleConcatHost
{
    public static void Forward(HostDevice host, UpsampleShape shape, DeviceBuffer<float> skip, DeviceBuffer<float> small, DeviceBuffer<float> y) =>
        host.Workers.Run(shape.N * shape.D * shape.H, new ForwardBody(shape, skip.HostAddress, small.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker(shape.W * shape.OutputChannels));

    public static void BackwardSmall(HostDevice host, UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dsmall) =>
        host.Workers.Run(shape.N * shape.SmallD * shape.SmallH, new BackwardBody(shape, dy.HostAddress, dsmall.HostAddress),
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

    private readonly struct BackwardBody(UpsampleShape shape, float* dy, float* dsmall) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var target = dsmall + (long)from * shape.SmallW * shape.Channels;
            for (var row = from; row < until; row++)
            {
                var h = row % shape.SmallH;
                var d = row / shape.SmallH % shape.SmallD;
                var n = row / shape.SmallH / shape.SmallD;
                var lastD = UpsampleShape.First(d + 1, shape.SmallD, shape.D);
                var firstH = UpsampleShape.First(h, shape.SmallH, shape.H);
                var lastH = UpsampleShape.First(h + 1, shape.SmallH, shape.H);
                var firstW = 0;
                for (var w = 0; w < shape.SmallW; w++, target += shape.Channels)
                {
                    var lastW = UpsampleShape.First(w + 1, shape.SmallW, shape.W);
                    var isFirst = true;
                    for (var z = UpsampleShape.First(d, shape.SmallD, shape.D); z < lastD; z++)
                    {
                        for (var v = firstH; v < lastH; v++)
                        {
                            var source = dy + ((((long)n * shape.D + z) * shape.H + v) * shape.W + firstW) * shape.OutputChannels + shape.SkipChannels;
                            if (firstW == lastW)
                                continue;
                            SumRun(source, lastW - firstW, target, isFirst);
                            isFirst = false;
                        }
                    }

                    if (isFirst)
                        new Span<float>(target, shape.Channels).Clear();
                    firstW = lastW;
                }
            }
        }

        /// <summary>Adds <paramref name="count"/> voxels of one row to the target, or begins it with them.</summary>
        private void SumRun(float* source, int count, float* target, bool begins)
        {
            var c = 0;
            for (; c + Vector<float>.Count <= shape.Channels; c += Vector<float>.Count)
            {
                var sum = begins ? Vector<float>.Zero : Vector.Load(target + c);
                for (var i = 0; i < count; i++)
                    sum += Vector.Load(source + (long)i * shape.OutputChannels + c);
                sum.Store(target + c);
            }

            for (; c < shape.Channels; c++)
            {
                var sum = begins ? 0 : target[c];
                for (var i = 0; i < count; i++)
                    sum += source[(long)i * shape.OutputChannels + c];
                target[c] = sum;
            }
        }
    }
}
