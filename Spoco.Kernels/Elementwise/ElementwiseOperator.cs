using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>A function of two values, applied to every element: a scalar form for GPU kernels and tails, a vector form for SIMD.</summary>
/// <remarks>Implemented by structs; what they need beside the two values (a factor, a slope) are their fields.</remarks>
internal interface IElementwiseOperator
{
    /// <summary>The function.</summary>
    float Apply(float a, float b);

    /// <summary>The same function on a register of values.</summary>
    Vector<float> Apply(Vector<float> a, Vector<float> b);
}

/// <summary>a + b.</summary>
internal readonly record struct AddOperator(int Unused) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a + b;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => a + b;
}

/// <summary>a b.</summary>
internal readonly record struct MultiplyOperator(int Unused) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a * b;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => a * b;
}

/// <summary>a + factor b.</summary>
/// <param name="Factor">The factor.</param>
internal readonly record struct AddScaledOperator(float Factor) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => a + Factor * b;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => a + Factor * b;
}

/// <summary>factor a; the second value is not used.</summary>
/// <param name="Factor">The factor.</param>
internal readonly record struct ScaleOperator(float Factor) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => Factor * a;

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Factor * a;
}
