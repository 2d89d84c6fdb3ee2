namespace Spoco.Engine.Losses;

/// <summary>What label 0 means.</summary>
public enum Supervision
{
    /// <summary>Background: an ordinary cluster for pull and push, without a soft mask.</summary>
    Full,

    /// <summary>Unlabelled: neither pulled nor pushed as a cluster; its pixels are pushed away from the objects.</summary>
    Sparse,
}

/// <summary>L_obj: how an object's soft mask, or the affinities, are compared with the labels.</summary>
public enum InstanceLoss
{
    /// <summary>No such term: the discriminative loss of De Brabandere et al. (arXiv 1708.02551).</summary>
    None,

    /// <summary>Dice of the soft mask and the object's mask, per object, averaged (Eq. 4).</summary>
    Dice,

    /// <summary>Binary cross-entropy of the soft mask and the object's mask, over all objects and pixels.</summary>
    Bce,

    /// <summary>Dice of 1 - affinity along random offsets, the affinity being (max(2 delta_d - |e_i - e_j|, 0) / (2 delta_d))^2.</summary>
    Affinity,
}

/// <summary>
/// Margins, weights and variants of the SPOCO loss (Wolny et al., CVPR 2022, arXiv 2103.14572). The defaults are those of the paper and of its
/// public code. A term whose weight is 0 is not computed.
/// </summary>
public sealed record SpocoLossOptions
{
    /// <summary>delta_v: pixels nearer to their centre are not pulled (Eq. 1); also the radius within which an anchor takes pixels out of
    /// U.</summary>
    public float PullMargin { get; init; } = 0.5f;

    /// <summary>delta_d: centres are pushed 2 delta_d apart (Eq. 2), unlabelled pixels delta_d away from them (Eq. 6).</summary>
    public float PushMargin { get; init; } = 2;

    /// <summary>alpha, weight of L_pull.</summary>
    public float PullWeight { get; init; } = 1;

    /// <summary>beta, weight of L_push.</summary>
    public float PushWeight { get; init; } = 1;

    /// <summary>gamma, weight of L_reg (Eq. 3).</summary>
    public float RegulariserWeight { get; init; } = 0.001f;

    /// <summary>lambda, weight of L_obj in L_SO (Eq. 5).</summary>
    public float InstanceWeight { get; init; } = 1;

    /// <summary>Weight of L_Upush (Eq. 6); only under sparse supervision.</summary>
    public float UnlabelledPushWeight { get; init; } = 1;

    /// <summary>Weight of L_Ucon (Eq. 7); only where the embeddings of g are given.</summary>
    public float ConsistencyWeight { get; init; } = 1;

    /// <summary>t in (0, 1): value of the soft mask at distance delta_v of its centre, 2 sigma^2 = -delta_v^2 / ln t.</summary>
    public float KernelThreshold { get; init; } = 0.5f;

    /// <summary>The variant of L_obj.</summary>
    public InstanceLoss InstanceLoss { get; init; } = InstanceLoss.Dice;

    /// <summary>What label 0 means.</summary>
    public Supervision Supervision { get; init; } = Supervision.Full;

    /// <summary>Whether label 0 counts as an object in L_obj.</summary>
    public bool BackgroundIsInstance { get; init; }

    /// <summary>Most anchors per image of L_Ucon.</summary>
    public int MaximalAnchors { get; init; } = 20;

    /// <summary>No further anchor is drawn when fewer than this fraction of the image's pixels is unlabelled and near no anchor.</summary>
    public float RemainingFraction { get; init; } = 0.05f;

    /// <summary>Random offsets per image of the affinity variant.</summary>
    public int AffinityOffsets { get; init; } = 9;

    /// <summary>The offsets are drawn from -AffinityRange .. -1 along every axis longer than 1.</summary>
    public int AffinityRange { get; init; } = 18;

    /// <summary>Whether the last channel of the embeddings is a foreground logit, with a loss of its own: <see cref="Losses.ForegroundLoss"/> under full
    /// supervision, <see cref="PositiveUnlabelledLoss"/> under sparse.</summary>
    public bool ForegroundChannel { get; init; }

