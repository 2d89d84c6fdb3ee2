using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What happens along one axis: a tile of neighbouring results is a sum of products, one for each of up to four frequencies, of transformed inputs and
/// transformed weights. Values of frequency f lie f strides apart; frequencies that an axis does not have are skipped, not closed up.
/// </summary>
internal unsafe interface IWinogradAxis
{
    /// <summary>Input values of a tile.</summary>
    static abstract int Window { get; }

    /// <summary>Input values from the first of a tile to the first of the next.</summary>
    static abstract int Step { get; }

    /// <summary>Results of a tile.</summary>
    static abstract int Results { get; }

    /// <summary>One past the last frequency.</summary>
    static abstract int Frequencies { get; }

    /// <summary>Whether a frequency takes part: its transformed input is not always zero.</summary>
    static abstract bool Has(int frequency);

    /// <summary>From input values to frequencies.</summary>
    static abstract void Forward(float* source, nint sourceStride, float* target, nint targetStride);

    /// <summary>From frequencies to results.</summary>
    static abstract void Inverse(float* source, nint sourceStride, float* target, nint targetStride);

    /// <summary>From gradients of the results to gradients of the frequencies: the transpose of <see cref="Inverse"/>.</summary>
    static abstract void Adjoint(float* source, nint sourceStride, float* target, nint targetStride);
}

/// <summary>
/// F(2,3) (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308): two results of three taps from four inputs with four products instead of six.
/// </summary>
internal readonly unsafe struct FullAxis : IWinogradAxis
{
    public static int Window => 4;

    public static int Step => 2;

    public static int Results => 2;

    public static int Frequencies => 4;

    public static bool Has(int frequency) => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride);
        Vector<float> c = Vector.Load(source + 2 * sourceStride), d = Vector.Load(source + 3 * sourceStride);
        (a - c).Store(target);
        (b + c).Store(target + targetStride);
        (c - b).Store(target + 2 * targetStride);
        (b - d).Store(target + 3 * targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride);
        Vector<float> c = Vector.Load(source + 2 * sourceStride), d = Vector.Load(source + 3 * sourceStride);
        (a + b + c).Store(target);
        (b - c - d).Store(target + targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Adjoint(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride);
        a.Store(target);
        (a + b).Store(target + targetStride);
        (a - b).Store(target + 2 * targetStride);
        (-b).Store(target + 3 * targetStride);
    }
}

/// <summary>
/// F(2,3) of a map that was enlarged by two with nearest neighbours: the four inputs are a, b, b, c, so that one of the four products is always zero
/// and the enlarged map is never needed. As a target it gives the gradient of the small map, the sum of the two results.
/// </summary>
internal readonly unsafe struct HalfAxis : IWinogradAxis
{
    public static int Window => 3;

    public static int Step => 1;

    public static int Results => 1;

    public static int Frequencies => 4;

    public static bool Has(int frequency) => frequency != 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride), c = Vector.Load(source + 2 * sourceStride);
        (a - b).Store(target);
        (b + b).Store(target + targetStride);
        (b - c).Store(target + 3 * targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector<float> a = Vector.Load(source), b = Vector.Load(source + sourceStride), d = Vector.Load(source + 3 * sourceStride);
        (a + (b + b) - d).Store(target);
    }

    public static void Adjoint(float* source, nint sourceStride, float* target, nint targetStride) =>
        throw new NotSupportedException("Winograd: results are never given at half size.");
}

/// <summary>An axis with one tap: one result from one input.</summary>
internal readonly unsafe struct PlainAxis : IWinogradAxis
{
    public static int Window => 1;

    public static int Step => 1;

    public static int Results => 1;

    public static int Frequencies => 1;

    public static bool Has(int frequency) => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(float* source, nint sourceStride, float* target, nint targetStride) => Copy(source, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(float* source, nint sourceStride, float* target, nint targetStride) => Copy(source, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Adjoint(float* source, nint sourceStride, float* target, nint targetStride) => Copy(source, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, float* target)
    {
        if (source != target)
            Vector.Load(source).Store(target);
    }
}
