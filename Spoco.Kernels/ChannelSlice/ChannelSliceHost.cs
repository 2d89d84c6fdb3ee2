using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>A run of channels on the host: workers take blocks of voxels.</summary>
internal sealed unsafe class ChannelSliceHost : ChannelSliceAlgorithm
{
    /// <summary>Voxels of one index of a parallel loop: keeps the number of indices within 32 bits.</summary>
    private const int Block = 256;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ChannelRun run) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in ChannelRun run, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        y.Device.Host.Workers.Run(Blocks(run.Voxels), new ForwardBody(run, x.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker((long)Block * run.Count));

    /// <inheritdoc/>
    public override void Backward(in ChannelRun run, DeviceBuffer<float> dy, DeviceBuffer<float> dx) =>
        dx.Device.Host.Workers.Run(Blocks(run.Voxels), new BackwardBody(run, dy.HostAddress, dx.HostAddress),
            RowLaunch.MinimumPerWorker((long)Block * run.Channels));

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

    private readonly struct ForwardBody(ChannelRun run, float* x, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var (voxels, channels, first, count) = run;
            var last = Math.Min((long)until * Block, voxels);
            for (var v = (long)from * Block; v < last; v++)
                Copy(x + v * channels + first, y + v * count, count);
        }
    }

    private readonly struct BackwardBody(ChannelRun run, float* dy, float* dx) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var (voxels, channels, first, count) = run;
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
