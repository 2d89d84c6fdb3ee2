using System.Numerics;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>a / b.</summary>
internal readonly record struct DivideOperator(int Unused) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a / b;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => a / b;
}

/// <summary>exp(a); the second value is not used.</summary>
internal readonly record struct ExponentialOperator(int Unused) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => XMath.Exp(a);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Vector.Exp(a);
}

/// <summary>The natural logarithm of a; the second value is not used.</summary>
internal readonly record struct LogarithmOperator(int Unused) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => XMath.Log(a);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Vector.Log(a);
}

/// <summary>The square root of a; the second value is not used.</summary>
internal readonly record struct SquareRootOperator(int Unused) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => XMath.Sqrt(a);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Vector.SquareRoot(a);
}
