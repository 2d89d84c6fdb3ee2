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
    double Pull, double Push, double Regulariser, double Instance, double UnlabelledPush, double Consistency, double Foreground);

/// <summary>The random choices of one evaluation, where they are to be given instead of drawn.</summary>
public sealed record SpocoDraws
{
    /// <summary>Per image the pixels of the anchors, as indices into the image, in the order of drawing; all are used. Null: draw them.</summary>
    public IReadOnlyList<int[]>? Anchors { get; init; }

    /// <summary>Per image the offsets of the affinity variant. Null: draw them.</summary>
    public IReadOnlyList<PixelOffset[]>? Offsets { get; init; }
}

/// <summary>A step from a pixel to its partner.</summary>
/// <param name="Z">Slices.</param>
/// <param name="Y">Rows.</param>
/// <param name="X">Columns.</param>
public readonly record struct PixelOffset(int Z, int Y, int X);

/// <summary>Value and terms of a loss.</summary>
public sealed class SpocoLossResult
{
    internal SpocoLossResult(Tensor total, SpocoTerms[] images, IReadOnlyList<int[]> anchors, IReadOnlyList<int[]> remaining)
    {
        Total = total;
        Images = images;
        Anchors = anchors;
        Remaining = remaining;
    }

    /// <summary>The weighted sum of the terms, averaged over the images; a scalar that the embeddings can be differentiated by.</summary>
    public Tensor Total { get; }

    /// <summary>The terms of every image.</summary>
    public IReadOnlyList<SpocoTerms> Images { get; }

    /// <summary>Per image the pixels of the anchors that were used, as indices into the image.</summary>
    public IReadOnlyList<int[]> Anchors { get; }

    /// <summary>Per image and anchor, how many unlabelled pixels are within delta_v of neither this anchor nor an earlier one.</summary>
    public IReadOnlyList<int[]> Remaining { get; }

    /// <summary>The terms averaged over the images.</summary>
    public SpocoTerms Mean => new(
        Images.Average(t => t.Pull), Images.Average(t => t.Push), Images.Average(t => t.Regulariser), Images.Average(t => t.Instance),
        Images.Average(t => t.UnlabelledPush), Images.Average(t => t.Consistency), Images.Average(t => t.Foreground));
}
