using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>
/// How well a segmentation finds the labelled objects of images of which not all objects are labelled. A segment where nothing is labelled is no error: nobody
/// knows; what of a segment lies beside its labelled object counts in the IoU. Everything is counted over the objects of all images together.
/// </summary>
/// <param name="Objects">Labelled objects.</param>
/// <param name="MeanBestIoU">Mean over them of the largest IoU with a segment.</param>
/// <param name="Recall50">Part of them whose largest IoU is at least 0.5.</param>
/// <param name="Split">Objects in pieces: two or more segments lie, each by more than half of itself, within the object, with a tenth of it each.</param>
/// <param name="Merged">Objects that share a segment: one covers more than half of it and more than half of another labelled object.</param>
/// <param name="BackgroundCovered">Part of the pixels that are labelled as background within a segment; null where none are.</param>
internal readonly record struct LabelledScores(
    int Objects, double MeanBestIoU, double Recall50, int Split, int Merged, double? BackgroundCovered)
{
    /// <summary>Scores segmentations; labels are objects above 0, -1 on certain background, and 0 where nothing is known.</summary>
    /// <exception cref="ArgumentException">The sizes of a pair differ.</exception>
    public static LabelledScores Of(IEnumerable<(Volume<int> Labels, Volume<int> Segments)> images)
    {
        var (objects, split, merged, found) = (0, 0, 0, 0);
        var (background, covered) = (0L, 0L);
        var sum = 0.0;
        foreach (var (labels, segments) in images)
        {
            var table = ContingencyTable.Of(labels, segments);
            int[] known = [.. Enumerable.Range(0, table.TruthLabels.Count).Where(t => table.TruthLabels[t] > 0)];
            var overlaps = table.Overlaps.Where(o => table.PredictedLabels[o.Predicted] != 0).ToLookup(o => o.Truth);
            int? Most(int t) => overlaps[t].Where(o => 2 * o.Voxels > table.TruthSizes[t]).Select(o => (int?)o.Predicted).FirstOrDefault();
            var shared = known.Select(Most).OfType<int>().GroupBy(p => p).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet();
            foreach (var t in known)
            {
                var best = overlaps[t].Select(o => o.Voxels / (double)(table.TruthSizes[t] + table.PredictedSizes[o.Predicted] - o.Voxels)).DefaultIfEmpty().Max();
                sum += best;
                found += best >= 0.5 ? 1 : 0;
                split += overlaps[t].Count(o => 2 * o.Voxels > table.PredictedSizes[o.Predicted] && 10 * o.Voxels >= table.TruthSizes[t]) > 1 ? 1 : 0;
                merged += Most(t) is { } segment && shared.Contains(segment) ? 1 : 0;
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
            background == 0 ? null : covered / (double)background);
    }

    /// <summary>What <c>best.safetensors</c> is chosen by: the mean best IoU, less what is segmented of the labelled background.</summary>
    public double Rank => MeanBestIoU - (BackgroundCovered ?? 0);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"of {Objects} labelled objects: mean best IoU {MeanBestIoU:0.000}, recall@0.5 {Recall50:0.000}, split {Split}, merged {Merged}")
        + (BackgroundCovered is { } part ? string.Create(CultureInfo.InvariantCulture, $"; {100 * part:0} % of the labelled background is segmented") : "");
}
