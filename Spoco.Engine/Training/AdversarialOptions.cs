using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>
/// The adversarial option (paper, A.1): a critic learns to tell soft masks from true masks (<see cref="Losses.WassersteinLoss"/>), and zeta times its
/// judgement of the soft masks is added to the loss. Defaults are the paper's.
/// </summary>
public sealed record AdversarialOptions
{
    /// <summary>Extents of the patches, [1, D, H, W, 1].</summary>
    public required TensorShape Patch { get; init; }

    /// <summary>2 or 3.</summary>
    public int Dimensions { get; init; } = 2;

    /// <summary>zeta, weight of L_wgan.</summary>
    public float Weight { get; init; } = 0.1f;

    /// <summary>n_critic: steps of the critic, each on a batch of its own, before every step of the embedding network.</summary>
    public int CriticSteps { get; init; } = 5;

    /// <summary>Iterations without critic: at first its gradients would tell nothing.</summary>
    public long WarmUp { get; init; } = 50_000;

    /// <summary>lambda, weight of the gradient penalty.</summary>
    public float PenaltyWeight { get; init; } = 10;

    /// <summary>
    /// Masks per batch, drawn from its labelled objects: each once before any is taken again. A fixed number, so that a batch with many objects
    /// takes no more memory than one with few.
    /// </summary>
    public int Masks { get; init; } = 8;

    /// <summary>Channels of the critic's blocks (Table 4).</summary>
    public IReadOnlyList<int> FeatureMaps { get; init; } = [64, 128, 256, 512];

    /// <summary>The critic's optimiser.</summary>
    public AdamSettings Adam { get; init; } = new() { LearningRate = 1e-4, Beta1 = 0.5, Beta2 = 0.9, WeightDecay = 0 };

    internal CriticOptions Critic => new() { Dimensions = Dimensions, Patch = Patch, FeatureMaps = FeatureMaps };

    /// <summary>
    /// Batches that a training has used when iteration <paramref name="iteration"/> begins: one of every earlier iteration, and the critic's from the
    /// end of the warm-up on.
    /// </summary>
    public long BatchesBefore(long iteration) => iteration + CriticSteps * Math.Max(0, iteration - WarmUp);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(Weight >= 0 && float.IsFinite(Weight), nameof(Weight), Weight, "at least 0");
        Require(PenaltyWeight >= 0 && float.IsFinite(PenaltyWeight), nameof(PenaltyWeight), PenaltyWeight, "at least 0");
        Require(CriticSteps is >= 1 and <= 1000, nameof(CriticSteps), CriticSteps, "from 1 to 1000");
        Require(WarmUp >= 0, nameof(WarmUp), WarmUp, "at least 0");
        Require(Masks is >= 1 and <= 1024, nameof(Masks), Masks, "from 1 to 1024");
        Critic.Validate();
        Adam.Validate();
    }

    private static void Require(bool valid, string name, object value, string rule)
    {
        if (!valid)
            throw new ArgumentException($"Adversarial: {name} must be {rule}, got {FormattableString.Invariant($"{value}")}.");
    }
}
