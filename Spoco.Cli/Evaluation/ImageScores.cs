using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>Every score of one segmentation against its truth.</summary>
/// <param name="Name">The image.</param>
/// <param name="TruthObjects">Objects in the truth.</param>
/// <param name="PredictedObjects">Objects in the segmentation.</param>
/// <param name="SymmetricBestDice">SBD, CVPPP definition.</param>
/// <param name="DifferenceInCount">|DiC|.</param>
/// <param name="AveragePrecision">AP = TP / (TP + FP + FN) at the IoU thresholds 0.50, 0.55 .. 0.95.</param>
/// <param name="AdaptedRandError">1 - F1 of pairs of voxels, background of the truth left out.</param>
/// <param name="SplitInformation">VI split, nats.</param>
/// <param name="MergeInformation">VI merge, nats.</param>
internal sealed record ImageScores(
    string Name, double TruthObjects, double PredictedObjects, double SymmetricBestDice, double DifferenceInCount,
    IReadOnlyList<double> AveragePrecision, double AdaptedRandError, double SplitInformation, double MergeInformation)
{
    /// <summary>AP at IoU 0.5.</summary>
    public double AveragePrecision50 => AveragePrecision[0];

    /// <summary>AP at IoU 0.75.</summary>
    public double AveragePrecision75 => AveragePrecision[5];

    /// <summary>mAP: mean over the thresholds.</summary>
    public double MeanAveragePrecision => AveragePrecision.Average();

    /// <summary>Scores one image.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static ImageScores Of(string name, Volume<int> truth, Volume<int> predicted)
    {
        var table = ContingencyTable.Of(truth, predicted);
        var information = VariationOfInformation.Of(table);
        return new ImageScores(name, table.TruthObjects, table.PredictedObjects,
            Engine.Scores.SymmetricBestDice.Of(table), Math.Abs(Engine.Scores.DifferenceInCount.Of(table)),
            [.. Engine.Scores.AveragePrecision.Thresholds.Select(t => Engine.Scores.AveragePrecision.At(table, t).AveragePrecision)],
            Engine.Scores.AdaptedRandError.Of(table).Error, information.Split, information.Merge);
    }

    /// <summary>The mean of every score.</summary>
    public static ImageScores Mean(IReadOnlyList<ImageScores> scores) => new("mean",
        scores.Average(s => s.TruthObjects), scores.Average(s => s.PredictedObjects), scores.Average(s => s.SymmetricBestDice),
        scores.Average(s => s.DifferenceInCount),
        [.. Enumerable.Range(0, scores[0].AveragePrecision.Count).Select(i => scores.Average(s => s.AveragePrecision[i]))],
        scores.Average(s => s.AdaptedRandError), scores.Average(s => s.SplitInformation), scores.Average(s => s.MergeInformation));
}
