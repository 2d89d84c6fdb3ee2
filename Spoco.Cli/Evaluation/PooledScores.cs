using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>
/// Detections over all objects of all images at once: an image counts as much as it has objects. All numbers but the counts are NaN where no image
/// has an object on either side.
/// </summary>
/// <param name="Images">How many images.</param>
/// <param name="TruthObjects">Objects in the truth of all images.</param>
/// <param name="PredictedObjects">Objects in all segmentations.</param>
/// <param name="AveragePrecision">TP / (TP + FP + FN) at the IoU thresholds 0.50, 0.55 .. 0.95, as the rest.</param>
/// <param name="Precision">TP / (TP + FP).</param>
/// <param name="Recall">TP / (TP + FN).</param>
/// <param name="F1">2 TP / (2 TP + FP + FN).</param>
internal sealed record PooledScores(
    int Images, double TruthObjects, double PredictedObjects,
    IReadOnlyList<double> AveragePrecision, IReadOnlyList<double> Precision, IReadOnlyList<double> Recall, IReadOnlyList<double> F1)
{
    /// <summary>mAP: mean over the thresholds.</summary>
    public double MeanAveragePrecision => AveragePrecision.Average();

    public static PooledScores Of(IReadOnlyList<ImageScores> scores)
    {
        Detection[] sums = [.. Enumerable.Range(0, scores[0].Detections.Count).Select(i => scores.Select(s => s.Detections[i]).Aggregate(Add))];
        return new PooledScores(scores.Count, scores.Sum(s => s.TruthObjects), scores.Sum(s => s.PredictedObjects),
            Of(d => d.AveragePrecision), Of(d => d.Precision), Of(d => d.Recall), Of(d => d.F1));

        double[] Of(Func<Detection, double> score) => [.. sums.Select(score)];
    }

    private static Detection Add(Detection a, Detection b) => new(a.Threshold, checked(a.TruePositives + b.TruePositives),
        checked(a.FalsePositives + b.FalsePositives), checked(a.FalseNegatives + b.FalseNegatives));
}
