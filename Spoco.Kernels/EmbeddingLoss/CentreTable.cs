namespace Spoco.Kernels;

/// <summary>
/// Which centres belong to every image, and the pixels that anchors are selected from, on a device. Kernels write where these say: they are checked on the host, before they
/// get there.
/// </summary>
internal sealed class CentreTable : IDisposable
{
    private readonly Holdings _holdings;

    private CentreTable(
        Holdings holdings, EmbeddingLayout layout, PixelSegments segments, DeviceBuffer<ImageCentres> images, DeviceBuffer<int> candidates,
        DeviceBuffer<int> anchorPixels)
    {
        _holdings = holdings;
        Layout = layout;
        Segments = segments;
        Images = images;
        Candidates = candidates;
        AnchorPixels = anchorPixels;
    }

    /// <summary>The pixels of every cluster.</summary>
    public PixelSegments Segments { get; }

    /// <summary>Most anchors of the batch.</summary>
    public int Anchors => (int)AnchorPixels.Length;

    /// <summary>The images that it was made for.</summary>
    internal EmbeddingLayout Layout { get; }

    /// <summary>One entry per image; their numbers of anchors are those in use once they were selected.</summary>
    internal DeviceBuffer<ImageCentres> Images { get; }

    /// <summary>Pixels that anchors are selected from, within the batch.</summary>
    internal DeviceBuffer<int> Candidates { get; }

    /// <summary>Pixel of every anchor, within the batch: written by <see cref="Primitives.AnchorSelection"/>.</summary>
    internal DeviceBuffer<int> AnchorPixels { get; }

    /// <summary>Checks the centres and copies them to the device of the segments.</summary>
    /// <param name="layout">The images.</param>
    /// <param name="segments">Their labels; whoever made them disposes them.</param>
    /// <param name="images">One entry per image; anchors and candidates follow those of the image before.</param>
    /// <param name="candidates">Pixels that anchors are selected from, within the batch.</param>
    /// <exception cref="ArgumentException">A number of images, a row, an owner or a pixel is out of range.</exception>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public static CentreTable Upload(EmbeddingLayout layout, PixelSegments segments, ReadOnlySpan<ImageCentres> images, ReadOnlySpan<int> candidates)
    {
        ArgumentNullException.ThrowIfNull(segments);
        if (segments.Owners.Length != layout.Count || segments.ImageClusters.Length != layout.Images + 1)
            throw new ArgumentException($"CentreTable: labels of {segments.Owners.Length} pixels do not fit {layout}.");
        var anchors = Check(layout, segments, images, candidates);
        using var holdings = new Holdings();
        var device = segments.Owners.Device;
        var imagesThere = holdings.Upload(device, images, nameof(CentreTable));
        var candidatesThere = holdings.Upload(device, candidates, nameof(CentreTable));
        var pixelsThere = holdings.Allocate<int>(device, anchors, nameof(CentreTable));
        return new CentreTable(holdings.Share(), layout, segments, imagesThere, candidatesThere, pixelsThere);
    }

    /// <inheritdoc/>
    public void Dispose() => _holdings.Dispose();

    /// <summary>Checks the entries of the images; returns the most anchors of the batch.</summary>
    private static int Check(EmbeddingLayout layout, PixelSegments segments, ReadOnlySpan<ImageCentres> images, ReadOnlySpan<int> candidates)
    {
        if (images.Length != layout.Images)
            throw new ArgumentException($"CentreTable: {images.Length} entries for the {layout.Images} images of {layout}.");
        var (anchors, candidate) = (0, 0);
        for (var n = 0; n < images.Length; n++)
        {
            var (image, first, end) = (images[n], segments.ImageClusters[n], segments.ImageClusters[n + 1]);
            if (image.FirstCluster != first || image.Clusters != end - first || !IsOwner(image.FirstOwner) || !IsOwner(image.FirstPulled) || !IsOwner(image.FirstInstance)
                || image.UnlabelledOwner < -1 || image.UnlabelledOwner >= image.Clusters || image.FirstAnchor != anchors || image.Anchors < 0
                || image.Anchors > int.MaxValue - anchors || image.FirstCandidate != candidate || image.Candidates < 0 || image.Candidates > candidates.Length - candidate)
                throw new ArgumentException(
                    $"CentreTable: the entry of image {n} is out of range: {image}; its clusters are {first} to {end}, {anchors} anchors and {candidate} candidates come before, "
                    + $"and there are {candidates.Length} candidates.");
            foreach (var pixel in candidates.Slice(candidate, image.Candidates))
            {
                if (pixel < 0 || pixel / layout.Pixels != n)
                    throw new ArgumentException($"CentreTable: a candidate of image {n} lies at pixel {pixel}, which is none of its {layout.Pixels}.");
            }

            anchors += image.Anchors;
            candidate += image.Candidates;

            bool IsOwner(int owner) => owner >= 0 && owner <= image.Clusters;
        }

        return candidate == candidates.Length
            ? anchors
            : throw new ArgumentException($"CentreTable: of {candidates.Length} candidates {candidates.Length - candidate} belong to no image.");
    }
}
