using System.Globalization;
using System.Numerics;
using ILGPU.Algorithms;
using ILGPU.Util;

namespace Spoco.Kernels;

/// <summary>The activation functions y = f(x) that operations can apply to their results.</summary>
public enum ActivationKind
{
    /// <summary>y = x.</summary>
    Identity,

    /// <summary>y = x for x > 0, else slope x. Slope 0 is ReLU.</summary>
    LeakyRelu,

    /// <summary>y = x for x > 0, else slope (exp(x) - 1).</summary>
    Elu,
}

/// <summary>
/// An activation function f: all that there is to know about it, for kernels of every device. Its derivatives are written as functions of the output y,
/// so that a layer keeps y alone: f'(x) = 1 for y > 0, else slope (LeakyReLU, ReLU) or y + slope (ELU). At 0 the derivative is that of the negative side,
/// as in PyTorch.
/// </summary>
/// <param name="Kind">Which function.</param>
/// <param name="Slope">Slope of LeakyReLU, alpha of ELU; at least 0, so that y and x have one sign.</param>
public readonly record struct ActivationFunction(ActivationKind Kind, float Slope)
{
    /// <summary>y = x.</summary>
    public static ActivationFunction Identity => default;

    /// <summary>max(x, 0).</summary>
    public static ActivationFunction Relu => new(ActivationKind.LeakyRelu, 0);

    /// <summary>x for x > 0, else <paramref name="slope"/> x.</summary>
    public static ActivationFunction LeakyRelu(float slope = 0.01f) => new(ActivationKind.LeakyRelu, slope);

    /// <summary>x for x > 0, else <paramref name="alpha"/> (exp(x) - 1).</summary>
    public static ActivationFunction Elu(float alpha = 1) => new(ActivationKind.Elu, alpha);

    /// <summary>Whether f is x for x > 0, else <see cref="NegativeSlope"/> x.</summary>
    public bool IsPiecewiseLinear => Kind is ActivationKind.Identity or ActivationKind.LeakyRelu;

    /// <summary>What a piecewise linear function multiplies negative values by.</summary>
    public float NegativeSlope => Kind == ActivationKind.Identity ? 1 : Slope;

    /// <summary>y = f(x).</summary>
    public float Apply(float x) => Kind switch
    {
        ActivationKind.LeakyRelu => x > 0 ? x : Slope * x,
        ActivationKind.Elu => x > 0 ? x : Slope * (XMath.Exp(x) - 1),
        _ => x,
    };

    /// <summary>y = f(x), a register at a time.</summary>
    public Vector<float> Apply(Vector<float> x) => Kind switch
    {
        ActivationKind.LeakyRelu => Select(x, x, Slope * x),
        ActivationKind.Elu => Select(x, x, Slope * (Vector.Exp(x) - Vector<float>.One)),
        _ => x,
    };

    /// <summary>f'(x) at y = f(x).</summary>
    // Without a branch: kernels differentiate in their loops.
    public float Derivative(float y) => Utilities.Select((y > 0) | (Kind == ActivationKind.Identity), 1, Utilities.Select(Kind == ActivationKind.Elu, y + Slope, Slope));

    /// <summary>f'(x) at y = f(x), a register at a time.</summary>
    public Vector<float> Derivative(Vector<float> y) => Kind switch
    {
        ActivationKind.LeakyRelu => Select(y, Vector<float>.One, new Vector<float>(Slope)),
        ActivationKind.Elu => Select(y, Vector<float>.One, y + new Vector<float>(Slope)),
        _ => Vector<float>.One,
    };

    /// <summary>f'(x), as a function of y, derived <paramref name="order"/> times with respect to y; at least once.</summary>
    public float DerivativeByOutput(float y, int order) => Kind == ActivationKind.Elu && order == 1 && !(y > 0) ? 1 : 0;

    /// <summary>f'(x), as a function of y, derived <paramref name="order"/> times with respect to y, a register at a time.</summary>
    public Vector<float> DerivativeByOutput(Vector<float> y, int order) =>
        Kind == ActivationKind.Elu && order == 1 ? Select(y, Vector<float>.Zero, Vector<float>.One) : Vector<float>.Zero;

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ActivationKind.LeakyRelu => Slope == 0 ? "ReLU" : string.Create(CultureInfo.InvariantCulture, $"LeakyReLU {Slope}"),
        ActivationKind.Elu => string.Create(CultureInfo.InvariantCulture, $"ELU {Slope}"),
        _ => "identity",
    };

    /// <summary>Above where v > 0, else below.</summary>
    private static Vector<float> Select(Vector<float> v, Vector<float> above, Vector<float> below) =>
        Vector.ConditionalSelect(Vector.GreaterThan(v, Vector<float>.Zero), above, below);
}
