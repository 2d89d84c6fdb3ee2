using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>
/// What is read back of an evaluation, in one piece: findings of whoever asked for room for them, values of every term, values of further terms, and which anchors were used.
/// </summary>
internal sealed class LossReport(
    Tensor report, int findings, EmbeddingLayout layout, ImageCentres[] images, List<int> candidates, IReadOnlyList<LossTerm> terms, IReadOnlyList<ILossTerm> further)
{
    private DeviceRead<float>? _read;

    /// <summary>Numbers on the device, 0 at first, for others to write until <see cref="BeginRead"/>.</summary>
    public DeviceBuffer<int> Findings => report.Buffer.Slice(0, findings).Cast<int>();

    /// <summary>The values that <see cref="Total"/> is the sum of, on the device until <see cref="BeginRead"/>.</summary>
    public DeviceBuffer<float> Values => report.Buffer.Slice(findings, FirstUsed - findings);

    /// <summary>The terms of every image.</summary>
    public SpocoTerms[] Images => [.. Enumerable.Range(0, layout.Images).Select(n => SpocoTerms.Of(column => Read(findings + column * layout.Images + n)))];

    /// <summary>The further terms.</summary>
    public TermValue[] Further => [.. further.Select((t, i) => new TermValue(t.Name, Read(FirstFurther + i)))];

    /// <summary>The weighted sum.</summary>
    public double Total
    {
        get
        {
            var total = 0.0;
            foreach (var term in terms)
            {
                for (var n = 0; n < layout.Images; n++)
                    total += (double)term.Scale(layout.Images) * Read(findings + term.Column * layout.Images + n);
            }

            for (var i = 0; i < further.Count; i++)
                total += (double)further[i].Weight * Read(FirstFurther + i);
            return total;
        }
    }

    /// <summary>Per image the pixels of its anchors, within the image.</summary>
    public int[][] Anchors => ByAnchor((image, n, slot) => candidates[image.FirstCandidate + (int)Read(FirstUsed + layout.Images + slot)] - n * layout.Pixels);

    /// <summary>Per image and anchor the unlabelled pixels that remain.</summary>
    public int[][] Remaining => ByAnchor((_, _, slot) => (int)Read(FirstUsed + layout.Images + images.Sum(i => i.Anchors) + slot));

    private int FirstFurther => findings + LossTerm.Columns * layout.Images;

    private int FirstUsed => FirstFurther + further.Count;

    /// <summary>Begins to copy all of it to the host, and returns the memory on the device. The first one who asks for a number waits.</summary>
    public void BeginRead()
    {
        _read = report.Buffer.BeginRead();
        report.Dispose();
    }

    /// <summary>What was found.</summary>
    public bool Found(int finding) => BitConverter.SingleToInt32Bits(Read(finding)) != 0;

    private float Read(int index) => _read!.Values[index];

    private int[][] ByAnchor(Func<ImageCentres, int, int, int> value) =>
        [.. images.Select((image, n) => Enumerable.Range(image.FirstAnchor, (int)Read(FirstUsed + n)).Select(slot => value(image, n, slot)).ToArray())];
}
