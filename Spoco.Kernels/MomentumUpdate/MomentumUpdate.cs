using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The exponential moving average that makes SPOCO's second network g from f (arXiv:2103.14572; He et al. 2020, arXiv:1911.05722).</summary>
internal static class MomentumUpdate
{
    /// <summary>g = momentum g + (1 - momentum) f, in place.</summary>
    /// <param name="g">The average.</param>
    /// <param name="f">What it follows, as many values.</param>
    /// <param name="momentum">Weight of the past, in [0, 1]; SPOCO: 0.999.</param>
    /// <exception cref="ArgumentException">Lengths or devices differ, or the momentum is out of range.</exception>
    public static void Apply(DeviceBuffer<float> g, DeviceBuffer<float> f, double momentum)
    {
        RequireMomentum(momentum);
        Elementwise.Apply(g, f, g, new BlendOperator((float)momentum, (float)(1 - momentum)));
    }

    internal static void RequireMomentum(double momentum)
    {
        if (momentum is not (>= 0 and <= 1))
            throw new ArgumentException(FormattableString.Invariant($"MomentumUpdate: the momentum must be in [0, 1], got {momentum}."));
    }
}

/// <summary>keep a + take b. Both weights are given: 1 - 0.999 in single precision has an error of 5e-5.</summary>
/// <param name="Keep">Weight of a.</param>
/// <param name="Take">Weight of b.</param>
internal readonly record struct BlendOperator(float Keep, float Take) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => Keep * a + Take * b;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Keep * a + Take * b;
}
