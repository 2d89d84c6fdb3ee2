using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>The unweighted terms of one image, or their mean over the images of a batch. 0 for a term that was not computed.</summary>
/// <param name="Pull">L_pull (Eq. 1).</param>
/// <param name="Push">L_push (Eq. 2).</param>
/// <param name="Regulariser">L_reg (Eq. 3).</param>
/// <param name="Instance">L_obj (Eq. 4).</param>
/// <param name="UnlabelledPush">L_Upush (Eq. 6).</param>
/// <param name="Consistency">L_Ucon (Eq. 7).</param>
/// <param name="Foreground">The foreground loss.</param>
public readonly record struct SpocoTerms(
    double Pull, double Push, double Regulariser, double Instance, double UnlabelledPush, double Consistency, double Foreground)
{
    /// <summary>The terms from their columns (<see cref="LossTerm.Column"/>).</summary>
    internal static SpocoTerms Of(Func<int, double> column) => new(
        column((int)CentreTerm.Pull), column((int)CentreTerm.Push), column((int)CentreTerm.Regulariser), column((int)CentreTerm.Instance),
        column((int)CentreTerm.UnlabelledPush), column((int)CentreTerm.Consistency), column(LossTerm.Columns - 1));
}

/// <summary>Name and unweighted value of a further term; 0 where it had nothing to say.</summary>
/// <param name="Name"><see cref="ILossTerm.Name"/>.</param>
/// <param name="Value">Its value for the batch, before it is multiplied by <see cref="ILossTerm.Weight"/>.</param>
public readonly record struct TermValue(string Name, double Value);

/// <summary>The random choices of one evaluation, where they are to be given instead of drawn.</summary>
public sealed record SpocoDraws
{
    /// <summary>Per image the pixels of the anchors, as indices into the image, in the order of drawing; all are used. Null: draw them.</summary>
    public IReadOnlyList<int[]>? Anchors { get; init; }

    /// <summary>Per image the offsets of the affinity variant. Null: draw them.</summary>
    public IReadOnlyList<PixelOffset[]>? Offsets { get; init; }
}

/// <summary>
/// Value and terms of a loss. The values are on their way from the device when the loss returns; whoever asks for them first waits for it.
/// </summary>
public sealed class SpocoLossResult
{
    private SpocoTerms[]? _images;

    internal SpocoLossResult(Tensor total, LossReport report) => (Total, Report) = (total, report);

    /// <summary>The weighted sum of the terms, averaged over the images; a scalar that the embeddings can be differentiated by.</summary>
    public Tensor Total { get; }

    /// <summary>The number that <see cref="Total"/> holds, summed in double precision.</summary>
    public double Value => Report.Total;

    /// <summary>The terms of every image.</summary>
    public IReadOnlyList<SpocoTerms> Images => _images ??= Report.Images;

    /// <summary>The further terms, of the batch.</summary>
    public IReadOnlyList<TermValue> Further => Report.Further;

    /// <summary>Per image the pixels of the anchors that were used, as indices into the image.</summary>
    public IReadOnlyList<int[]> Anchors => Report.Anchors;

    /// <summary>Per image and anchor, how many unlabelled pixels are within delta_v of neither this anchor nor an earlier one.</summary>
    public IReadOnlyList<int[]> Remaining => Report.Remaining;

    /// <summary>Where all of it comes from.</summary>
    internal LossReport Report { get; }

    /// <summary>The terms averaged over the images.</summary>
    public SpocoTerms Mean => new(
        Images.Average(t => t.Pull), Images.Average(t => t.Push), Images.Average(t => t.Regulariser), Images.Average(t => t.Instance),
        Images.Average(t => t.UnlabelledPush), Images.Average(t => t.Consistency), Images.Average(t => t.Foreground));
}
