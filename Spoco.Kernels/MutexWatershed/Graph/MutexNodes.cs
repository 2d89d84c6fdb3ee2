namespace Spoco.Kernels.Primitives;

/// <summary>How many nodes a graph may have. Boruvka's tree over them has up to twice as many, less one, and their numbers are of 32 bits.</summary>
internal static class MutexNodes
{
    /// <summary>2^30.</summary>
    public const int Most = 1 << 30;

    /// <summary>Refuses a graph of more nodes.</summary>
    /// <exception cref="ArgumentException">It has more.</exception>
    public static void Require(long nodes)
    {
        if (nodes > Most)
            throw new ArgumentException(
                $"MutexWatershed: {nodes} voxels or nodes are more than the parallel version numbers ({Most}); segment in tiles or block-wise, or with SequentialMutexWatershed.");
    }
}
