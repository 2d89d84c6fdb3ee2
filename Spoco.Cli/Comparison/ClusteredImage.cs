using Spoco.Engine.Scores;

namespace Spoco.Cli.Comparison;

/// <summary>What a clustering made of an image.</summary>
/// <param name="Method">Its name.</param>
/// <param name="Scores">The scores of the segmentation, under the image's name.</param>
/// <param name="Seconds">What the clustering took.</param>
internal sealed record ClusteredImage(string Method, ImageScores Scores, double Seconds)
{
    /// <summary>What is compared, by the names that tables have for it, and how it is written.</summary>
    public static readonly (string Name, Func<ClusteredImage, double> Of, string Format)[] Columns =
    [
        ("SBD", r => r.Scores.SymmetricBestDice, "0.000"), ("|DiC|", r => r.Scores.DifferenceInCount, "0.0"), ("Adapted Rand error", r => r.Scores.AdaptedRandError, "0.000"),
        ("AP@0.5", r => r.Scores.AveragePrecision50, "0.000"), ("mAP", r => r.Scores.MeanAveragePrecision, "0.000"), ("t [s]", r => r.Seconds, "0.000"),
    ];
}
