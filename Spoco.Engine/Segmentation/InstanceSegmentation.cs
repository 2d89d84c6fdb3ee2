using Spoco.Engine.Clustering;
using Spoco.Kernels;

namespace Spoco.Engine.Segmentation;

/// <summary>Choices of <see cref="InstanceSegmentation"/>.</summary>
public sealed record InstanceSegmentationOptions
{
    /// <summary>Offsets and priorities of the Mutex Watershed; delta_d is that of the training.</summary>
    public MutexWatershedOptions Watershed { get; init; } = new();

    /// <summary>What divides the pixels into segments; null = the Mutex Watershed, by <see cref="Watershed"/>.</summary>
    public IClustering? Clustering { get; init; }

    /// <summary>Segments with fewer voxels are specks.</summary>
    public int SizeFloor { get; init; }

    /// <summary>
    /// What becomes of a speck: true = it joins the neighbouring segment with the nearest mean embedding, as object borders crumble into specks that
    /// belong to the object; false, or without a neighbour = it is removed.
    /// </summary>
    public bool MergeFragments { get; init; } = true;

    /// <summary>
    /// Neighbouring segments whose mean embeddings are closer than this are joined (<see cref="SimilarMerging"/>); 0 = none. Training pushes the means of two objects
    /// 2 delta_d apart: delta_d is half-way.
    /// </summary>
    public double MergeDistance { get; init; }

    /// <summary>
    /// Let the segments grow over the foreground that is in none (<see cref="EmbeddingWatershed"/>): what a clustering left out as noise, and where specks were removed. Before the largest
    /// is dropped.
    /// </summary>
    public bool Fill { get; init; }

    /// <summary>Drop the largest segment: the background, for a network that has learned it as a cluster.</summary>
    public bool RemoveLargest { get; init; }

    /// <summary>What divides the pixels into segments.</summary>
    internal IClustering Divides => Clustering ?? new MutexWatershedClustering(Watershed);
}

