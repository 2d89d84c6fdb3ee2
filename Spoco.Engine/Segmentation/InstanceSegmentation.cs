namespace Spoco.Engine.Segmentation;

/// <summary>Choices of <see cref="InstanceSegmentation"/>.</summary>
public sealed record InstanceSegmentationOptions
{
    /// <summary>Offsets and priorities of the Mutex Watershed; delta_d is that of the training.</summary>
    public MutexWatershedOptions Watershed { get; init; } = new();

    /// <summary>Segments with fewer voxels are specks.</summary>
    public int SizeFloor { get; init; }

    /// <summary>
    /// What becomes of a speck: true = it joins the neighbouring segment with the nearest mean embedding, as object borders crumble into specks that
    /// belong to the object; false, or without a neighbour = it is removed.
    /// </summary>
    public bool MergeFragments { get; init; } = true;

    /// <summary>Drop the largest segment: the background, for a network that has learned it as a cluster.</summary>
    public bool RemoveLargest { get; init; }
}

/// <summary>From embeddings to instances: affinities, Mutex Watershed within the foreground, specks merged or removed. Paper, appendix A.4.</summary>
public static class InstanceSegmentation
{
    /// <summary>Segments an image.</summary>
    /// <param name="embeddings">[D, H, W, d], for example of <see cref="SpocoModel"/>.</param>
    /// <param name="foreground">Voxels that are 0 here get label 0; null = everything is segmented.</param>
    /// <param name="options">Choices.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Labels from 1, numbered by first voxel; 0 = no object.</returns>
    /// <exception cref="ArgumentException">Extents differ, an embedding is not finite, or an option is out of range.</exception>
    public static Volume<int> Segment(
        Volume<float> embeddings, Volume<byte>? foreground = null, InstanceSegmentationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        options ??= new InstanceSegmentationOptions();
        if (options.SizeFloor < 0)
            throw new ArgumentException($"InstanceSegmentation: the size floor must not be negative, got {options.SizeFloor}.");
        var labels = MutexWatershed.FromEmbeddings(embeddings, options.Watershed, foreground, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (options.SizeFloor > 1 && options.MergeFragments)
            labels = FragmentMerging.Merge(labels, options.SizeFloor, foreground, embeddings);
        if (options.RemoveLargest)
            labels = RemoveLargest.Apply(labels);
        if (options.SizeFloor > 1)
            labels = SizeFloor.Remove(labels, options.SizeFloor);
        return Relabel.Compact(labels).Labels;
    }

    /// <summary>1 where the probability of the foreground is at least <paramref name="threshold"/>.</summary>
    public static Volume<byte> Threshold(Volume<float> probability, double threshold = 0.5)
    {
        ArgumentNullException.ThrowIfNull(probability);
        return new Volume<byte>([.. probability.Data.Select(p => p >= threshold ? (byte)1 : (byte)0)], probability.Depth, probability.Height, probability.Width);
    }
}
