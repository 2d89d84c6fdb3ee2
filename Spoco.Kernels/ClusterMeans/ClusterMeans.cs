namespace Spoco.Kernels.Primitives;

/// <summary>Means of the embeddings over the pixels of every cluster. Sums have a fixed order: same device, same bits, with any number of threads.</summary>
internal static class ClusterMeans
{
    internal static readonly Chooser<ClusterMeansAlgorithm, EmbeddingLayout> Chooser = new(nameof(ClusterMeans), new ClusterMeansHost(), new ClusterMeansSimt());

    /// <summary>means[k, :] = 1 / N_k sum of e_i over the N_k pixels of cluster k.</summary>
    /// <param name="layout">Layout of the embeddings.</param>
    /// <param name="embeddings">e.</param>
    /// <param name="segments">The pixels of every cluster.</param>
    /// <param name="means">[clusters, E], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the clusters say, or lies on another device.</exception>
    public static void Forward(EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> means)
    {
        ArgumentNullException.ThrowIfNull(segments);
        layout.Require(nameof(ClusterMeans));
        new Arguments(nameof(ClusterMeans), means.Device).Need(embeddings, layout.Elements, "the embeddings")
            .Need(segments.Owners, layout.Count, "the labels").Need(means, (long)segments.Clusters * layout.Channels, "the means");
        Chooser.For(means.Device, layout).Forward(layout, embeddings, segments, means);
    }

    /// <summary>Whether the pixels have to be sorted by cluster on a device.</summary>
    internal static bool NeedsOrder(ComputeDevice device) => Chooser.For(device, default).NeedsOrder;
}
