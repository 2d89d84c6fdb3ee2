namespace Spoco.Kernels;

/// <summary>The terms of the loss that are functions of clusters and anchors, in the order of their values.</summary>
internal enum CentreTerm
{
    /// <summary>L_pull.</summary>
    Pull,

    /// <summary>L_push.</summary>
    Push,

    /// <summary>L_reg.</summary>
    Regulariser,

    /// <summary>L_obj by soft masks.</summary>
    Instance,

    /// <summary>L_Upush.</summary>
    UnlabelledPush,

    /// <summary>L_Ucon.</summary>
    Consistency,
}

/// <summary>Weights of the terms in the mean over the images.</summary>
/// <param name="Pull">alpha; 0 as any weight: the term is 0.</param>
/// <param name="Push">beta.</param>
/// <param name="Regulariser">gamma.</param>
/// <param name="Instance">lambda.</param>
/// <param name="UnlabelledPush">Of L_Upush.</param>
/// <param name="Consistency">Of L_Ucon.</param>
/// <param name="AsReference">1 as the authors' code: one Dice for all objects of an image, consistency summed over the images instead of averaged; else 0.</param>
internal readonly record struct CentreWeights(
    float Pull, float Push, float Regulariser, float Instance, float UnlabelledPush, float Consistency, int AsReference);

/// <summary>What <see cref="Primitives.CentreTerms"/> reads and writes. All buffers are on one device.</summary>
internal sealed record CentreTermsInputs
{
    /// <summary>Number of terms.</summary>
    public static int Terms => Enum.GetValues<CentreTerm>().Length;

    /// <summary>What the passes over the pixels read: means and table are read, factors of a Dice are written.</summary>
    public required EmbeddingLossInputs Passes { get; init; }

    /// <summary>What the first pass wrote; buffers without memory where it did not run.</summary>
    public required EmbeddingLossSums Sums { get; init; }

    /// <summary>Weights.</summary>
    public required CentreWeights Weights { get; init; }

    /// <summary>[terms, N]: receives the unweighted terms of every image.</summary>
    public required DeviceBuffer<float> Values { get; init; }

    /// <summary>[clusters, E]: receives what reaches every pixel of a cluster through its mean; null: no gradient is wanted.</summary>
    public DeviceBuffer<float> Shift { get; init; }

    /// <summary>[N]: receives the number of anchors that are used.</summary>
    public required DeviceBuffer<float> Used { get; init; }

    /// <summary>[anchors]: receives the unlabelled pixels that each anchor in use and those before it leave.</summary>
    public required DeviceBuffer<float> Remaining { get; init; }
}
