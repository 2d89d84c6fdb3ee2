using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>The polynomials of F(4,3) are taken at 0, P, -P, Q, -Q and infinity.</summary>
internal interface IWinogradPoints
{
    static abstract float P { get; }

    static abstract float Q { get; }
}

/// <summary>
/// 3/4 and 3/2: of the pairs tried, those with the smallest rounding error, about that of the direct sum (1, 2: four times as large; compare Barabasz et
/// al. 2020, arXiv:1803.10986).
/// </summary>
internal readonly struct AccuratePoints : IWinogradPoints
{
    public static float P => 0.75f;

    public static float Q => 1.5f;
}

/// <summary>
/// 1 and 3/2: the product at -1 is zero for a map that was enlarged by two. The rounding error is about twice that of <see cref="AccuratePoints"/>.
/// </summary>
internal readonly struct EnlargedPoints : IWinogradPoints
{
    public static float P => 1;

    public static float Q => 1.5f;
}

/// <summary>F(4,3): four results of three taps from six inputs with six products instead of twelve.</summary>
internal readonly struct FourResults<TPoints> : IWinogradFullAxis where TPoints : struct, IWinogradPoints
{
    public static int Step => 4;

    public static int Window => 6;

    public static int Results => 4;

    public static int Frequencies => 6;

    public static bool HasThird => true;

    private static float P2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TPoints.P * TPoints.P;
    }

    private static float Q2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TPoints.Q * TPoints.Q;
    }

    /// <summary>Values of the polynomials with zeros at all points but one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, ref Vector<float> e, ref Vector<float> f)
    {
        var sum = new Vector<float>(-P2 - Q2);
        var product = new Vector<float>(P2 * Q2);
        a = Fma(a, product, Fma(c, sum, e));
        f = Fma(b, product, Fma(d, sum, f));
        Vector<float> even = Fma(c, new Vector<float>(-Q2), e), odd = Fma(b, new Vector<float>(-Q2), d);
        Vector<float> even2 = Fma(c, new Vector<float>(-P2), e), odd2 = Fma(b, new Vector<float>(-P2), d);
        b = Fma(odd, new Vector<float>(TPoints.P), even);
        c = Fma(odd, new Vector<float>(-TPoints.P), even);
        d = Fma(odd2, new Vector<float>(TPoints.Q), even2);
        e = Fma(odd2, new Vector<float>(-TPoints.Q), even2);
    }

    /// <summary>Powers of the points.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, Vector<float> e, Vector<float> f)
    {
        Vector<float> even = b + c, odd = b - c, even2 = d + e, odd2 = d - e;
        a += even + even2;
        b = Fma(odd2, new Vector<float>(TPoints.Q), odd * new Vector<float>(TPoints.P));
        c = Fma(even2, new Vector<float>(Q2), even * new Vector<float>(P2));
        d = Fma(odd2, new Vector<float>(Q2 * TPoints.Q), Fma(odd, new Vector<float>(P2 * TPoints.P), f));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spread(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, out Vector<float> e, out Vector<float> f)
    {
        f = d;
        Vector<float> even = Fma(c, new Vector<float>(P2), a), odd = Fma(d, new Vector<float>(P2), b) * new Vector<float>(TPoints.P);
        Vector<float> even2 = Fma(c, new Vector<float>(Q2), a), odd2 = Fma(d, new Vector<float>(Q2), b) * new Vector<float>(TPoints.Q);
        b = even + odd;
        c = even - odd;
        d = even2 + odd2;
        e = even2 - odd2;
    }

    /// <summary>Values of the taps' polynomial, over the products of a point's distances from the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weight(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, out Vector<float> d, out Vector<float> e, out Vector<float> f)
    {
        Vector<float> even = Fma(c, new Vector<float>(P2), a) * OverP, odd = b * (TPoints.P * OverP);
        Vector<float> even2 = Fma(c, new Vector<float>(Q2), a) * OverQ, odd2 = b * (TPoints.Q * OverQ);
        f = c;
        a *= 1 / (P2 * Q2);
        b = even + odd;
        c = even - odd;
        d = even2 + odd2;
        e = even2 - odd2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Taps(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, Vector<float> d, Vector<float> e, Vector<float> f)
    {
        Vector<float> even = (b + c) * OverP, odd = (b - c) * (TPoints.P * OverP);
        Vector<float> even2 = (d + e) * OverQ, odd2 = (d - e) * (TPoints.Q * OverQ);
        a = Fma(a, new Vector<float>(1 / (P2 * Q2)), even + even2);
        b = odd + odd2;
        c = Fma(even, new Vector<float>(P2), Fma(even2, new Vector<float>(Q2), f));
    }

    private static float OverP
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 / (2 * P2 * (P2 - Q2));
    }

    private static float OverQ
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 / (2 * Q2 * (Q2 - P2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Fma(Vector<float> a, Vector<float> b, Vector<float> c) => Vector.MultiplyAddEstimate(a, b, c);
}

/// <summary>
/// F(4,3) of a map that was enlarged by two with nearest neighbours: the six inputs are a, b, b, c, c, d. As a target it gives the gradient of the small
/// map, the sums of neighbouring results.
/// </summary>
internal readonly struct FourResultsEnlarged : IWinogradAxis
{
    private const float Q = 1.5f;

    public static int Step => 2;

    public static int Window => 4;

    public static int Results => 2;

    public static int Frequencies => 6;

    public static bool HasThird => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, ref Vector<float> e, ref Vector<float> f)
    {
        Vector<float> square = new(Q * Q), sum = new(-1 - Q * Q);
        a = Fma(a, square, Fma(b, sum, c));
        f = Fma(b, square, Fma(c, sum, d));
        var difference = c - b;
        b = Fma(b, new Vector<float>(-2 * Q * Q), c + c);
        d = difference * (1 + Q);
        e = difference * (1 - Q);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(
        ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d, Vector<float> e, Vector<float> f)
    {
        var twice = b + b;
        Vector<float> plus = d * (1 + Q), minus = e * (1 - Q);
        a += twice + plus + minus;
        b = Fma(plus + minus, new Vector<float>(Q * Q), twice + f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Fma(Vector<float> a, Vector<float> b, Vector<float> c) => Vector.MultiplyAddEstimate(a, b, c);
}
