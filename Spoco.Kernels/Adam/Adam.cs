namespace Spoco.Kernels.Primitives;

/// <summary>
/// Adam as torch.optim.Adam computes it, over all parameters in one sweep: g += decay p, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// p -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps). In the same sweep gradients can be cleared, and a second network can follow the new
/// parameters as with <see cref="MomentumUpdate"/>.
/// </summary>
internal static class Adam
{
    /// <summary>The choice depends on the number of parameters.</summary>
    internal static readonly Chooser<AdamAlgorithm, long> Chooser = new(nameof(Adam), new AdamHost(), new AdamSimt());

    /// <summary>One step.</summary>
    /// <param name="parameters">p, updated.</param>
    /// <param name="gradients">Gradient of the loss; cleared where asked for, else left as it is.</param>
    /// <param name="firstMoment">m, updated; zero before the first step.</param>
    /// <param name="secondMoment">v, updated; zero before the first step.</param>
    /// <param name="settings">alpha, beta1, beta2, eps and the weight decay.</param>
    /// <param name="step">t, counted from 1.</param>
    /// <param name="clearGradients">Sets the gradients to zero in the same sweep, ready for the next accumulation.</param>
    /// <param name="follower">q = momentum q + (1 - momentum) p with the new p; default = none.</param>
    /// <param name="momentum">Weight of the follower's past, in [0, 1].</param>
    /// <param name="findings">What speaks against the step: where one of these is not 0, nothing is changed, and no gradient cleared; default = nothing.</param>
    /// <exception cref="ArgumentException">Lengths or devices differ, the step is below 1, or a setting is out of range.</exception>
    public static void Step(
        DeviceBuffer<float> parameters, DeviceBuffer<float> gradients, DeviceBuffer<float> firstMoment, DeviceBuffer<float> secondMoment,
        AdamSettings settings, int step, bool clearGradients = true, DeviceBuffer<float> follower = default, double momentum = 0.999,
        DeviceBuffer<int> findings = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        MomentumUpdate.RequireMomentum(momentum);
        if (step < 1)
            throw new ArgumentException($"Adam: steps count from 1, got {step}.");
        var count = parameters.Length;
        new Arguments(nameof(Adam), parameters.Device).Need(gradients, count, "gradients").Need(firstMoment, count, "the first moment")
            .Need(secondMoment, count, "the second moment").Allow(follower, count, "the follower").Allow(findings, findings.Length, "the findings");
        Chooser.For(parameters.Device, count).Step(
            parameters, gradients, firstMoment, secondMoment, follower, AdamFactors.Of(settings, step, momentum), clearGradients, findings);
    }
}

/// <summary>The numbers of one step, worked out in double precision.</summary>
/// <param name="Decay">Weight decay.</param>
/// <param name="Beta1">beta1.</param>
/// <param name="OneMinusBeta1">1 - beta1.</param>
/// <param name="Beta2">beta2.</param>
/// <param name="OneMinusBeta2">1 - beta2.</param>
/// <param name="Rate">rate / (1 - beta1^t).</param>
/// <param name="Root">1 / sqrt(1 - beta2^t).</param>
/// <param name="Epsilon">eps.</param>
/// <param name="Follow">What the follower keeps of its past, and takes of the parameters.</param>
internal readonly record struct AdamFactors(
    float Decay, float Beta1, float OneMinusBeta1, float Beta2, float OneMinusBeta2, float Rate, float Root, float Epsilon, BlendOperator Follow)
{
    internal static AdamFactors Of(AdamSettings s, int step, double momentum) => new(
        (float)s.WeightDecay, (float)s.Beta1, (float)(1 - s.Beta1), (float)s.Beta2, (float)(1 - s.Beta2),
        (float)(s.LearningRate / (1 - Math.Pow(s.Beta1, step))), (float)(1 / Math.Sqrt(1 - Math.Pow(s.Beta2, step))), (float)s.Epsilon,
        new BlendOperator((float)momentum, (float)(1 - momentum)));
}
