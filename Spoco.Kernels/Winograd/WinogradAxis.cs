using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What happens along rows and columns: a tile of neighbouring results is a sum of products, one for each of <see cref="Frequencies"/>, of transformed
/// inputs and transformed weights. Values that a transform does not have are neither read nor written.
/// </summary>
internal interface IWinogradAxis
{
    /// <summary>Input values from the first of a tile to the first of the next.</summary>
    static abstract int Step { get; }

    /// <summary>Input values of a tile: up to six.</summary>
    static abstract int Window { get; }

    /// <summary>Results of a tile: up to four.</summary>
    static abstract int Results { get; }

    /// <summary>Products of a tile: four or six.</summary>
    static abstract int Frequencies { get; }

    /// <summary>Whether frequency 2 takes part; where it does not, its transformed input is always zero.</summary>
    static abstract bool HasThird { get; }

    /// <summary>Input values to frequencies, in place.</summary>
    static abstract void Forward(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, ref Vector<float> e, ref Vector<float> f);

    /// <summary>Frequencies to results, in place.</summary>
    static abstract void Inverse(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, Vector<float> e, Vector<float> f);
}

/// <summary>An axis that is not enlarged also transforms weights and gradients.</summary>
internal interface IWinogradFullAxis : IWinogradAxis
{
    /// <summary>Results to frequencies, the transpose of <see cref="IWinogradAxis.Inverse"/>, in place.</summary>
    static abstract void Spread(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, out Vector<float> e, out Vector<float> f);

    /// <summary>Three taps to frequencies, in place.</summary>
    static abstract void Weight(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, out Vector<float> d, out Vector<float> e, out Vector<float> f);

    /// <summary>Frequencies to three taps, the transpose of <see cref="Weight"/>, in place.</summary>
    static abstract void Taps(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, Vector<float> d, Vector<float> e, Vector<float> f);
}

/// <summary>
/// F(2,3) (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308): two results of three taps from four inputs with four products instead of six.
/// </summary>
internal readonly struct TwoResults : IWinogradFullAxis
{
    public static int Step => 2;

    public static int Window => 4;

    public static int Results => 2;

    public static int Frequencies => 4;

    public static bool HasThird => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, ref Vector<float> e, ref Vector<float> f)
    {
        a -= c;
        d = b - d;
        var sum = b + c;
        c -= b;
        b = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, Vector<float> e, Vector<float> f)
    {
        a += b + c;
        b -= c + d;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spread(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, out Vector<float> e, out Vector<float> f)
    {
        e = f = default;
        d = -b;
        c = a - b;
        b += a;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weight(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, out Vector<float> d, out Vector<float> e, out Vector<float> f)
    {
        e = f = default;
        d = c;
        var half = new Vector<float>(0.5f);
        var ends = (a + c) * half;
        c = Vector.MultiplyAddEstimate(-b, half, ends);
        b = Vector.MultiplyAddEstimate(b, half, ends);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Taps(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, Vector<float> d, Vector<float> e, Vector<float> f)
    {
        var half = new Vector<float>(0.5f);
        var middle = (b + c) * half;
        b = (b - c) * half;
        a += middle;
        c = d + middle;
    }
}

/// <summary>
/// F(2,3) of a map that was enlarged by two with nearest neighbours: the four inputs are a, b, b, c, so that one of the four products is always zero
/// and the enlarged map is never needed. As a target it gives the gradient of the small map, the sum of the two results.
/// </summary>
internal readonly struct TwoResultsEnlarged : IWinogradAxis
{
    public static int Step => 1;

    public static int Window => 3;

    public static int Results => 1;

    public static int Frequencies => 4;

    public static bool HasThird => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, ref Vector<float> e, ref Vector<float> f)
    {
        a -= b;
        d = b - c;
        b += b;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, Vector<float> e, Vector<float> f) =>
        a += b + b - d;
}
