using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>What is read back of an evaluation, in one piece: values of every term, values of further terms, and which anchors were used.</summary>
internal sealed class LossReport(
    DeviceRead<float> read, EmbeddingLayout layout, ImageCentres[] images, List<int> candidates, IReadOnlyList<LossTerm> terms, IReadOnlyList<ILossTerm> further)
{
    private int FirstFurther => LossTerm.Columns * layout.Images;

    private int FirstUsed => FirstFurther + further.Count;

    /// <summary>The terms of every image.</summary>
    public SpocoTerms[] Images => [.. Enumerable.Range(0, layout.Images).Select(n => SpocoTerms.Of(column => read.Values[column * layout.Images + n]))];

    /// <summary>The further terms.</summary>
    public TermValue[] Further => [.. further.Select((t, i) => new TermValue(t.Name, read.Values[FirstFurther + i]))];

    /// <summary>The weighted sum.</summary>
    public double Total
    {
        get
        {
            var total = 0.0;
            foreach (var term in terms)
            {
                for (var n = 0; n < layout.Images; n++)
                    total += (double)term.Scale(layout.Images) * read.Values[term.Column * layout.Images + n];
            }

            for (var i = 0; i < further.Count; i++)
                total += (double)further[i].Weight * read.Values[FirstFurther + i];
            return total;
        }
    }

    /// <summary>Per image the pixels of its anchors, within the image.</summary>
    public int[][] Anchors =>
        ByAnchor((image, n, slot) => candidates[image.FirstCandidate + (int)read.Values[FirstUsed + layout.Images + slot]] - n * layout.Pixels);

    /// <summary>Per image and anchor the unlabelled pixels that remain.</summary>
    public int[][] Remaining => ByAnchor((_, _, slot) => (int)read.Values[FirstUsed + layout.Images + images.Sum(i => i.Anchors) + slot]);

    private int[][] ByAnchor(Func<ImageCentres, int, int, int> value) =>
        [.. images.Select((image, n) => Enumerable.Range(image.FirstAnchor, (int)read.Values[FirstUsed + n]).Select(slot => value(image, n, slot)).ToArray())];
}
