using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>A run of channels on the host: workers take blocks of voxels.</summary>
internal static unsafe class ChannelSliceHost
{
    /// <summary>Voxels of one index of a parallel loop: keeps the number of indices within 32 bits.</summary>
    private const int Block = 256;

    public static void Forward(HostDevice host, long voxels, int channels, int first, int count, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        host.Workers.Run(Blocks(voxels), new ForwardBody(voxels, channels, first, count, x.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker((long)Block * count));

    public static void Backward(HostDevice host, long voxels, int channels, int first, int count, DeviceBuffer<float> dy, DeviceBuffer<float> dx) =>
        host.Workers.Run(Blocks(voxels), new BackwardBody(voxels, channels, first, count, dy.HostAddress, dx.HostAddress),
            RowLaunch.MinimumPerWorker((long)Block * channels));

    /// <summary>Copies the channels of one voxel; the last register overlaps the one before where they do not fill it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(float* source, float* target, int count)
    {
        var lanes = Vector<float>.Count;
        if (count >= lanes)
        {
            for (var c = 0; c < count - lanes; c += lanes)
                Vector.Load(source + c).Store(target + c);
            Vector.Load(source + count - lanes).Store(target + count - lanes);
            return;
        }

        for (var c = 0; c < count; c++)
            target[c] = source[c];
    }

    private static int Blocks(long voxels) => checked((int)((voxels + Block - 1) / Block));

    private readonly struct ForwardBody(long voxels, int channels, int first, int count, float* x, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var last = Math.Min((long)until * Block, voxels);
            for (var v = (long)from * Block; v < last; v++)
                Copy(x + v * channels + first, y + v * count, count);
        }
    }

    private readonly struct BackwardBody(long voxels, int channels, int first, int count, float* dy, float* dx) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var last = Math.Min((long)until * Block, voxels);
            for (var v = (long)from * Block; v < last; v++)
            {
                var target = dx + v * channels;
                new Span<float>(target, first).Clear();
                Copy(dy + v * count, target + first, count);
                new Span<float>(target + first + count, channels - first - count).Clear();
            }
        }
    }
}
