namespace Spoco.Engine.Training;

/// <summary>How far a training is; with the arrays of a checkpoint, all that its next step depends on.</summary>
/// <param name="Iteration">Steps done.</param>
/// <param name="Schedule">What the learning rate's schedule remembers.</param>
/// <param name="Critic">How far the critic is.</param>
/// <param name="ForegroundShare">pi of the foreground loss; null = the one of the options, as earlier versions had it.</param>
internal sealed record TrainingState(long Iteration, ScheduleState Schedule, CriticProgress Critic, double? ForegroundShare = null);
