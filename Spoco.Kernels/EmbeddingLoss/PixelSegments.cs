namespace Spoco.Kernels;

/// <summary>
/// The pixels of a batch sorted by cluster (one cluster per image and label), on a device. Sums over a cluster read its pixels in a fixed order,
/// in chunks of one work group each, so that a GPU needs no atomic additions.
/// </summary>
public sealed class PixelSegments : IDisposable
{
    /// <summary>Most pixels of a chunk.</summary>
    public const int ChunkLength = 1024;

    private readonly Holdings _holdings;

    private PixelSegments(Holdings holdings, int clusters, int chunks, DeviceBuffer<int> owners, DeviceBuffer<int> order, DeviceBuffer<int> chunkStarts,
        DeviceBuffer<int> clusterStarts)
    {
        _holdings = holdings;
        Clusters = clusters;
        Chunks = chunks;
        Owners = owners;
        Order = order;
        ChunkStarts = chunkStarts;
        ClusterChunks = clusterStarts;
    }

    /// <summary>Number of clusters of the batch.</summary>
    public int Clusters { get; }

    /// <summary>Number of chunks.</summary>
    public int Chunks { get; }

    /// <summary>Owner of every pixel: the number of its label within its image.</summary>
    public DeviceBuffer<int> Owners { get; }

    /// <summary>Pixels by cluster, ascending within a cluster; empty on the host device, which needs no sorting.</summary>
    public DeviceBuffer<int> Order { get; }

    /// <summary>Where each chunk begins in <see cref="Order"/>, and the end of the last.</summary>
    public DeviceBuffer<int> ChunkStarts { get; }

    /// <summary>First chunk of each cluster, and the end of the last.</summary>
    public DeviceBuffer<int> ClusterChunks { get; }

    /// <summary>First cluster of each image, on the host.</summary>
    internal int[] ImageClusters { get; private init; } = [];

    /// <summary>Copies a sorted batch to a device.</summary>
    /// <param name="device">Where to.</param>
    /// <param name="owners">Owner of every pixel.</param>
    /// <param name="order">Pixels by cluster.</param>
    /// <param name="starts">Where each cluster begins in <paramref name="order"/>, and the end of the last.</param>
    /// <param name="imageClusters">First cluster of each image.</param>
    public static PixelSegments Upload(
        ComputeDevice device, ReadOnlySpan<int> owners, ReadOnlySpan<int> order, ReadOnlySpan<int> starts, int[] imageClusters)
    {
        ArgumentNullException.ThrowIfNull(device);
        var clusters = starts.Length - 1;
        using var holdings = new Holdings();
        var ownersThere = Copy(owners);
        if (device is HostDevice)
            return new PixelSegments(holdings.Share(), clusters, 0, ownersThere, default, default, default) { ImageClusters = imageClusters };
        var chunkStarts = new List<int>();
        var clusterChunks = new int[clusters + 1];
        for (var k = 0; k < clusters; k++)
        {
            clusterChunks[k] = chunkStarts.Count;
            for (var at = starts[k]; at < starts[k + 1]; at += ChunkLength)
                chunkStarts.Add(at);
        }

        clusterChunks[clusters] = chunkStarts.Count;
        chunkStarts.Add(order.Length);
        var (orderThere, chunksThere, clustersThere) =
            (Copy(order), Copy(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(chunkStarts)), Copy(clusterChunks));
        return new PixelSegments(holdings.Share(), clusters, chunkStarts.Count - 1, ownersThere, orderThere, chunksThere, clustersThere)
        {
            ImageClusters = imageClusters,
        };

        DeviceBuffer<int> Copy(ReadOnlySpan<int> values) => holdings.Upload(device, values, nameof(PixelSegments));
    }

    /// <summary>Returns the memory.</summary>
    public void Dispose() => _holdings.Dispose();
}
