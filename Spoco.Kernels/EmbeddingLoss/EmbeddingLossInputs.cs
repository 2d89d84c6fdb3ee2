namespace Spoco.Kernels;

/// <summary>How soft masks are compared with masks.</summary>
internal enum MaskLoss
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>1 - 2 sum(pq) / max(sum(p^2) + sum(q^2), 1e-6).</summary>
    Dice,

    /// <summary>Mean of -q log p - (1 - q) log(1 - p), both logarithms at least -100.</summary>
    CrossEntropy,
}

/// <summary>Margins and switches of one evaluation.</summary>
/// <param name="PullMargin">delta_v: no pull on pixels nearer to their centre; also the reach of an anchor.</param>
/// <param name="PushMargin">delta_d: unlabelled pixels are pushed away up to this distance.</param>
/// <param name="Falloff">1 / (2 sigma^2) of the soft masks exp(-|e - a|^2 / (2 sigma^2)).</param>
/// <param name="Instance">Comparison of an object's soft mask with its mask.</param>
/// <param name="Consistency">Comparison of an anchor's soft masks in f and g.</param>
/// <param name="UnlabelledPush">1 where unlabelled pixels are pushed away from every object, else 0.</param>
/// <param name="LineLength">Pixels of a line, where the consistency is to be summed by lines instead of by anchors; else 0.</param>
/// <param name="LeastRemaining">Anchors after which fewer unlabelled pixels remain that are near to none are the last ones of their image; 0: all are used.</param>
internal readonly record struct EmbeddingLossTerms(
    float PullMargin, float PushMargin, float Falloff, MaskLoss Instance, MaskLoss Consistency, int UnlabelledPush, int LineLength, int LeastRemaining);

/// <summary>
/// Factors of a centre a in the gradient of a pixel, dL/de = sum_a weight(e, a) (e - a).
/// With d = |e - a| and p = exp(-Falloff d^2), q the mask:
/// weight = Pull [own] max(d - delta_v, 0)/d + UnlabelledPush [unlabelled] max(delta_d - d, 0)/d + CrossEntropy dl/dx + Overlap q p + Square p^2,
/// where dl/dx is the derivative of the cross-entropy with respect to x = Falloff d^2.
/// </summary>
/// <param name="Pull">2 alpha / (C N_k).</param>
/// <param name="UnlabelledPush">-2 / (C N_U).</param>
/// <param name="CrossEntropy">2 Falloff / (number of terms).</param>
/// <param name="Overlap">4 Falloff / B of the Dice 1 - 2A/B.</param>
/// <param name="Square">-8 Falloff A / B^2.</param>
internal readonly record struct CentreFactors(float Pull, float UnlabelledPush, float CrossEntropy, float Overlap, float Square);

/// <summary>Everything the passes over the pixels read. All buffers are on one device.</summary>
internal sealed record EmbeddingLossInputs
{
    /// <summary>Margins and switches.</summary>
    public required EmbeddingLossTerms Terms { get; init; }

    /// <summary>Layout of <see cref="Embeddings"/> and of their gradient.</summary>
    public required EmbeddingLayout Layout { get; init; }

    /// <summary>e^f.</summary>
    public required DeviceBuffer<float> Embeddings { get; init; }

    /// <summary>Layout of <see cref="MomentumEmbeddings"/>.</summary>
    public EmbeddingLayout MomentumLayout { get; init; }

    /// <summary>e^g; read only where there are anchors.</summary>
    public DeviceBuffer<float> MomentumEmbeddings { get; init; }

    /// <summary>Which centres belong to every image, and owner of every pixel.</summary>
    public required CentreTable Centres { get; init; }

    /// <summary>mu of every cluster, [clusters, E]: the centres of the objects.</summary>
    public required DeviceBuffer<float> Means { get; init; }

    /// <summary>Factors of every cluster; those of a Dice are written by <see cref="Primitives.CentreTerms"/>.</summary>
    public required DeviceBuffer<CentreFactors> ObjectFactors { get; init; }

    /// <summary>Anchors in e^f, [anchors, E].</summary>
    public DeviceBuffer<float> Anchors { get; init; }

    /// <summary>Anchors in e^g, [anchors, E].</summary>
    public DeviceBuffer<float> MomentumAnchors { get; init; }

    /// <summary>Factors of the anchors, written by <see cref="Primitives.CentreTerms"/>.</summary>
    public DeviceBuffer<CentreFactors> AnchorFactors { get; init; }

    /// <summary>As the factors of the anchors Overlap and Square per line, [lines, 2], in place of those of the anchors; used where Terms.LineLength > 0.</summary>
    public DeviceBuffer<float> LineFactors { get; init; }

    /// <summary>
    /// Memory in which <see cref="Primitives.EmbeddingLoss.Sums"/> keeps masks for <see cref="Primitives.EmbeddingLoss.Gradient"/>, of
    /// <see cref="Primitives.EmbeddingLoss.KeptLength"/> elements; without it they are computed again.
    /// </summary>
    public DeviceBuffer<float> KeptMasks { get; init; }
}

/// <summary>What <see cref="Primitives.EmbeddingLoss.Sums"/> writes, which says what each sum is.</summary>
/// <param name="Objects">[clusters, <see cref="Primitives.EmbeddingLoss.ObjectWidth"/>]; rows of clusters that are no centres are undefined.</param>
/// <param name="Anchors">[anchors, <see cref="Primitives.EmbeddingLoss.AnchorScalars"/>]; rows beyond an image's last anchor are undefined.</param>
/// <param name="Lines">[lines, 2]; empty where sums are by anchors.</param>
internal readonly record struct EmbeddingLossSums(DeviceBuffer<float> Objects, DeviceBuffer<float> Anchors, DeviceBuffer<float> Lines);
