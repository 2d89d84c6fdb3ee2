using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>For how many images a score is undefined, and so left out of its mean.</summary>
/// <param name="AveragePrecision">AP at every threshold and mAP.</param>
/// <param name="SymmetricBestDice">SBD.</param>
/// <param name="AdaptedRandError">Adapted Rand error.</param>
/// <param name="VariationOfInformation">VI split and merge.</param>
internal sealed record UndefinedScores(int AveragePrecision, int SymmetricBestDice, int AdaptedRandError, int VariationOfInformation)
{
    public static UndefinedScores Of(IReadOnlyList<ImageScores> scores) => new(
        scores.Count(s => double.IsNaN(s.AveragePrecision50)), scores.Count(s => double.IsNaN(s.SymmetricBestDice)),
        scores.Count(s => double.IsNaN(s.AdaptedRandError)), scores.Count(s => double.IsNaN(s.SplitInformation)));

    /// <summary>The counts as a line, such as <c>AP in 1 of 3 images, SBD in 1</c>; empty where every score is defined.</summary>
    public string Describe(int images)
    {
        var parts = new[] { ("AP", AveragePrecision), ("SBD", SymmetricBestDice), ("ARE", AdaptedRandError), ("VI", VariationOfInformation) }
            .Where(part => part.Item2 > 0).Select(part => $"{part.Item1} in {part.Item2}");
        return string.Join(", ", parts) is { Length: > 0 } text ? $"{text} of {images} images" : "";
    }
}
