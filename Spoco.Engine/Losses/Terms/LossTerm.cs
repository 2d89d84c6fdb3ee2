using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// A term of the loss: its weight, what of it is staged before the passes over the pixels, and, where it does not take part in those that all terms share, its kernels. A term whose weight is 0
/// is none.
/// </summary>
/// <param name="column">Which of the <see cref="SpocoTerms"/> it is.</param>
/// <param name="weight">Its weight in the mean over the images.</param>
internal abstract class LossTerm(int column, float weight)
{
    /// <summary>The column of the foreground; those before are <see cref="CentreTerm"/>.</summary>
    protected const int ForegroundColumn = (int)CentreTerm.Consistency + 1;

    /// <summary>Number of columns.</summary>
    public const int Columns = ForegroundColumn + 1;

    /// <summary>Which of the reported terms it is.</summary>
    public int Column => column;

    /// <summary>Its weight in the mean over the images.</summary>
    public float Weight => weight;

    /// <summary>Its weight in the sum over <paramref name="images"/> images.</summary>
    public virtual float Scale(int images) => weight / images;

    /// <summary>Says what the shared passes have to compute for it, and what they have to know.</summary>
    public virtual void Stage(LossContext context)
    {
    }

    /// <summary>Computes values and gradient with kernels of its own, after the shared passes have written theirs.</summary>
    public virtual void Evaluate(LossContext context)
    {
    }

    /// <summary>The terms of a loss, in the order in which they are staged: their weights, and what is reported, are read off this list.</summary>
    /// <param name="options">Margins, weights, variants.</param>
    /// <param name="hasMomentum">Whether there are embeddings of g.</param>
    /// <param name="seed">The random choices depend on nothing but this and the data.</param>
    /// <param name="draws">The random choices, where they are given.</param>
    public static LossTerm[] List(SpocoLossOptions options, bool hasMomentum, int seed, SpocoDraws? draws)
    {
        var sparse = options.Supervision == Supervision.Sparse;
        LossTerm?[] all =
        [
            new PullTerm(options.PullWeight),
            new PushTerm(options.PushWeight),
            new RegulariserTerm(options.RegulariserWeight),
            options.InstanceLoss switch
            {
                InstanceLoss.None => null,
                InstanceLoss.Affinity => new AffinityTerm(options, seed, draws?.Offsets),
                var kind => new InstanceTerm(options.InstanceWeight, kind),
            },
            sparse ? new UnlabelledPushTerm(options.UnlabelledPushWeight) : null,
            hasMomentum ? new ConsistencyTerm(options, seed, draws?.Anchors) : null,
            !options.ForegroundChannel ? null : sparse ? new PositiveUnlabelledTerm(options) : new ForegroundTerm(options),
        ];
        return [.. all.OfType<LossTerm>().Where(t => t.Weight > 0)];
    }
}
