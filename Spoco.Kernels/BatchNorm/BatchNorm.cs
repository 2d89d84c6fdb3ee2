using System.Numerics;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) adds to <see cref="GroupNorm"/>: with <see cref="GroupNormShape.OfBatch"/>
/// the latter computes it in training; in evaluation the running averages take the place of the batch statistics.
/// </summary>
internal static class BatchNorm
{
    /// <summary>rstd = 1 / sqrt(variance + eps) of running averages.</summary>
    /// <exception cref="ArgumentException">Lengths or devices differ.</exception>
    public static void ReciprocalDeviation(DeviceBuffer<float> runningVariance, float eps, DeviceBuffer<float> rstd) =>
        Elementwise.Apply(runningVariance, runningVariance, rstd, new ReciprocalRootOperator(eps));
}

/// <summary>1 / sqrt(a + eps); the second value is not used.</summary>
/// <param name="Eps">Added under the root.</param>
internal readonly record struct ReciprocalRootOperator(float Eps) : IElementwiseOperator
{
    /// <inheritdoc/>
    public float Apply(float a, float b) => 1 / XMath.Sqrt(a + Eps);

    /// <inheritdoc/>
    public Vector<float> Apply(Vector<float> a, Vector<float> b) => Vector<float>.One / Vector.SquareRoot(a + new Vector<float>(Eps));
}