/// <summary>
/// From embeddings to instances: a clustering within the foreground (Mutex Watershed where no other is chosen), specks merged or removed, similar neighbours joined, holes filled where that is
/// asked for. Paper, appendix A.4.
/// </summary>
public static class InstanceSegmentation
{
    /// <summary>Segments what a model says of an image, within a mask.</summary>
    /// <param name="prediction">Embeddings [D, H, W, d] and, where they are averaged over several views, affinities.</param>
    /// <param name="foreground">Voxels that are 0 here get label 0; null = everything is segmented.</param>
    /// <param name="options">Offsets, sizes and distances; null = the defaults.</param>
    /// <param name="device">Where the clustering runs; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Labels from 1, numbered by first voxel; 0 = no object.</returns>
    /// <exception cref="ArgumentException">Extents differ, an embedding is not finite, the clustering asks for what the prediction does not hold, or an option is out of range.</exception>
    public static Volume<int> Segment(
        Prediction prediction, Volume<byte>? foreground = null, InstanceSegmentationOptions? options = null, ComputeDevice? device = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        var embeddings = prediction.Embeddings;
        options ??= new InstanceSegmentationOptions();
        if (options.SizeFloor < 0)
            throw new ArgumentException($"InstanceSegmentation: the size floor must not be negative, got {options.SizeFloor}.");
        MaskedPoints.RequireFit(embeddings, foreground, nameof(InstanceSegmentation));
        var segments = options.Divides.Cluster(prediction, foreground, device, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (!options.Fill)
            return Joined(segments, embeddings, options, cancellation);
        var filled = EmbeddingWatershed.Fill(Joined(segments, embeddings, options with { RemoveLargest = false }, cancellation), embeddings, foreground, cancellation);
        return Relabel.Compact(options.RemoveLargest ? RemoveLargest.Apply(filled) : filled).Labels;
    }

    private static Volume<int> Joined(Volume<int> segments, Volume<float> embeddings, InstanceSegmentationOptions options, CancellationToken cancellation)
    {
        var joins = SegmentJoining.Joins(options);
        var labels = SegmentJoining.Labels(SegmentGraph.Of(segments, segments.Data.Max(), joins ? embeddings : null, joins), options, cancellation);
        return LabelImage.Map(segments, s => labels[s]);
    }

    /// <summary>
    /// Segments an image whose model has learned the foreground: objects are told apart in their cores, where the foreground is sure, and then grown to where
    /// it is likely (<see cref="CoreGrowth"/>). Gaps between neighbours that a single threshold would bridge stay open, and a faint glow without a core is no object. Ours.
    /// </summary>
    /// <param name="prediction">Embeddings and foreground.</param>
    /// <param name="threshold">Probability from which a voxel belongs to an object; the cores begin half-way between it and 1.</param>
    /// <param name="options">Offsets, sizes and distances; null = the defaults.</param>
    /// <param name="device">Where the clustering runs; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ArgumentException">The prediction holds no foreground, the threshold is not within 0 .. 1, or see the other overload.</exception>
    public static Volume<int> SegmentLearned(
        Prediction prediction, double threshold = 0.5, InstanceSegmentationOptions? options = null, ComputeDevice? device = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        if (prediction.Foreground is not { } probability)
            throw new ArgumentException("InstanceSegmentation: the prediction holds no foreground; the model has learned none.");
        CoreGrowth.CheckThreshold(threshold);
        var cores = Segment(prediction, Threshold(probability, CoreGrowth.CoreThreshold(threshold)), options, device, cancellation);
        return CoreGrowth.Grow(cores, probability, threshold);
    }

    /// <summary>
    /// Which voxels belong to objects, for a network without a foreground channel: those further than delta_d from the mean embedding of the largest
    /// segment. Training pushes objects at least that far away from what is not labelled, and background, seen in every image, becomes one cluster.
    /// An extension of ours, for images in which the background is the largest thing.
    /// </summary>
    /// <param name="prediction">Embeddings, of which the largest segment is found.</param>
    /// <param name="options">Options of the watershed; delta_d is the distance.</param>
    /// <param name="device">Where the Mutex Watershed runs; null = all cores of the host.</param>
    /// <param name="cancellation">Stops the watershed.</param>
    public static Volume<byte> ForegroundOfLargestCluster(
        Prediction prediction, MutexWatershedOptions options, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(options);
        var (embeddings, segments) = (prediction.Embeddings, new MutexWatershedClustering(options).Cluster(prediction, null, device, cancellation));
        var graph = SegmentGraph.Of(segments, segments.Data.Max(), embeddings, withBorders: false);
        var mask = new Volume<byte>(embeddings.Depth, embeddings.Height, embeddings.Width) { VoxelSize = embeddings.VoxelSize };
        FarFrom(embeddings.Data, graph.Mean(graph.Largest), options.PushMargin, mask.Data);
        return mask;
    }

    /// <summary>1 where an embedding is further than a distance from another one.</summary>
    internal static void FarFrom(ReadOnlySpan<float> embeddings, ReadOnlySpan<double> other, double distance, Span<byte> mask)
    {
        var d = other.Length;
        for (var i = 0; i < mask.Length; i++)
        {
            var squared = 0.0;
            for (var c = 0; c < d; c++)
            {
                var difference = embeddings[i * d + c] - other[c];
                squared += difference * difference;
            }

            mask[i] = Math.Sqrt(squared) > distance ? (byte)1 : (byte)0;
        }
    }

    /// <summary>1 where the probability of the foreground is at least <paramref name="threshold"/>.</summary>
    public static Volume<byte> Threshold(Volume<float> probability, double threshold = 0.5)
    {
        ArgumentNullException.ThrowIfNull(probability);
        return new Volume<byte>([.. probability.Data.Select(p => p >= threshold ? (byte)1 : (byte)0)], probability.Depth, probability.Height, probability.Width)
        {
            VoxelSize = probability.VoxelSize,
        };
    }
}
