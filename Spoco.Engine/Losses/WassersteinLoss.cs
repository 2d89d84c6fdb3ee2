using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>What a critic thinks of a batch of masks.</summary>
/// <param name="Real">Mean score of the real masks.</param>
/// <param name="Fake">Mean score of the fake ones.</param>
/// <param name="Penalty">mean (|g| - 1)^2, without its weight.</param>
public readonly record struct CriticLoss(double Real, double Fake, double Penalty)
{
    /// <summary>The loss for a weight of the penalty.</summary>
    public double Total(double penaltyWeight) => Fake - Real + penaltyWeight * Penalty;
}

/// <summary>
/// Wasserstein loss with gradient penalty (WGAN-GP; Gulrajani et al. 2017; the paper's A.1): the critic D learns to score real masks above fake ones,
/// <code>
/// V_D = mean D(fake) - mean D(real) + lambda mean (|grad D(x)| - 1)^2,   x = epsilon real + (1 - epsilon) fake,   epsilon uniform in [0, 1] per mask
/// V_G = -mean D(fake)
/// </code>
/// and the embedding network, whose soft masks are the fakes, learns to raise D(fake).
/// </summary>
public static class WassersteinLoss
{
    /// <summary>Evaluates V_D and adds its gradient to that of the critic's parameters.</summary>
    /// <param name="critic">The critic D.</param>
    /// <param name="real">[N, D, H, W, 1].</param>
    /// <param name="fake">As many masks; no gradient flows into them.</param>
    /// <param name="epsilon">N numbers in [0, 1].</param>
    /// <param name="penaltyWeight">lambda; 10 in the paper.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or an epsilon is outside [0, 1].</exception>
    public static CriticLoss Critic(Critic critic, Tensor real, Tensor fake, ReadOnlySpan<float> epsilon, float penaltyWeight = 10)
    {
        ArgumentNullException.ThrowIfNull(critic);
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(fake);
        if (fake.Shape != real.Shape || epsilon.Length != real.Shape.N)
            throw new ArgumentException($"WassersteinLoss: real masks {real.Shape}, fake ones {fake.Shape} and {epsilon.Length} mixing numbers do not fit.");
        foreach (var e in epsilon)
        {
            if (e is not (>= 0 and <= 1))
                throw new ArgumentException($"WassersteinLoss: mixing numbers lie in [0, 1], got {e}.");
        }

        using var scope = new TensorScope();
        var realScore = Reduction.Mean(critic.Forward(real.Detach()));
        var fakeScore = Reduction.Mean(critic.Forward(fake.Detach()));
        Gradients.Backward(Elementwise.AddScaled(fakeScore, realScore, -1));
        return new CriticLoss(realScore.ToScalar(), fakeScore.ToScalar(), Penalise(critic, real, fake, epsilon, penaltyWeight));
    }

    /// <summary>V_G; its gradient flows into the masks, not into the critic.</summary>
    /// <param name="critic">The critic D.</param>
    /// <param name="fake">[N, D, H, W, 1].</param>
    /// <returns>A scalar.</returns>
    public static Tensor Generator(Critic critic, Tensor fake)
    {
        ArgumentNullException.ThrowIfNull(critic);
        using var scope = new TensorScope();
        return scope.Keep(Elementwise.Scale(Reduction.Mean(critic.Forward(fake, trained: false)), -1));
    }

    /// <summary>
    /// The penalty's gradient with respect to the parameters is the derivative of g in the direction dP/dg: g is computed with its graph and
    /// differentiated again with that direction, so neither norms nor squares need to be recorded.
    /// </summary>
    private static double Penalise(Critic critic, Tensor real, Tensor fake, ReadOnlySpan<float> epsilon, float weight)
    {
        using var scope = new TensorScope();
        var images = real.Shape.N;
        var mixing = Tensor.From(real.Device, TensorShape.Vector(images), epsilon);
        var x = Tensor.Empty(real.Device, real.Shape, nameof(WassersteinLoss));
        Primitives.GradientPenalty.Mix(real.Buffer, fake.Buffer, mixing.Buffer, x.Buffer);
        x.WithGradient();
        var g = Gradients.Of(Reduction.Sum(critic.Forward(x)), [x], createGraph: true)[0];
        var norms = Tensor.Empty(real.Device, TensorShape.Vector(images), nameof(WassersteinLoss));
        var direction = Tensor.Empty(real.Device, g.Shape, nameof(WassersteinLoss));
        Primitives.GradientPenalty.Direction(g.Buffer, norms.Buffer, direction.Buffer, weight / images);
        Gradients.Backward(g, direction);
        return norms.ToArray().Average(norm => (norm - 1.0) * (norm - 1.0));
    }
}
