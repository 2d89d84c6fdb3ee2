namespace Spoco.Kernels;

/// <summary>Settings of Adam (Kingma and Ba 2015, arXiv:1412.6980); the defaults are those of SPOCO (arXiv:2103.14572).</summary>
public sealed record AdamSettings
{
    /// <summary>alpha: step size.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>beta1: decay of the first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>beta2: decay of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the corrected second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>L2 penalty, added to the gradient as WeightDecay times the parameter (not decoupled).</summary>
    public double WeightDecay { get; init; } = 1e-5;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require(LearningRate >= 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "at least 0");
        Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        Require(Epsilon >= 0 && double.IsFinite(Epsilon), nameof(Epsilon), Epsilon, "at least 0");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "at least 0");
    }

    private static void Require(bool holds, string name, double value, string rule)
    {
        if (!holds)
            throw new ArgumentException(FormattableString.Invariant($"Adam: {name} must be {rule}, got {value}."));
    }
}
