using Spoco.Kernels.Primitives;

namespace Spoco.Kernels;

/// <summary>The operations that have algorithms to choose from.</summary>
internal static class AlgorithmCatalog
{
    /// <summary>The choosers of all operations, in alphabetical order.</summary>
    public static IReadOnlyList<IChooser> All { get; } =
    [
        Adam.Chooser,
        Affinity.Chooser,
        AffinityLoss.Chooser,
        AnchorSelection.Chooser,
        AveragePool.Chooser,
        BallOverlap.Chooser,
        Cast.Chooser,
        CentreTerms.Chooser,
        ChannelSlice.Chooser,
        ChannelSum.Chooser,
        ClusterMeans.Chooser,
        Convolution.Chooser,
        CoreDistances.Chooser,
        Crop.Chooser,
        Dropout.Chooser,
        Elementwise.Chooser,
        EmbeddingLoss.Chooser,
        ForegroundLoss.Chooser,
        GradientPenalty.Chooser,
        GroupNorm.Chooser,
        MaxPool.Chooser,
        MeanShift.Chooser,
        NormConvolution.Chooser,
        PositiveUnlabelledLoss.Chooser,
        Probability.Chooser,
        ReachabilityTree.Chooser,
        Reduction.Chooser,
        Rescaling.Chooser,
        SoftMasks.Chooser,
        Spread.Chooser,
        TermSum.Chooser,
        UpsampleConcat.Chooser,
        VoxelSum.Chooser,
    ];

    /// <summary>Checks the names of an operation and of one of its algorithms.</summary>
    /// <exception cref="DeviceException">There is no such operation, or no such algorithm; the message lists those there are.</exception>
    public static void Require(string operation, string algorithm)
    {
        var chooser = All.FirstOrDefault(c => c.Operation == operation)
            ?? throw new DeviceException($"Algorithms: there is no operation '{operation}'; there are {string.Join(", ", All.Select(c => c.Operation))}.");
        if (!chooser.Names.Contains(algorithm))
            throw new DeviceException($"Algorithms: {operation} has no algorithm '{algorithm}'; it has {string.Join(", ", chooser.Names)}.");
    }
}
