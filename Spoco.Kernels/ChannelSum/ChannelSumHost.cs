using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Sums over voxels on the host: as many parts for any number of workers, each a contiguous range of voxels.</summary>
internal sealed unsafe class ChannelSumHost : ChannelSumAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum)
    {
        var (host, channels) = (sum.Device.Host, shape.C);
        // A line of distance keeps the parts out of each other's cache lines.
        var parts = (int)Math.Min(PartSums.Parts, shape.Voxels);
        var stride = 2 * channels + HostDevice.Alignment / sizeof(float);
        using var memory = host.Allocate<float>((long)parts * stride, nameof(ChannelSum)).Memory;
        var sums = (float*)memory.Block.Pointer;
        host.Workers.RunPieces(parts, new ColumnSums(x.HostAddress, shape.Voxels, channels, parts, sums, stride));
        sum.Clear();
        for (var part = 0; part < parts; part++)
            Add(sum.HostAddress, sums + (long)part * stride, channels);
    }

    private static void Add(float* sum, float* values, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
            (Unsafe.Read<Vector<float>>(sum + i) + Unsafe.Read<Vector<float>>(values + i)).Store(sum + i);
        for (; i < count; i++)
            sum[i] += values[i];
    }

    /// <summary>Each index sums one contiguous part of the voxels, in blocks, so that rounding does not grow with their number.</summary>
    private readonly struct ColumnSums(float* x, long voxels, int channels, int parts, float* sums, int stride) : IParallelBody
    {
        private const int Block = 256;

        public void Execute(int from, int until, int worker)
        {
            for (var part = from; part < until; part++)
            {
                var sum = sums + (long)part * stride;
                var block = sum + channels;
                new Span<float>(sum, channels).Clear();
                var last = voxels * (part + 1) / parts;
                for (var start = voxels * part / parts; start < last; start += Block)
                {
                    new Span<float>(block, channels).Clear();
                    for (var v = start; v < Math.Min(start + Block, last); v++)
                        Add(block, x + v * channels, channels);
                    Add(sum, block, channels);
                }
            }
        }
    }
}