    /// <summary>Weight of the foreground loss.</summary>
    public float ForegroundWeight { get; init; } = 1;

    /// <summary>Largest weight of a pixel of small objects within the foreground loss; 1: every pixel counts the same.</summary>
    public float ForegroundBalance { get; init; } = 1;

    /// <summary>pi, the share of the pixels that belong to objects, for the foreground loss under sparse supervision.</summary>
    public double ForegroundShare { get; init; } = 0.5;

    /// <summary>lambda, weight of the agreement of f and g on unlabelled pixels within the foreground loss; only under sparse supervision, where the
    /// embeddings of g are given.</summary>
    public double ForegroundAgreement { get; init; } = 1;

    /// <summary>Weight of the outlines of labelled objects within the foreground loss under sparse supervision.</summary>
    public double ForegroundOutline { get; init; } = 3;

    /// <summary>
    /// Computes what the authors' public code computes where it differs from the paper: L_obj is one Dice pooled over the objects of an image;
    /// L_Ucon is a Dice per image row (2D) or slice (3D) over all anchors, summed over the batch, and a cross-entropy where L_obj is one.
    /// </summary>
    public bool ReferenceCompatible { get; init; }

    /// <summary>1 / (2 sigma^2) = -ln t / delta_v^2.</summary>
    internal double Falloff => -Math.Log(KernelThreshold) / ((double)PullMargin * PullMargin);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(PullMargin > 0 && float.IsFinite(PullMargin), nameof(PullMargin), PullMargin, "above 0");
        Require(PushMargin > 0 && float.IsFinite(PushMargin), nameof(PushMargin), PushMargin, "above 0");
        Require(KernelThreshold is > 0 and < 1, nameof(KernelThreshold), KernelThreshold, "between 0 and 1");
        Require(RemainingFraction is >= 0 and <= 1, nameof(RemainingFraction), RemainingFraction, "from 0 to 1");
        Require(MaximalAnchors is >= 1 and <= 1024, nameof(MaximalAnchors), MaximalAnchors, "from 1 to 1024");
        Require(AffinityOffsets is >= 1 and <= 256, nameof(AffinityOffsets), AffinityOffsets, "from 1 to 256");
        Require(AffinityRange >= 1, nameof(AffinityRange), AffinityRange, "at least 1");
        Require(ForegroundBalance >= 1 && float.IsFinite(ForegroundBalance), nameof(ForegroundBalance), ForegroundBalance, "at least 1");
        Require(ForegroundShare is > 0 and < 1, nameof(ForegroundShare), ForegroundShare, "between 0 and 1");
        Require(ForegroundAgreement >= 0 && double.IsFinite(ForegroundAgreement), nameof(ForegroundAgreement), ForegroundAgreement, "at least 0");
        Require(ForegroundOutline >= 0 && double.IsFinite(ForegroundOutline), nameof(ForegroundOutline), ForegroundOutline, "at least 0");
        Require(Enum.IsDefined(InstanceLoss), nameof(InstanceLoss), InstanceLoss, "a defined value");
        Require(Enum.IsDefined(Supervision), nameof(Supervision), Supervision, "a defined value");
        foreach (var (name, weight) in ((string, float)[])[(nameof(PullWeight), PullWeight), (nameof(PushWeight), PushWeight),
            (nameof(RegulariserWeight), RegulariserWeight), (nameof(InstanceWeight), InstanceWeight),
            (nameof(UnlabelledPushWeight), UnlabelledPushWeight),
            (nameof(ConsistencyWeight), ConsistencyWeight), (nameof(ForegroundWeight), ForegroundWeight)])
            Require(weight >= 0 && float.IsFinite(weight), name, weight, "at least 0");
    }

    private static void Require(bool valid, string name, object value, string rule)
    {
        if (!valid)
            throw new ArgumentException($"SpocoLoss: {name} must be {rule}, got {FormattableString.Invariant($"{value}")}.");
    }
}
