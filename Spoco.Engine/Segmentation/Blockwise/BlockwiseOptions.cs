using Spoco.Kernels;

namespace Spoco.Engine.Segmentation;

/// <summary>How a volume that exceeds the memory is segmented.</summary>
public sealed record BlockwiseOptions
{
    /// <summary>
    /// Folder for the results of blocks; made where it is missing, and owned by the computation. A second run with the same input and options goes on
    /// with what is there, unless it has too little memory for blocks of this size; anything else starts anew.
    /// </summary>
    public required string Folder { get; init; }

    /// <summary>Bytes for the computation's buffers. The program itself, and what the readers need, comes on top.</summary>
    public long Memory { get; init; } = 2L << 30;

    /// <summary>Tells this input from others: a path, a length, a date. Results of blocks are only used again for the same.</summary>
    public string Input { get; init; } = "";

    /// <summary>Segments with fewer voxels become 0, or see <see cref="MergeFragments"/>.</summary>
    public int SizeFloor { get; init; }

    /// <summary>
    /// Whether segments below the floor join the neighbouring segment with the nearest mean embedding first, as in <see cref="InstanceSegmentationOptions.MergeFragments"/>.
    /// Needs embeddings.
    /// </summary>
    public bool MergeFragments { get; init; }

    /// <summary>Neighbouring segments whose mean embeddings are closer than this are joined (<see cref="SimilarMerging"/>); 0 = none. Needs embeddings.</summary>
    public double MergeDistance { get; init; }

    /// <summary>
    /// Objects are told apart in their cores and grown to where the foreground that the model has learned is at least this likely, as in
    /// <see cref="InstanceSegmentation.SegmentLearned"/>; null = everything within the mask is segmented. Needs a prediction by such a model.
    /// </summary>
    public double? ForegroundThreshold { get; init; }

    /// <summary>Drops the largest segment before segments below the floor become 0; of equally large ones the first.</summary>
    public bool RemoveLargest { get; init; }

    /// <summary>Threads; null = the environment variable SPOCO_THREADS, else one per core.</summary>
    public int? Threads { get; init; }

    /// <summary>Told how far the computation is.</summary>
    public IProgress<BlockwiseProgress>? Progress { get; init; }

    /// <summary>Where an embedding is no further than the margin from this one nothing is segmented: the background; null = everywhere.</summary>
    internal double[]? Background { get; init; }

    /// <summary>Whether the sums of the embeddings of segments are wanted, although nothing is joined.</summary>
    internal bool KeepsSums { get; init; }

    /// <summary>What becomes of the segments.</summary>
    internal InstanceSegmentationOptions Joining => new()
    {
        SizeFloor = SizeFloor, MergeFragments = MergeFragments, MergeDistance = MergeDistance, RemoveLargest = RemoveLargest,
    };

    /// <summary>Extents of a block; null = as large as the memory allows.</summary>
    internal (int Z, int Y, int X)? BlockExtents { get; init; }

    /// <summary>Bytes for what comes after the blocks, when nothing else is computed any more; null = as for blocks.</summary>
    internal long? MergingMemory { get; init; }

    /// <summary>Edges that merging holds at most; null = as many as the memory allows.</summary>
    internal long? MergedEdges { get; init; }

    /// <summary>Takes the place of the host's threads, where given: tests run passes in ways of their own.</summary>
    internal IPassRunner? Runner { get; init; }

    /// <summary>Whether there is no memory for an owner, where given: tests let it end at any moment.</summary>
    internal Func<string, bool>? IsExhausted { get; init; }
}

/// <summary>How far a block-wise segmentation is.</summary>
/// <param name="Done">Blocks done, those of earlier runs included.</param>
/// <param name="Blocks">Blocks in all.</param>
/// <param name="Step">What was done last.</param>
public readonly record struct BlockwiseProgress(int Done, int Blocks, string Step);
