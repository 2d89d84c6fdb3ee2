namespace Spoco.Kernels;

/// <summary>Which soft masks belong to every image and to every cluster, on a device. Kernels index with them: they are checked on the host, before they get there.</summary>
internal sealed class MaskTable : IDisposable
{
    private readonly Holdings _holdings;

    private MaskTable(PixelSegments segments, int[] clusters)
    {
        using var holdings = new Holdings();
        var (device, ofImages) = (segments.Owners.Device, segments.ImageClusters);
        var first = new int[segments.Clusters + 1];
        foreach (var cluster in clusters)
            first[cluster + 1]++;
        for (var k = 0; k < segments.Clusters; k++)
            first[k + 1] += first[k];
        Segments = segments;
        Clusters = holdings.Upload<int>(device, clusters, nameof(MaskTable));
        ClusterMasks = holdings.Upload<int>(device, first, nameof(MaskTable));
        FirstMasks = holdings.Upload<int>(device, Array.ConvertAll(ofImages, k => first[k]), nameof(MaskTable));
        FirstClusters = holdings.Upload<int>(device, ofImages.AsSpan(0, ofImages.Length - 1), nameof(MaskTable));
        _holdings = holdings.Share();
    }

    /// <summary>The pixels of every cluster.</summary>
    public PixelSegments Segments { get; }

    /// <summary>K, the number of masks.</summary>
    public int Masks => (int)Clusters.Length;

    /// <summary>Cluster of every mask.</summary>
    internal DeviceBuffer<int> Clusters { get; }

    /// <summary>First mask of every cluster, and K.</summary>
    internal DeviceBuffer<int> ClusterMasks { get; }

    /// <summary>First mask of every image, and K.</summary>
    internal DeviceBuffer<int> FirstMasks { get; }

    /// <summary>First cluster of every image.</summary>
    internal DeviceBuffer<int> FirstClusters { get; }

    /// <summary>Checks the clusters and copies the table to the device of the segments.</summary>
    /// <param name="segments">The labels; whoever made them disposes them.</param>
    /// <param name="clusters">Cluster of every mask, at least one, ascending.</param>
    /// <exception cref="ArgumentException">There is no mask, or the clusters do not ascend or are out of range.</exception>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public static MaskTable Upload(PixelSegments segments, ReadOnlySpan<int> clusters)
    {
        ArgumentNullException.ThrowIfNull(segments);
        var before = 0;
        foreach (var cluster in clusters)
        {
            if (cluster < before || cluster >= segments.Clusters)
                throw new ArgumentException($"MaskTable: the clusters of masks ascend within 0 .. {segments.Clusters - 1}, got {string.Join(", ", clusters.ToArray())}.");
            before = cluster;
        }

        return clusters.Length > 0 ? new MaskTable(segments, clusters.ToArray()) : throw new ArgumentException("MaskTable: at least one mask is needed.");
    }

    /// <inheritdoc/>
    public void Dispose() => _holdings.Dispose();
}
