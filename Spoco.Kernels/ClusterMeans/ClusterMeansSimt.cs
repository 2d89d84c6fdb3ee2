using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Means of clusters on ILGPU devices: a group sums a chunk of a cluster's pixels, a last kernel adds the chunks in their order.</summary>
internal sealed class ClusterMeansSimt : ClusterMeansAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "chunks";

    /// <inheritdoc/>
    public override bool NeedsOrder => true;

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> means)
    {
        var gpu = means.Device.Ilgpu;
        var partials = gpu.Allocate<float>((long)segments.Chunks * layout.Channels, nameof(ClusterMeans));
        using var memory = partials.Memory;
        gpu.Kernel(static d => d.LoadStreamKernel<EmbeddingLayout, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>>(ChunkSums))(
            (segments.Chunks, GroupSum.Size(gpu)), layout, embeddings.View, segments.Order.View, segments.ChunkStarts.View, partials.View);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<int>, ArrayView<int>, int, ArrayView<float>>(AddChunks))(
            IlgpuDevice.Extent(means.Length, nameof(ClusterMeans)), partials.View, segments.ClusterChunks.View, segments.Counts.View, layout.Channels, means.View);
    }

    /// <summary>One group per chunk; threads side by side take the channels of one pixel, groups of threads every n-th pixel.</summary>
    private static void ChunkSums(EmbeddingLayout layout, ArrayView<float> embeddings, ArrayView<int> order, ArrayView<int> starts,
        ArrayView<float> partials)
    {
        var lanes = XMath.Min(layout.Channels, Group.DimX);
        var parts = Group.DimX / lanes;
        var lane = Group.IdxX % lanes;
        var part = Group.IdxX / lanes;
        var until = starts[Grid.IdxX + 1];
        for (var first = 0; first < layout.Channels; first += lanes)
        {
            var c = first + lane;
            var sum = 0f;
            if (part < parts && c < layout.Channels)
            {
                for (var i = starts[Grid.IdxX] + part; i < until; i += parts)
                    sum += embeddings[(long)order[i] * layout.PixelStride + layout.ChannelOffset + c];
            }

            sum = GroupReduction.ToFirstLane(sum, part, parts, lanes, default(NumberSum));
            if (part == 0 && c < layout.Channels)
                partials[(long)Grid.IdxX * layout.Channels + c] = sum;
            Group.Barrier();
        }
    }

    /// <summary>One thread per component of a cluster's mean.</summary>
    private static void AddChunks(
        Index1D i, ArrayView<float> partials, ArrayView<int> clusterChunks, ArrayView<int> counts, int channels, ArrayView<float> means)
    {
        var cluster = i.X / channels;
        var first = clusterChunks[cluster];
        means[i] = GroupSum.Compensated(partials, (long)first * channels + i.X % channels, channels, clusterChunks[cluster + 1] - first) / counts[cluster];
    }
}
