using System.Numerics;
using System.Runtime.InteropServices;

namespace Spoco.Kernels;

/// <summary>
/// The pixels of a batch sorted by cluster (one cluster per image and label), on a device. Sums over a cluster read its pixels in a fixed order,
/// in chunks of one work group each, so that a GPU needs no atomic additions.
/// </summary>
internal sealed class PixelSegments : IDisposable
{
    /// <summary>Most pixels of a chunk.</summary>
    public const int ChunkLength = 1024;

    private readonly Holdings _holdings;

    private PixelSegments(Holdings holdings, int[] imageClusters, DeviceBuffer<int> owners, DeviceBuffer<int> counts)
    {
        _holdings = holdings;
        ImageClusters = imageClusters;
        Owners = owners;
        Counts = counts;
    }

    /// <summary>Number of clusters of the batch.</summary>
    public int Clusters => (int)Counts.Length;

    /// <summary>Number of chunks.</summary>
    public int Chunks => ChunkStarts.IsNull ? 0 : (int)ChunkStarts.Length - 1;

    /// <summary>Owner of every pixel: the number of its label within its image.</summary>
    public DeviceBuffer<int> Owners { get; }

    /// <summary>Number of pixels of every cluster.</summary>
    public DeviceBuffer<int> Counts { get; }

    /// <summary>Pixels by cluster, ascending within a cluster; null on a device that needs no sorting (<see cref="Primitives.ClusterMeans"/>).</summary>
    public DeviceBuffer<int> Order { get; private init; }

    /// <summary>Where each chunk begins in <see cref="Order"/>, and the end of the last; null as that.</summary>
    public DeviceBuffer<int> ChunkStarts { get; private init; }

    /// <summary>First chunk of each cluster, and the end of the last; null as that.</summary>
    public DeviceBuffer<int> ClusterChunks { get; private init; }

    /// <summary>First cluster of each image, on the host.</summary>
    internal int[] ImageClusters { get; }

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
        using var holdings = new Holdings();
        var counts = new int[starts.Length - 1];
        for (var k = 0; k < counts.Length; k++)
            counts[k] = starts[k + 1] - starts[k];
        var (ownersThere, countsThere) = (Copy(owners), Copy(counts));
        if (!Primitives.ClusterMeans.NeedsOrder(device))
            return new PixelSegments(holdings.Share(), imageClusters, ownersThere, countsThere);
        var chunkStarts = new List<int>();
        var clusterChunks = new int[starts.Length];
        for (var k = 0; k < counts.Length; k++)
        {
            clusterChunks[k] = chunkStarts.Count;
            for (var at = starts[k]; at < starts[k + 1]; at += ChunkLength)
                chunkStarts.Add(at);
        }

        clusterChunks[^1] = chunkStarts.Count;
        chunkStarts.Add(order.Length);
        var (orderThere, chunksThere, clustersThere) = (Copy(order), Copy(CollectionsMarshal.AsSpan(chunkStarts)), Copy(clusterChunks));
        return new PixelSegments(holdings.Share(), imageClusters, ownersThere, countsThere)
        {
            Order = orderThere, ChunkStarts = chunksThere, ClusterChunks = clustersThere,
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
