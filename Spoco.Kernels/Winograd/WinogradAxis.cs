using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What happens along rows and columns: a tile of neighbouring results is a sum of products, one for each of four frequencies, of transformed
/// inputs and
/// transformed weights.
/// </summary>
internal unsafe interface IWinogradAxis
{
    /// <summary>Input values from the first of a tile to the first of the next.</summary>
    static abstract int Step { get; }

    /// <summary>Input values of a tile.</summary>
    static abstract int Window { get; }

    /// <summary>Results of a tile.</summary>
    static abstract int Results { get; }

    /// <summary>Whether frequency 2 takes part; where it does not, its transformed input is always zero.</summary>
    static abstract bool HasThird { get; }

    /// <summary>Input values to frequencies, in place.</summary>
    static abstract void Forward(ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d);

    /// <summary>Frequencies to results, in place: one or two.</summary>
    static abstract void Inverse(ref Vector<float> a, ref Vector<float> b, Vector<float> c, Vector<float> d);
}

/// <summary>
/// F(2,3) (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308): two results of three taps from four inputs with four products instead of six.
/// </summary>
internal readonly struct FullAxis : IWinogradAxis
{
    public static int Step => 2;

    public static int Window => 4;

    public static int Results => 2;

    public static bool HasThird => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d)
    {
        a -= c;
        d = b - d;
        var sum = b + c;
        c -= b;
        b = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(ref Vector<float> a, ref Vector<float> b, Vector<float> c, Vector<float> d)
    {
        a += b + c;
        b -= c + d;
    }
}

/// <summary>
/// F(2,3) of a map that was enlarged by two with nearest neighbours: the four inputs are a, b, b, c, so that one of the four products is always zero
/// and the enlarged map is never needed. As a target it gives the gradient of the small map, the sum of the two results.
/// </summary>
internal readonly struct HalfAxis : IWinogradAxis
{
    public static int Step => 1;

    public static int Window => 3;

    public static int Results => 1;

    public static bool HasThird => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(ref Vector<float> a, ref Vector<float> b, ref Vector<float> c, ref Vector<float> d)
    {
        a -= b;
        d = b - c;
        b += b;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inverse(ref Vector<float> a, ref Vector<float> b, Vector<float> c, Vector<float> d) => a += b + b - d;
}
