using System.Numerics;
using System.Runtime.CompilerServices;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Functions of x = |e - a|^2 / (2 sigma^2) that a soft mask p = exp(-x) is compared with a mask q by. Written in x rather than p: log p is
/// then exact, and 1 - p keeps its digits near the centre. Scalar forms for GPU kernels, vector forms for SIMD.
/// </summary>
internal static class SoftMask
{
    /// <summary>Where the logarithms of the cross-entropy are cut, as in PyTorch.</summary>
    private const float LogFloor = 100;

    /// <summary>Least denominator p (1 - p) of the cross-entropy's derivative, as in PyTorch.</summary>
    private const float SlopeFloor = 1e-12f;

    /// <summary>Below: 1 - exp(-x) by its series, above: by the exponential.</summary>
    private const float SeriesLimit = 0.25f;

    /// <summary>Power of two that counts as 0.</summary>
    private const int LeastPower = -31;

    /// <summary>-q log p - (1 - q) log(1 - p).</summary>
    public static float CrossEntropy(float x, float p, float q)
    {
        var rest = Complement(x, p);
        var log = rest > 0 ? XMath.Min(-XMath.Log(rest), LogFloor) : LogFloor;
        return q * XMath.Min(x, LogFloor) + (1 - q) * log;
    }

    /// <summary>Derivative of the cross-entropy with respect to x.</summary>
    public static float CrossEntropySlope(float x, float p, float q)
    {
        var rest = Complement(x, p);

        // p - q without cancellation where q = 1.
        var difference = q == 1 ? -rest : p - q;
        return -p * difference / XMath.Max(p * rest, SlopeFloor);
    }

    private static float Complement(float x, float p) =>
        x < SeriesLimit ? x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6))))) : 1 - p;

    /// <summary>
    /// What <see cref="Mask"/> needs of a falloff, to be taken before a loop: the rate of the power of two, and the square beyond which the mask
    /// is 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector<float> Rate, Vector<float> Limit) Falloff(float falloff)
    {
        const float Log2E = 1.44269504f;
        return (new Vector<float>(-Log2E * falloff), new Vector<float>(-LeastPower / (Log2E * falloff)));
    }

    /// <summary>
    /// exp(-falloff square) for square >= 0, within 4 ulp; 0 where it is below 7e-10 and lost in any sum of masks (which holds a value near 1), so
    /// that tiles without any mask can be skipped.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Mask(Vector<float> square, Vector<float> rate, Vector<float> limit)
    {
        // 2^y = 2^n 2^r with n = y rounded. Adding 1.5 2^23 leaves n in the low bits of the sum; shifted to the exponent, they are a power of two.
        // With -LeastPower added to n it is 2^(n - 96), and 0 for the least n. 2^r times 2^96 is the polynomial of r in [-1/2, 1/2] with the
        // smallest relative error, 9e-8 (Remez).
        const float Magic = 12582912 - LeastPower, Up = 7.9228163e28f;
        square = Vector.MinNative(square, limit);
        var shifted = Vector.MultiplyAddEstimate(square, rate, new Vector<float>(Magic));
        var r = Vector.MultiplyAddEstimate(square, rate, new Vector<float>(Magic) - shifted);
        var s = Vector.MultiplyAddEstimate(r, new Vector<float>(1.326472453e-3f * Up), new Vector<float>(9.671513102e-3f * Up));
        s = Vector.MultiplyAddEstimate(s, r, new Vector<float>(5.550733755e-2f * Up));
        s = Vector.MultiplyAddEstimate(s, r, new Vector<float>(2.402224208e-1f * Up));
        s = Vector.MultiplyAddEstimate(s, r, new Vector<float>(6.931469776e-1f * Up));
        s = Vector.MultiplyAddEstimate(s, r, new Vector<float>(Up));
        return s * Vector.AsVectorSingle(Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23));
    }

    /// <summary>The vector form of <see cref="CrossEntropy(float, float, float)"/>.</summary>
    public static Vector<float> CrossEntropy(Vector<float> x, Vector<float> p, Vector<float> q)
    {
        var floor = new Vector<float>(LogFloor);
        var rest = Complement(x, p);
        var log = Vector.ConditionalSelect(Vector.GreaterThan(rest, Vector<float>.Zero), Vector.MinNative(-Vector.Log(rest), floor), floor);
        return q * Vector.MinNative(x, floor) + (Vector<float>.One - q) * log;
    }

    /// <summary>The vector form of <see cref="CrossEntropySlope(float, float, float)"/>.</summary>
    public static Vector<float> CrossEntropySlope(Vector<float> x, Vector<float> p, Vector<float> q)
    {
        var rest = Complement(x, p);
        var difference = Vector.ConditionalSelect(Vector.Equals(q, Vector<float>.One), -rest, p - q);
        return -p * difference / Vector.MaxNative(p * rest, new Vector<float>(SlopeFloor));
    }

    private static Vector<float> Complement(Vector<float> x, Vector<float> p)
    {
        var one = Vector<float>.One;
        var series = x * (one - x / 2 * (one - x / 3 * (one - x / 4 * (one - x / 5 * (one - x / 6)))));
        return Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(SeriesLimit)), series, one - p);
    }
}
