namespace Spoco.Engine.Training;

/// <summary>
/// How far a training is: told after every step, on the thread that trains, which goes on when the receiver returns. A receiver may therefore save the training or its model; one that hands
/// reports to another thread, as <see cref="Progress{T}"/> does, may not.
/// </summary>
/// <param name="Training">The training, between two steps.</param>
/// <param name="Step">The step that was done.</param>
/// <param name="Validation">The validation behind it; null = none was due.</param>
/// <param name="ForegroundShare">The share of the pixels that belong to objects, where it was estimated anew.</param>
public sealed record TrainingProgress(SpocoTraining Training, TrainingStep Step, TrainingValidation? Validation, double? ForegroundShare);

/// <summary>Tells somebody of a training at once, on the thread that trains.</summary>
/// <param name="report">Called after every step.</param>
public sealed class TrainingObserver(Action<TrainingProgress> report) : IProgress<TrainingProgress>
{
    /// <inheritdoc/>
    public void Report(TrainingProgress value) => report(value);
}
