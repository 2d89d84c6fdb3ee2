using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_Ucon = 1/K sum_k Dice(S_k^f, S_k^g) over anchors k among the unlabelled pixels U, at the same pixels in f and g (Eq. 7). No gradient flows into g. As in the authors' code it is a Dice per
/// image row (2D) or slice (3D) over all anchors, summed over the batch, and a cross-entropy where L_obj is one.
/// </summary>
/// <remarks>
/// By definition an anchor is drawn uniformly from the unlabelled pixels that no earlier anchor is near to. Here candidates are drawn uniformly from all unlabelled ones, before anything is
/// computed, and rejected on the device where an earlier anchor is near: the same distribution without a pass over the image per anchor. Enough are drawn that anchors cannot run out while more
/// than a few percent of the image remain. Stages the candidates; selected by <see cref="Kernels.Primitives.AnchorSelection"/>; sums and gradient are
/// <see cref="Kernels.Primitives.EmbeddingLoss"/>'s, its value and factors <see cref="Kernels.Primitives.CentreTerms"/>'.
/// </remarks>
internal sealed class ConsistencyTerm(SpocoLossOptions options, int seed, IReadOnlyList<int[]>? given) : LossTerm((int)CentreTerm.Consistency, options.ConsistencyWeight)
{
    /// <summary>Pixels drawn per image: 20 anchors are found among them even where 95 % are rejected.</summary>
    private const int DrawnCandidates = 1024;

    /// <summary>The authors' code sums over the batch and averages all else.</summary>
    public override float Scale(int images) => options.ReferenceCompatible ? Weight : base.Scale(images);

    /// <inheritdoc/>
    public override void Stage(LossContext context)
    {
        var (layout, shape) = (context.Layout, context.Embeddings.Shape);
        var random = new RandomSource(seed);
        var candidates = new List<int>(given is null ? layout.Images * DrawnCandidates : 0);
        var anchors = 0;
        for (var n = 0; n < layout.Images; n++)
        {
            ref var image = ref context.Images[n];
            var first = candidates.Count;
            if (given is null)
                Draw(context, image, random, candidates);
            else
                Take(layout, n, given[n], candidates);
            var count = candidates.Count - first;
            image = image with { FirstAnchor = anchors, Anchors = given is null ? options.MaximalAnchors : count, FirstCandidate = first, Candidates = count };
            anchors += image.Anchors;
        }

        if (anchors == 0)
            return;
        var isEntropy = options.ReferenceCompatible && options.InstanceLoss == InstanceLoss.Bce;
        context.Candidates = candidates;
        context.AnchorDistance = given is null ? options.PullMargin : 0;
        context.Weights = context.Weights with { Consistency = Weight };
        context.Passes = context.Passes with
        {
            Consistency = isEntropy ? MaskLoss.CrossEntropy : MaskLoss.Dice,
            LineLength = options.ReferenceCompatible && !isEntropy ? shape.W * (shape.D > 1 ? shape.H : 1) : 0,
            LeastRemaining = given is null ? Least(layout) : 0,
        };
    }

    private int Least(EmbeddingLayout layout) => (int)MathF.Ceiling(options.RemainingFraction * layout.Pixels);

    /// <summary>Draws candidates of an image with enough unlabelled pixels.</summary>
    private void Draw(LossContext context, ImageCentres image, RandomSource random, List<int> candidates)
    {
        if (image.Unlabelled == 0 || image.Unlabelled < Least(context.Layout))
            return;
        var unlabelled = context.Labels.Pixels(image.FirstCluster);
        for (var i = 0; i < DrawnCandidates; i++)
            candidates.Add(unlabelled[random.NextInt(unlabelled.Length)]);
    }

    private static void Take(EmbeddingLayout layout, int image, int[] anchors, List<int> candidates)
    {
        foreach (var anchor in anchors)
        {
            if (anchor < 0 || anchor >= layout.Pixels)
                throw new ArgumentException($"SpocoLoss: anchor {anchor} of image {image} lies outside its {layout.Pixels} pixels.");
            candidates.Add(image * layout.Pixels + anchor);
        }
    }
}
