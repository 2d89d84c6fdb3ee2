using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Element by element on ILGPU devices: one thread per element, neighbours read neighbouring addresses.</summary>
internal static class ElementwiseSimt
{
    public static void Apply<TOperator>(Index1D i, ArrayView<float> a, ArrayView<float> b, ArrayView<float> y, TOperator function)
        where TOperator : unmanaged, IElementwiseOperator => y[i] = function.Apply(a[i], b[i]);

    public static void Fill(Index1D i, ArrayView<float> y, float value) => y[i] = value;
}
