namespace Spoco.Engine.Training;

/// <summary>Losses and validations of a training.</summary>
/// <param name="Iterations">Steps done in all, also before it was interrupted.</param>
/// <param name="Best">The best validation so far; null = none yet.</param>
/// <param name="Losses">The loss of every step of this run.</param>
/// <param name="Validations">The validations of this run.</param>
public sealed record TrainingReport(long Iterations, ValidationResult? Best, IReadOnlyList<double> Losses, IReadOnlyList<TrainingValidation> Validations)
{
    /// <summary>
    /// What the best model is expected to reach on other images, with its defaults: AP at IoU 0.5 of the validation images or, where not all of their objects are labelled, the mean best IoU of those
    /// that are; null without labels to compare with.
    /// </summary>
    public double? ExpectedScore => Best?.Segmented is { } scores ? scores.Labelled?.Mean ?? scores.AveragePrecision50 : null;

    /// <summary>Mean time that a thread took for the patches of a step, beside the training.</summary>
    public TimeSpan FillTime { get; init; }

    /// <summary>How long the training has waited for patches in all.</summary>
    public TimeSpan WaitTime { get; init; }

    /// <summary>Mean time of a step, validations included and waiting left aside.</summary>
    public TimeSpan StepTime { get; init; }
}

/// <summary>A trained model, and how it came to be.</summary>
/// <param name="Model">The best model; the caller disposes it.</param>
/// <param name="Report">The training's report.</param>
public sealed record TrainedModel(SpocoModel Model, TrainingReport Report);
