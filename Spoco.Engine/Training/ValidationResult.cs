using System.Globalization;
using Spoco.Engine.Scores;

namespace Spoco.Engine.Training;

/// <summary>Figures of a validation, means over its images.</summary>
/// <param name="Loss">The training loss on patches that are not augmented.</param>
/// <param name="AveragePrecision50">AP at IoU 0.5 of the segmentation; 0 where not all objects are labelled.</param>
/// <param name="SymmetricBestDice">SBD of the segmentation; 0 where not all objects are labelled.</param>
/// <param name="Segmented">The scores of <see cref="SpocoModel.Segment"/> with its defaults: of a model that is kept as the best, where there are labels.</param>
/// <param name="Labelled">The scores of the labelled objects, where not all are labelled.</param>
public readonly record struct ValidationResult(
    double Loss, double AveragePrecision50, double SymmetricBestDice, SegmentedScores? Segmented = null, LabelledScores? Labelled = null);

/// <summary>Scores of what a model makes of the validation images when nothing else is asked for.</summary>
/// <param name="AveragePrecision50">AP at IoU 0.5.</param>
/// <param name="SymmetricBestDice">Symmetric best Dice, as CVPPP defines it.</param>
/// <param name="Labelled">The scores of the labelled objects instead, where not all are labelled.</param>
/// <param name="Error">Standard error of the AP, a mean over images: the promise is as uncertain as few images are; NaN of fewer than two.</param>
public readonly record struct SegmentedScores(
    double AveragePrecision50, double SymmetricBestDice, LabelledScores? Labelled = null, double Error = double.NaN)
{
    /// <summary>The AP, and its standard error where there is one.</summary>
    public string Precision =>
        string.Create(CultureInfo.InvariantCulture, $"{AveragePrecision50:0.000}") + (double.IsNaN(Error) ? "" : string.Create(CultureInfo.InvariantCulture, $" +- {Error:0.000}"));
}

/// <summary>A validation of a training.</summary>
/// <param name="Iteration">Steps done before it.</param>
/// <param name="Result">Loss and scores.</param>
/// <param name="IsBest">Whether the model was better than those before it.</param>
/// <param name="ForegroundThreshold">What the labelled objects chose: <see cref="SpocoModelOptions.ForegroundThreshold"/>.</param>
/// <param name="MergeDistance">And <see cref="SpocoModelOptions.MergeDistance"/>, with its default filled in.</param>
public sealed record TrainingValidation(long Iteration, ValidationResult Result, bool IsBest, double ForegroundThreshold, double MergeDistance);
