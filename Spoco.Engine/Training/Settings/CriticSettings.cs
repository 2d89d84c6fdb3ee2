using System.Text.Json.Serialization;

namespace Spoco.Engine.Training;

/// <summary>The critic that may judge the soft masks (paper, A.1).</summary>
public sealed record CriticSettings
{
    /// <summary>Whether a critic judges the soft masks; without it the other settings have no effect.</summary>
    [JsonPropertyName("Adversarial")]
    public bool Enabled { get; init; }

    /// <summary>zeta: weight of its judgement.</summary>
    [JsonPropertyName("AdversarialWeight")]
    public double Weight { get; init; } = 0.1;

    /// <summary>n_critic: its steps before every training step.</summary>
    [JsonPropertyName("CriticSteps")]
    public int Steps { get; init; } = 5;

    /// <summary>Training steps before it begins.</summary>
    [JsonPropertyName("AdversarialWarmUp")]
    public int WarmUp { get; init; } = 50_000;

    /// <summary>Weight of its gradient penalty.</summary>
    public double PenaltyWeight { get; init; } = 10;

    /// <summary>Masks of a batch that it sees.</summary>
    [JsonPropertyName("CriticMasks")]
    public int Masks { get; init; } = 8;

    /// <summary>Feature maps of each of its blocks.</summary>
    [JsonPropertyName("CriticMaps")]
    public int[] Maps { get; init; } = [64, 128, 256, 512];

    /// <summary>Its learning rate.</summary>
    [JsonPropertyName("CriticRate")]
    public double LearningRate { get; init; } = 1e-4;
}
