using System.Text.Json.Serialization;
using Spoco.Engine.Scores;

namespace Spoco.Engine.Scores;

/// <summary>
/// Every score of one segmentation against its truth. Where neither has an object only the counts are defined, all other scores are NaN: an image in
/// which there is nothing to find lifts no mean. Where no true object meets a predicted one, AP and SBD are 0 and the adapted Rand error is 1.
/// </summary>
/// <param name="Name">Name of the image.</param>
/// <param name="TruthObjects">Objects in the truth.</param>
/// <param name="PredictedObjects">Objects in the segmentation.</param>
/// <param name="SymmetricBestDice">SBD, CVPPP definition.</param>
/// <param name="DifferenceInCount">|DiC|.</param>
/// <param name="AveragePrecision">AP = TP / (TP + FP + FN) at the IoU thresholds 0.50, 0.55 .. 0.95.</param>
/// <param name="AdaptedRandError">1 - F1 of pairs of voxels, background of the truth left out. NaN also where no object has two voxels.</param>
/// <param name="SplitInformation">VI split, bits.</param>
/// <param name="MergeInformation">VI merge, bits.</param>
public sealed record ImageScores(
    string Name, double TruthObjects, double PredictedObjects, double SymmetricBestDice, double DifferenceInCount,
    IReadOnlyList<double> AveragePrecision, double AdaptedRandError, double SplitInformation, double MergeInformation)
{
    /// <summary>AP at IoU 0.5.</summary>
    public double AveragePrecision50 => AveragePrecision[0];

    /// <summary>AP at IoU 0.75.</summary>
    public double AveragePrecision75 => AveragePrecision[5];

    /// <summary>mAP: mean over the thresholds.</summary>
    public double MeanAveragePrecision => AveragePrecision.Average();

    /// <summary>Whether there is no segmentation of the image: it was scored as an empty one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Missing { get; init; }

    /// <summary>What the average precisions were counted from, a threshold each; empty for a mean.</summary>
    [JsonIgnore]
    public IReadOnlyList<Detection> Detections { get; init; } = [];

    /// <summary>Of a mean: the standard error of <see cref="AveragePrecision50"/>, s / sqrt(n) over its images; NaN of fewer than two.</summary>
    [JsonIgnore]
    public double AveragePrecision50Error { get; init; } = double.NaN;

    /// <summary>Scores one image.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static ImageScores Of(string name, Volume<int> truth, Volume<int> predicted) => Of(name, ContingencyTable.Of(truth, predicted));

    /// <summary>Scores one image by its overlaps.</summary>
    public static ImageScores Of(string name, ContingencyTable table)
    {
        Detection[] detections = [.. Engine.Scores.AveragePrecision.Thresholds.Select(t => Engine.Scores.AveragePrecision.At(table, t))];
        var information = table.TruthObjects + table.PredictedObjects == 0
            ? new VariationOfInformation(double.NaN, double.NaN) : VariationOfInformation.Of(table);
        return new ImageScores(name, table.TruthObjects, table.PredictedObjects,
            Engine.Scores.SymmetricBestDice.Of(table), Math.Abs(Engine.Scores.DifferenceInCount.Of(table)),
            [.. detections.Select(d => d.AveragePrecision)],
            Engine.Scores.AdaptedRandError.Of(table).Error, information.Split, information.Merge) { Detections = detections };
    }

    /// <summary>The mean of every score over the images for which it is defined; NaN where that is none.</summary>
    public static ImageScores Mean(IReadOnlyList<ImageScores> scores) => new("mean",
        Mean(scores, s => s.TruthObjects), Mean(scores, s => s.PredictedObjects), Mean(scores, s => s.SymmetricBestDice),
        Mean(scores, s => s.DifferenceInCount),
        [.. Enumerable.Range(0, scores[0].AveragePrecision.Count).Select(i => Mean(scores, s => s.AveragePrecision[i]))],
        Mean(scores, s => s.AdaptedRandError), Mean(scores, s => s.SplitInformation), Mean(scores, s => s.MergeInformation))
    {
        AveragePrecision50Error = Spread.Of(scores.Select(s => s.AveragePrecision50)).StandardError,
    };

    private static double Mean(IReadOnlyList<ImageScores> scores, Func<ImageScores, double> score) =>
        scores.Select(score).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
}
