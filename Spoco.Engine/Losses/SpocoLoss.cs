using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// The losses of "Sparse Object-level Supervision for Instance Segmentation with Pixel Embeddings" (Wolny, Yu, Pape, Kreshuk, CVPR 2022). Per image,
/// over the pixels i with embeddings e_i and the C objects k of N_k pixels:
/// <code>
/// mu_k    = mean of e_i over object k
/// L_pull  = 1/C sum_k 1/N_k sum_{i in k} max(|mu_k - e_i| - delta_v, 0)^2                                 (Eq. 1)
/// L_push  = 1/(C(C-1)) sum_{k != l} max(2 delta_d - |mu_k - mu_l|, 0)^2                                   (Eq. 2)
/// L_reg   = mean of |mu_k| over all labels of the image, label 0 included                                 (Eq. 3)
/// L_obj   = 1/C sum_k Dice(S_k, I_k),   S_k = exp(-|e - mu_k|^2 / (2 sigma^2))                            (Eq. 4)
/// L_SO    = alpha L_pull + beta L_push + gamma L_reg + lambda L_obj                                       (Eq. 5)
/// L_Upush = 1/C sum_k 1/N_U sum_{i in U} max(delta_d - |mu_k - e_i|, 0)^2,   U = the unlabelled pixels    (Eq. 6)
/// L_Ucon  = 1/K sum_k Dice(S_k^f, S_k^g) over anchors k drawn from U, at the same pixels in f and g       (Eq. 7)
/// L_SSO   = L_SO over the labelled objects + L_Upush + L_Ucon                                             (Eq. 8)
/// </code>
/// The gradient flows through the pixels, the means and the anchors in f; none flows into g. Norms have gradient 0 at distance 0.
/// </summary>
/// <remarks>
/// Three passes over the embeddings: means, sums over the soft masks, gradient. Value and gradient are computed together; the recorded operation
/// only multiplies the gradient by the number that arrives, and not even that where it is 1. What lies between the passes stays on the device; the host launches all of it without waiting.
/// What is reported comes back in one copy, which whoever asks for it waits for (<see cref="SpocoLossResult"/>). Each term is an object of its own: <see cref="LossTerm.List"/>.
/// </remarks>
public static class SpocoLoss
{
    /// <summary>The loss of a batch: the mean over its images of the weighted terms.</summary>
    /// <param name="embeddings">e^f, [N, D, H, W, E], or [N, D, H, W, E + 1] with a foreground logit
    /// (<see cref="SpocoLossOptions.ForegroundChannel"/>).</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <param name="options">Margins, weights, variants; null = the defaults.</param>
    /// <param name="momentumEmbeddings">e^g, same shape as <paramref name="embeddings"/>; null: no L_Ucon.</param>
    /// <param name="seed">The random choices depend on nothing but this and the data.</param>
    /// <param name="draws">The random choices, where they are given.</param>
    /// <param name="further">Further terms of the sum; null = none.</param>
    /// <exception cref="ArgumentException">Shapes, devices or options do not fit, or a further term is no scalar on the same device or has a weight that is not finite.</exception>
    public static SpocoLossResult Apply(
        Tensor embeddings, LabelBatch labels, SpocoLossOptions? options = null, Tensor? momentumEmbeddings = null, int seed = 0,
        SpocoDraws? draws = null, IReadOnlyList<ILossTerm>? further = null)
    {
        var result = Evaluate(embeddings, labels, options, momentumEmbeddings, seed, draws, further);
        result.Report.BeginRead();
        return result;
    }

    /// <summary>The same, but for the report: its caller writes into it what is to be read with it, and begins to read it.</summary>
    internal static SpocoLossResult Evaluate(
        Tensor embeddings, LabelBatch labels, SpocoLossOptions? options = null, Tensor? momentumEmbeddings = null, int seed = 0,
        SpocoDraws? draws = null, IReadOnlyList<ILossTerm>? further = null, int findings = 0)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new SpocoLossOptions();
        options.Validate();
        if (labels.Shape != embeddings.Shape.WithChannels(1))
            throw new ArgumentException($"SpocoLoss: labels {labels.Shape} do not fit embeddings {embeddings.Shape}.");
        if (options.ForegroundChannel && embeddings.Shape.C < 2)
            throw new ArgumentException($"SpocoLoss: a foreground channel beside the embeddings needs 2 channels, got {embeddings.Shape}.");
        if (momentumEmbeddings is not null && (momentumEmbeddings.Shape != embeddings.Shape || momentumEmbeddings.Device != embeddings.Device))
            throw new ArgumentException($"SpocoLoss: embeddings of f ({embeddings}) and of g ({momentumEmbeddings}) differ.");
        if (draws?.Anchors is { } anchors && anchors.Count != labels.Shape.N)
            throw new ArgumentException($"SpocoLoss: anchors are given for {anchors.Count} images of {labels.Shape.N}.");
        if (draws?.Offsets is { } offsets && (offsets.Count != labels.Shape.N || offsets.Any(o => o.Length == 0 || o.Length != offsets[0].Length)))
            throw new ArgumentException($"SpocoLoss: every one of the {labels.Shape.N} images needs the same number of offsets, at least 1.");
        further ??= [];
        var terms = LossTerm.List(options, momentumEmbeddings is not null, seed, draws);
        var gradient = Gradients.Needed(embeddings) ? Tensor.Empty(embeddings.Device, embeddings.Shape, nameof(SpocoLoss)) : null;
        using var context = new LossContext(embeddings, labels, options, momentumEmbeddings, gradient, findings);
        if (gradient is not null && context.Layout.Channels < embeddings.Shape.C && !terms.Any(t => t is ForegroundTerm or PositiveUnlabelledTerm))
            gradient.Buffer.Clear();
        foreach (var term in terms)
            term.Stage(context);
        context.Run(further.Count);
        foreach (var term in terms)
            term.Evaluate(context);
        var total = Tensor.Empty(embeddings.Device, TensorShape.Scalar, nameof(SpocoLoss));
        context.Sum(terms, total.Buffer);
        if (gradient is not null)
            Gradients.Record(total, new ScalarLossNode(embeddings, gradient));
        for (var i = 0; i < further.Count; i++)
            total = Add(total, further[i], i, embeddings, labels, context);
        return new SpocoLossResult(total, context.TakeReport(terms, further));
    }

    /// <summary>Adds a further term.</summary>
    private static Tensor Add(Tensor total, ILossTerm term, int index, Tensor embeddings, LabelBatch labels, LossContext context)
    {
        if (!float.IsFinite(term.Weight))
            throw new ArgumentException($"SpocoLoss: the weight of {term.Name} must be finite, got {term.Weight}.");
        var value = term.Apply(embeddings, labels) ?? Tensor.Filled(total.Device, TensorShape.Scalar, 0);
        if (value.Shape != TensorShape.Scalar || value.Device != total.Device)
            throw new ArgumentException($"SpocoLoss: the term {term.Name} must be a scalar on {total.Device.Name}, got {value}.");
        context.Note(index, value);
        return Ops.Elementwise.AddScaled(total, value, term.Weight);
    }
}
