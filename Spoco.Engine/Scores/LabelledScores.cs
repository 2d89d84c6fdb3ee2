using System.Globalization;
using Spoco.Engine.Scores;

namespace Spoco.Engine.Scores;

/// <summary>
/// How well a segmentation finds the labelled objects of images of which not all objects are labelled. A segment where nothing is labelled is no error: nobody
/// knows; what of a segment lies beside its labelled object counts in the IoU. Where labels mark only a part of their objects, there is no IoU: a mark is to lie
/// within one segment, which is to hold no other mark. Everything is counted over the objects of all images together.
/// </summary>
/// <param name="Objects">Labelled objects.</param>
/// <param name="Mean">Mean over them of the largest IoU with a segment; of partial labels, of the largest part within a segment, 0 for those that are merged.</param>
/// <param name="Recall">Part of them whose value in that mean is at least 0.5.</param>
/// <param name="Split">Objects in pieces: two or more segments lie, each by more than half of itself, within the object, with a tenth of it each; of partial
/// labels, two or more hold a tenth of it each.</param>
/// <param name="Merged">Objects that share a segment: one covers more than half of it and more than half of another labelled object.</param>
/// <param name="BackgroundCovered">Part of the pixels that are labelled as background within a segment; null where none are.</param>
/// <param name="Partial">Whether labels mark only a part of their objects.</param>
public readonly record struct LabelledScores(
    int Objects, double Mean, double Recall, int Split, int Merged, double? BackgroundCovered, bool Partial = false)
{
    private const double Found = 0.5;

    /// <summary>Scores segmentations; labels are objects above 0, -1 on certain background, and 0 where nothing is known.</summary>
    /// <exception cref="ArgumentException">The sizes of a pair differ.</exception>
    public static LabelledScores Of(IEnumerable<(Volume<int> Labels, Volume<int> Segments)> images, bool partial = false)
    {
        var (objects, split, merged, found) = (0, 0, 0, 0);
        var (background, covered) = (0L, 0L);
        var sum = 0.0;
        foreach (var (labels, segments) in images)
        {
            var table = ContingencyTable.Of(labels, segments);
            var known = Known(table);
            var overlaps = Overlaps(table);
            int? Most(int t) => overlaps[t].Where(o => 2 * o.Voxels > table.TruthSizes[t]).Select(o => (int?)o.Predicted).FirstOrDefault();
            var shared = known.Select(Most).OfType<int>().GroupBy(p => p).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet();
            foreach (var t in known)
            {
                var isMerged = Most(t) is { } segment && shared.Contains(segment);
                var value = !partial ? BestIoU(table, overlaps[t])
                    : isMerged ? 0 : overlaps[t].Select(o => o.Voxels / (double)table.TruthSizes[t]).DefaultIfEmpty().Max();
                sum += value;
                found += value >= Found ? 1 : 0;
                split += overlaps[t].Count(o => (partial || 2 * o.Voxels > table.PredictedSizes[o.Predicted]) && 10 * o.Voxels >= table.TruthSizes[t]) > 1 ? 1 : 0;
                merged += isMerged ? 1 : 0;
            }

            objects += known.Length;
            for (var t = 0; t < table.TruthLabels.Count; t++)
            {
                if (table.TruthLabels[t] >= 0)
                    continue;
                background += table.TruthSizes[t];
                covered += overlaps[t].Sum(o => o.Voxels);
            }
        }

        return new LabelledScores(objects, sum / Math.Max(1, objects), found / (double)Math.Max(1, objects), split, merged,
            background == 0 ? null : covered / (double)background, partial);
    }

    /// <summary>The largest IoU of each labelled object with a segment, by label.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static IEnumerable<double> BestIoUs(Volume<int> labels, Volume<int> segments)
    {
        var table = ContingencyTable.Of(labels, segments);
        var overlaps = Overlaps(table);
        return Known(table).Select(t => BestIoU(table, overlaps[t]));
    }

    /// <summary>What <c>best.safetensors</c> is chosen by: the mean, less what is segmented of the labelled background.</summary>
    public double Rank => Mean - (BackgroundCovered ?? 0);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"of {Objects} {(Partial ? "marked" : "labelled")} objects: ")
        + string.Create(CultureInfo.InvariantCulture, $"{(Partial ? "mean part in a segment of its own" : "mean best IoU")} {Mean:0.000}, ")
        + string.Create(CultureInfo.InvariantCulture, $"recall@{Found} {Recall:0.000}, split {Split}, merged {Merged}")
        + (BackgroundCovered is { } part ? string.Create(CultureInfo.InvariantCulture, $"; {100 * part:0} % of the labelled background is segmented") : "");

    private static int[] Known(ContingencyTable table) => [.. Enumerable.Range(0, table.TruthLabels.Count).Where(t => table.TruthLabels[t] > 0)];

    private static ILookup<int, Overlap> Overlaps(ContingencyTable table) =>
        table.Overlaps.Where(o => table.PredictedLabels[o.Predicted] != 0).ToLookup(o => o.Truth);

    private static double BestIoU(ContingencyTable table, IEnumerable<Overlap> overlaps) => overlaps
        .Select(o => o.Voxels / (double)(table.TruthSizes[o.Truth] + table.PredictedSizes[o.Predicted] - o.Voxels)).DefaultIfEmpty().Max();
}
