namespace Spoco.Kernels;

/// <summary>Which soft masks belong to every image, on a device. Kernels index with them: they are checked on the host, before they get there.</summary>
public sealed class MaskTable : IDisposable
{
    private readonly Holdings _holdings;

    private MaskTable(Holdings holdings, PixelSegments segments, int masks, DeviceBuffer<int> firstMasks, DeviceBuffer<int> firstClusters)
    {
        _holdings = holdings;
        Segments = segments;
        Masks = masks;
        FirstMasks = firstMasks;
        FirstClusters = firstClusters;
    }

    /// <summary>The pixels of every cluster.</summary>
    public PixelSegments Segments { get; }

    /// <summary>K, the number of masks.</summary>
    public int Masks { get; }

    /// <summary>First mask of every image, and K.</summary>
    internal DeviceBuffer<int> FirstMasks { get; }

    /// <summary>First cluster of every image.</summary>
    internal DeviceBuffer<int> FirstClusters { get; }

    /// <summary>Checks the table and copies it to the device of the segments.</summary>
    /// <param name="segments">The labels; whoever made them disposes them.</param>
    /// <param name="firstMasks">First mask of every image, and K: ascending from 0.</param>
    /// <exception cref="ArgumentException">There is another number of images, or the numbers do not ascend from 0.</exception>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public static MaskTable Upload(PixelSegments segments, ReadOnlySpan<int> firstMasks)
    {
        ArgumentNullException.ThrowIfNull(segments);
        var images = segments.ImageClusters.Length - 1;
        if (firstMasks.Length != images + 1 || firstMasks[0] != 0)
            throw new ArgumentException($"MaskTable: the masks of {images} images begin at 0 and at {images} further numbers, got {string.Join(", ", firstMasks.ToArray())}.");
        for (var n = 0; n < images; n++)
        {
            if (firstMasks[n + 1] < firstMasks[n])
                throw new ArgumentException($"MaskTable: the first masks of the images ascend, got {string.Join(", ", firstMasks.ToArray())}.");
        }

        using var holdings = new Holdings();
        var device = segments.Owners.Device;
        var masksThere = holdings.Upload(device, firstMasks, nameof(MaskTable));
        var clustersThere = holdings.Upload<int>(device, segments.ImageClusters.AsSpan(0, images), nameof(MaskTable));
        return new MaskTable(holdings.Share(), segments, firstMasks[^1], masksThere, clustersThere);
    }

    /// <inheritdoc/>
    public void Dispose() => _holdings.Dispose();
}
