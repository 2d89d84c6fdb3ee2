namespace Spoco.Engine.Segmentation;

/// <summary>
/// From an image of any size to its objects, in bounded memory: embeddings and affinities are predicted part by part where the <see cref="BlockwiseMutexWatershed"/>
/// reads them, and never stored. The labels are those that the image at once would give (<see cref="TiledPrediction"/> says where embeddings differ by rounding).
/// </summary>
public static class TiledSegmentation
{
    // Of the memory the solver gets a half, the prediction a quarter; the rest is for what the runtime has yet to collect. Blocks are merged when all is predicted.
    private const int SolverShare = 2;
    private const int PredictionShare = 4;

    /// <summary>Predicts and segments an image part by part.</summary>
    /// <param name="model">The model; the caller disposes it afterwards.</param>
    /// <param name="image">The normalised image, [D, H, W, channels of the network].</param>
    /// <param name="blockwise">
    /// Folder, threads, and the memory: bytes for all of the computation; the image comes on top. <see cref="BlockwiseOptions.ForegroundThreshold"/> says whether the
    /// learned foreground is segmented. What becomes of segments is said by <paramref name="options"/>.
    /// </param>
    /// <param name="options">What becomes of embeddings and segments; null = the model's.</param>
    /// <param name="orientations">Views to average over; null = <see cref="OrientationAverage.DefaultOf"/>.</param>
    /// <param name="mask">Voxels that are 0 here get label 0; null = no mask.</param>
    /// <param name="withoutBackground">
    /// Whether the largest cluster of embeddings is the background (<see cref="InstanceSegmentation.ForegroundOfLargestCluster"/>): everything is segmented twice then.
    /// </param>
    /// <param name="cancellation">Stops between convolutions and blocks; finished blocks stay for the next run.</param>
    /// <returns>The labels, to be read box by box.</returns>
    /// <exception cref="InsufficientMemoryLimitException">The memory is too little; says how much is needed.</exception>
    /// <exception cref="ArgumentException">The image does not fit the model, or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">The segmentation was cancelled.</exception>
    public static BlockwiseLabels Segment(
        SpocoModel model, IVolumeReader<float> image, BlockwiseOptions blockwise, InstanceSegmentationOptions? options = null, int? orientations = null,
        IVolumeReader<byte>? mask = null, bool withoutBackground = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(blockwise);
        options ??= model.Options.Segmentation;
        if (options.Clustering is not null || options.Fill)
            throw new ArgumentException($"TiledSegmentation: {options.Clustering?.Name ?? "filling"} needs the whole image; part by part there is the Mutex Watershed alone.");
        if (blockwise.ForegroundThreshold is not null && !model.Options.Foreground)
            throw new ArgumentException("TiledSegmentation: the model has learned no foreground.");
        var run = blockwise with
        {
            Memory = blockwise.Memory / SolverShare, MergingMemory = blockwise.Memory / 8 * 7, SizeFloor = options.SizeFloor, MergeFragments = options.MergeFragments, MergeDistance = options.MergeDistance,
            RemoveLargest = options.RemoveLargest,
        };
        var views = orientations ?? OrientationAverage.DefaultOf(model.Options);
        return withoutBackground ? WithoutBackground() : Solve(run);

        BlockwiseLabels WithoutBackground()
        {
            var everything = blockwise with { Folder = $"{blockwise.Folder}.background", Memory = run.Memory, MergingMemory = run.MergingMemory, ForegroundThreshold = null, KeepsSums = true };
            using var clusters = Solve(everything);
            var labels = Solve(run with { Background = clusters.MeanOfLargest });
            clusters.Delete();
            return labels;
        }

        BlockwiseLabels Solve(BlockwiseOptions blocks)
        {
            using var prediction = OfShare<IPredictionReader>(PredictionShare, () => views == 1
                ? new TiledPrediction(model, image, blockwise.Memory / PredictionShare, cancellation: cancellation)
                : new TiledAffinities(model, image, views, blockwise.Memory / PredictionShare, cancellation));
            return OfShare(SolverShare, () => views == 1
                ? BlockwiseMutexWatershed.FromEmbeddings(prediction, blocks, options.Watershed, mask, cancellation)
                : BlockwiseMutexWatershed.FromAffinities(prediction, blocks, options.Watershed, mask, cancellation));
        }
    }

    // Who has a share of the memory asks for a share.
    private static T OfShare<T>(int share, Func<T> compute)
    {
        try
        {
            return compute();
        }
        catch (InsufficientMemoryLimitException e)
        {
            throw new InsufficientMemoryLimitException(e.Message, share * e.NeededBytes);
        }
    }
}
