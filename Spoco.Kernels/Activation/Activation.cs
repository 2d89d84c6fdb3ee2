using System.Numerics;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>Activation functions and their gradients.</summary>
public static class Activation
{
    /// <summary>y = f(x); y may be x.</summary>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void Forward(ActivationFunction function, DeviceBuffer<float> x, DeviceBuffer<float> y)
    {
        switch (function.Kind)
        {
            case ActivationKind.LeakyRelu:
                Elementwise.Apply(x, x, y, new LeakyReluOperator(function.Slope));
                break;
            case ActivationKind.Elu:
                Elementwise.Apply(x, x, y, new EluOperator(function.Slope));
                break;
            default:
                Elementwise.Apply(x, x, y, new ScaleOperator(1));
                break;
        }
    }

    /// <summary>dx = dy f'(x), from the output y; dx may be dy.</summary>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void Backward(ActivationFunction function, DeviceBuffer<float> dy, DeviceBuffer<float> y, DeviceBuffer<float> dx)
    {
        switch (function.Kind)
        {
            case ActivationKind.LeakyRelu:
                Elementwise.Apply(dy, y, dx, new LeakyReluGradientOperator(function.Slope));
                break;
            case ActivationKind.Elu:
                Elementwise.Apply(dy, y, dx, new EluGradientOperator(function.Slope));
                break;
            default:
                Elementwise.Apply(dy, y, dx, new ScaleOperator(1));
                break;
        }
    }
}

/// <summary>a for a > 0, else slope a.</summary>
/// <param name="Slope">Slope of the negative side.</param>
public readonly record struct LeakyReluOperator(float Slope) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a > 0 ? a : Slope * a;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.GreaterThan(a, Vector<float>.Zero), a, Slope * a);
}

/// <summary>a for b > 0, else slope a: gradient a through an output b.</summary>
/// <param name="Slope">Slope of the negative side.</param>
public readonly record struct LeakyReluGradientOperator(float Slope) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => b > 0 ? a : Slope * a;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.GreaterThan(b, Vector<float>.Zero), a, Slope * a);
}

/// <summary>a for a > 0, else alpha (exp(a) - 1).</summary>
/// <param name="Alpha">Limit of the negative side.</param>
public readonly record struct EluOperator(float Alpha) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a > 0 ? a : Alpha * (XMath.Exp(a) - 1);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.GreaterThan(a, Vector<float>.Zero), a, Alpha * (Vector.Exp(a) - Vector<float>.One));
}

/// <summary>a for b > 0, else a (b + alpha): gradient a through an ELU output b.</summary>
/// <param name="Alpha">Limit of the negative side.</param>
public readonly record struct EluGradientOperator(float Alpha) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => b > 0 ? a : a * (b + Alpha);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.GreaterThan(b, Vector<float>.Zero), a, a * (b + new Vector<float>(Alpha)));
}
