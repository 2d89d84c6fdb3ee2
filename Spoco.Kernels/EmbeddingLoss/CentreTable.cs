namespace Spoco.Kernels;

/// <summary>
/// Which centres belong to every image, and the pixels of the anchors, on a device. Kernels write where these say: they are checked on the host, before they
/// get there.
/// </summary>
public sealed class CentreTable : IDisposable
{
    private readonly Holdings _holdings;
    private readonly int[] _anchorPixels;

    private CentreTable(
        Holdings holdings, EmbeddingLayout layout, PixelSegments segments, DeviceBuffer<ImageCentres> images, int[] anchorPixels, DeviceBuffer<int> anchorPixelsThere)
    {
        _holdings = holdings;
        _anchorPixels = anchorPixels;
        Layout = layout;
        Segments = segments;
        Images = images;
        AnchorPixels = anchorPixelsThere;
    }

    /// <summary>The pixels of every cluster.</summary>
    public PixelSegments Segments { get; }

    /// <summary>The images that it was made for.</summary>
    internal EmbeddingLayout Layout { get; }

    /// <summary>Objects that the images have among them: one past the largest row.</summary>
    internal int Objects { get; private set; }

    /// <summary>One entry per image.</summary>
    internal DeviceBuffer<ImageCentres> Images { get; }

    /// <summary>Pixel of every anchor, within the batch.</summary>
    internal DeviceBuffer<int> AnchorPixels { get; }

    /// <summary>Checks the centres and copies them to the device of the segments.</summary>
    /// <param name="layout">The images.</param>
    /// <param name="segments">Their labels; whoever made them disposes them.</param>
    /// <param name="images">One entry per image; rows ascend from image to image.</param>
    /// <param name="anchorPixels">Pixel of every anchor, within the batch.</param>
    /// <exception cref="ArgumentException">A number of images, a row, a cluster or a pixel is out of range.</exception>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public static CentreTable Upload(
        EmbeddingLayout layout, PixelSegments segments, ReadOnlySpan<ImageCentres> images, ReadOnlySpan<int> anchorPixels)
    {
        ArgumentNullException.ThrowIfNull(segments);
        if (segments.Owners.Length != layout.Count || segments.ImageClusters.Length != layout.Images + 1)
            throw new ArgumentException($"CentreTable: labels of {segments.Owners.Length} pixels do not fit {layout}.");
        foreach (var pixel in anchorPixels)
        {
            if (pixel < 0 || pixel >= layout.Count)
                throw new ArgumentException($"CentreTable: the anchor at pixel {pixel} lies outside the {layout.Count} of the batch.");
        }

        var pixels = anchorPixels.ToArray();
        var objects = Check(layout, segments, images, pixels);
        using var holdings = new Holdings();
        var device = segments.Owners.Device;
        var imagesThere = holdings.Upload(device, images, nameof(CentreTable));
        var pixelsThere = holdings.Upload(device, anchorPixels, nameof(CentreTable));
        return new CentreTable(holdings.Share(), layout, segments, imagesThere, pixels, pixelsThere) { Objects = objects };
    }

    /// <summary>Replaces the entries of the images: they may use fewer anchors, for instance.</summary>
    /// <exception cref="ArgumentException">As in <see cref="Upload"/>.</exception>
    public void Update(ReadOnlySpan<ImageCentres> images)
    {
        Objects = Check(Layout, Segments, images, _anchorPixels);
        Images.CopyFrom(images);
    }

    /// <inheritdoc/>
    public void Dispose() => _holdings.Dispose();

    /// <summary>Checks the entries of the images; returns one past the last row of objects.</summary>
    private static int Check(EmbeddingLayout layout, PixelSegments segments, ReadOnlySpan<ImageCentres> images, int[] anchorPixels)
    {
        if (images.Length != layout.Images)
            throw new ArgumentException($"CentreTable: {images.Length} entries for the {layout.Images} images of {layout}.");
        var (objects, anchors) = (0, 0);
        for (var n = 0; n < images.Length; n++)
        {
            var image = images[n];
            if (image.Objects < 0 || image.Anchors < 0 || (image.Objects > 0 && image.FirstObject < objects) || (image.Anchors > 0 && image.FirstAnchor < anchors)
                || image.Objects > int.MaxValue - Math.Max(image.FirstObject, 0) || image.Anchors > anchorPixels.Length - Math.Max(image.FirstAnchor, 0)
                || image.FirstCluster != segments.ImageClusters[n])
                throw new ArgumentException(
                    $"CentreTable: the entry of image {n} is out of range: {image}; {objects} objects and {anchors} anchors come before, "
                    + $"there are {anchorPixels.Length} anchors, and the first cluster is {segments.ImageClusters[n]}.");
            objects = image.Objects > 0 ? image.FirstObject + image.Objects : objects;
            anchors = image.Anchors > 0 ? image.FirstAnchor + image.Anchors : anchors;
            for (var a = anchors - image.Anchors; a < anchors; a++)
            {
                if (anchorPixels[a] / layout.Pixels != n)
                    throw new ArgumentException($"CentreTable: anchor {a} of image {n} lies at pixel {anchorPixels[a]}, which is another image's.");
            }
        }

        return objects;
    }
}
