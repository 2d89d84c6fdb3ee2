using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Means of clusters on the host: runs of pixels of one owner are added, single precision within a run and double precision beyond, per part.</summary>
internal sealed unsafe class ClusterMeansHost : ClusterMeansAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool NeedsOrder => false;

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> means)
    {
        var host = means.Device.Host;
        using var memory = host.Workspace(PartSums.Parts * means.Length * sizeof(double));
        var partials = PartSums.Cleared(memory, PartSums.Parts * means.Length);
        fixed (int* imageClusters = segments.ImageClusters)
        {
            PartSums.Run(host, EmbeddingTile.CountOf(layout), new Body(
                layout, embeddings.HostAddress, segments.Owners.HostAddress, imageClusters, partials, means.Length));
        }

        PartSums.Add(partials, means.Length);
        for (long i = 0; i < means.Length; i++)
            means.HostAddress[i] = (float)(partials[i] / segments.Counts.HostAddress[i / layout.Channels]);
    }

    /// <summary>Adds runs of pixels of one owner, a register of channels at a time.</summary>
    private readonly struct Body(EmbeddingLayout layout, float* embeddings, int* owners, int* imageClusters, double* partials, long length)
        : IPartBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int part, int worker)
        {
            var sums = partials + part * length;
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                var labels = owners + tile.First;
                for (var first = 0; first < tile.Count;)
                {
                    var last = first + 1;
                    while (last < tile.Count && labels[last] == labels[first])
                        last++;
                    var pixels = embeddings + (tile.First + first) * layout.PixelStride + layout.ChannelOffset;
                    AddRun(pixels, last - first, sums + (long)(imageClusters[tile.Image] + labels[first]) * layout.Channels);
                    first = last;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void AddRun(float* pixels, int count, double* sums)
        {
            var c = 0;
            for (; c + Vector<float>.Count <= layout.Channels; c += Vector<float>.Count)
            {
                var s = Vector<float>.Zero;
                for (var p = 0; p < count; p++)
                    s += PixelTile.Read(pixels + (long)p * layout.PixelStride + c);
                for (var lane = 0; lane < Vector<float>.Count; lane++)
                    sums[c + lane] += s[lane];
            }

            for (; c < layout.Channels; c++)
            {
                for (var p = 0; p < count; p++)
                    sums[c] += pixels[(long)p * layout.PixelStride + c];
            }
        }
    }
}
