using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>Choices of a training that do not change the model's architecture. Defaults are the paper's where it states one.</summary>
public sealed record TrainingOptions
{
    /// <summary>Weights and variants of the loss; the margins and whether there is a foreground channel are the model's.</summary>
    public SpocoLossOptions Loss { get; init; } = new();

    /// <summary>Terms of the user's that are added to the loss, in training and in validation, and reported with it (<see cref="TrainingStep.Further"/>).</summary>
    public IReadOnlyList<ILossTerm> FurtherTerms { get; init; } = [];

    /// <summary>Where the weights of g come from.</summary>
    public GNetwork GNetwork { get; init; } = GNetwork.Momentum;

    /// <summary>m of the momentum update theta_g = m theta_g + (1 - m) theta_f; 0.999 in the paper (A.6).</summary>
    public double Momentum { get; init; } = 0.999;

    /// <summary>The adversarial option; null = off. The paper then also trains f with Adam's betas 0.5 and 0.9 and a learning rate of 1e-4.</summary>
    public AdversarialOptions? Adversarial { get; init; }

    /// <summary>Adam's coefficients; the learning rate is the schedule's.</summary>
    public AdamSettings Adam { get; init; } = new();

    /// <summary>The learning rate of every iteration.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Seed of the initial parameters, the patches and the anchors.</summary>
    public long Seed { get; init; } = 1;
}
