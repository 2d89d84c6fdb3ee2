using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Activation functions and their gradients.</summary>
internal static class Activation
{
    /// <summary>y = f(x); y may be x.</summary>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void Forward(ActivationFunction function, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        Elementwise.Apply(x, x, y, new ActivationOperator(function));

    /// <summary>dx = dy f'(x), from the output y; dx may be dy.</summary>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void Backward(ActivationFunction function, DeviceBuffer<float> dy, DeviceBuffer<float> y, DeviceBuffer<float> dx) =>
        Elementwise.Apply(dy, y, dx, new ActivationGradientOperator(function));

    /// <summary>dx = dy g(y), g the derivative of f'(x) of this order with respect to y, at least 1; dx may be dy.</summary>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void BackwardByOutput(ActivationFunction function, int order, DeviceBuffer<float> dy, DeviceBuffer<float> y, DeviceBuffer<float> dx) =>
        Elementwise.Apply(dy, y, dx, new ActivationHigherGradientOperator(function, order));
}

/// <summary>f(a).</summary>
/// <param name="Function">f.</param>
internal readonly record struct ActivationOperator(ActivationFunction Function) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => Function.Apply(a);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Function.Apply(a);
}

/// <summary>a f': gradient a through an output b.</summary>
/// <param name="Function">f.</param>
internal readonly record struct ActivationGradientOperator(ActivationFunction Function) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a * Function.Derivative(b);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => a * Function.Derivative(b);
}

/// <summary>a times a derivative of f' with respect to the output b.</summary>
/// <param name="Function">f.</param>
/// <param name="Order">How often f' is derived, at least once.</param>
internal readonly record struct ActivationHigherGradientOperator(ActivationFunction Function, int Order) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a * Function.DerivativeByOutput(b, Order);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => a * Function.DerivativeByOutput(b, Order);
}
