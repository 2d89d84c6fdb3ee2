using System.Numerics;
using System.Runtime.InteropServices;

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
    /// <param name="imageClusters">First cluster of each image, and the end of the last.</param>
    /// <exception cref="ArgumentException">An owner, a pixel or a start is out of range: kernels index with them.</exception>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public static PixelSegments Upload(
        ComputeDevice device, ReadOnlySpan<int> owners, ReadOnlySpan<int> order, ReadOnlySpan<int> starts, int[] imageClusters)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(imageClusters);
        Check(owners, order, starts, imageClusters);
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
            (Copy(order), Copy(CollectionsMarshal.AsSpan(chunkStarts)), Copy(clusterChunks));
        return new PixelSegments(holdings.Share(), clusters, chunkStarts.Count - 1, ownersThere, orderThere, chunksThere, clustersThere)
        {
            ImageClusters = imageClusters,
        };

        DeviceBuffer<int> Copy(ReadOnlySpan<int> values) => holdings.Upload(device, values, nameof(PixelSegments));
    }

    /// <summary>Returns the memory.</summary>
    public void Dispose() => _holdings.Dispose();

    private static void Check(ReadOnlySpan<int> owners, ReadOnlySpan<int> order, ReadOnlySpan<int> starts, int[] imageClusters)
    {
        var images = imageClusters.Length - 1;
        if (images < 1 || owners.Length % images != 0 || order.Length != owners.Length || imageClusters[0] != 0 || imageClusters[^1] != starts.Length - 1
            || starts[0] != 0 || starts[^1] != order.Length || !Ascends(starts) || !Ascends(imageClusters) || Largest(order) >= order.Length)
            throw new ArgumentException($"PixelSegments: {owners.Length} pixels, {order.Length} of them in order, {starts.Length} starts and {images} images do not fit each other.");
        var pixels = owners.Length / images;
        for (var n = 0; n < images; n++)
        {
            if (Largest(owners.Slice(n * pixels, pixels)) is var largest && largest >= imageClusters[n + 1] - imageClusters[n])
                throw new ArgumentException($"PixelSegments: owner {(int)largest} in image {n}, which has {imageClusters[n + 1] - imageClusters[n]} clusters.");
        }
    }

    private static bool Ascends(ReadOnlySpan<int> values)
    {
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] < values[i - 1])
                return false;
        }

        return true;
    }

    /// <summary>The largest of the values as they are without a sign: a negative one is larger than all others.</summary>
    private static uint Largest(ReadOnlySpan<int> values)
    {
        var numbers = MemoryMarshal.Cast<int, uint>(values);
        var (several, largest, i) = (Vector<uint>.Zero, 0u, 0);
        for (; i <= numbers.Length - Vector<uint>.Count; i += Vector<uint>.Count)
            several = Vector.Max(several, new Vector<uint>(numbers[i..]));
        for (var lane = 0; lane < Vector<uint>.Count; lane++)
            largest = Math.Max(largest, several[lane]);
        for (; i < numbers.Length; i++)
            largest = Math.Max(largest, numbers[i]);
        return largest;
    }
}
