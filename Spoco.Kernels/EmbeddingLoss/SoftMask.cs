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

    /// <summary>x of the mask that is <see cref="SlopeFloor"/>.</summary>
    private const float FloorExponent = 27.6310211f;

    /// <summary>x up to which vectors have masks above 0, a little less.</summary>
    private const float LastMask = 21;

    /// <summary>Below: 1 - exp(-x) by its series, above: by the exponential.</summary>
    private const float SeriesLimit = 0.25f;

    /// <summary>Power of two that counts as 0.</summary>
    private const int LeastPower = -31;

    /// <summary>-q log p - (1 - q) log(1 - p).</summary>
    /// <param name="x">Of p = exp(-x).</param>
    /// <param name="p">The mask.</param>
    /// <param name="q">The mask that it is to be.</param>
    /// <param name="restOfQ">1 - q: of a soft mask its <see cref="Complement(float, float)"/>.</param>
    public static float CrossEntropy(float x, float p, float q, float restOfQ)
    {
        var rest = Complement(x, p);
        var log = rest > 0 ? XMath.Min(-XMath.Log(rest), LogFloor) : LogFloor;
        return q * XMath.Min(x, LogFloor) + restOfQ * log;
    }

    /// <summary>Derivative of the cross-entropy with respect to x.</summary>
    /// <param name="x">Of p = exp(-x).</param>
    /// <param name="p">The mask.</param>
    /// <param name="difference">q - p with all its digits: <see cref="Difference(float, float, float, float)"/>.</param>
    public static float CrossEntropySlope(float x, float p, float difference) => p * difference / XMath.Max(p * Complement(x, p), SlopeFloor);

    /// <summary>
    /// q - p for p = exp(-x) and q = exp(-y). Near each other they differ by the larger one times 1 - exp(-|x - y|): subtracted, masks near 1 would
    /// leave only the digits behind the leading nines, and the derivative divides that by an equally small 1 - p.
    /// </summary>
    public static float Difference(float x, float p, float y, float q)
    {
        var distance = XMath.Abs(x - y);
        if (distance >= SeriesLimit)
            return q - p;
        var difference = XMath.Max(p, q) * Series(distance);
        return x < y ? -difference : difference;
    }

    /// <summary>1 - p for p = exp(-x).</summary>
    public static float Complement(float x, float p) => x < SeriesLimit ? Series(x) : 1 - p;

    private static float Series(float x) => x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6)))));

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

    /// <summary>The vector form of <see cref="CrossEntropy(float, float, float, float)"/>.</summary>
    public static Vector<float> CrossEntropy(Vector<float> x, Vector<float> p, Vector<float> q, Vector<float> restOfQ)
    {
        var floor = new Vector<float>(LogFloor);
        var rest = Complement(x, p);
        var log = Vector.ConditionalSelect(Vector.GreaterThan(rest, Vector<float>.Zero), Vector.MinNative(-Vector.Log(rest), floor), floor);
        return q * Vector.MinNative(x, floor) + restOfQ * log;
    }

    /// <summary>The vector form of <see cref="CrossEntropySlope(float, float, float)"/>.</summary>
    public static Vector<float> CrossEntropySlope(Vector<float> x, Vector<float> p, Vector<float> difference)
    {
        var slope = p * difference / Vector.MaxNative(p * Complement(x, p), new Vector<float>(SlopeFloor));

        // The masks of these are 0 already, their derivatives are not: p / max(p, 1e-12) is 1 down to p = 1e-12, and p / 1e-12 from there on.
        var far = Vector.GreaterThan(x, new Vector<float>(LastMask));
        if (!Vector.EqualsAny(far, Vector<int>.AllBitsSet))
            return slope;
        var (rate, limit) = Falloff(1);
        var beyond = Mask(Vector.MaxNative(x - new Vector<float>(FloorExponent), Vector<float>.Zero), rate, limit);
        return Vector.ConditionalSelect(far, beyond * difference, slope);
    }

    /// <summary>The vector form of <see cref="Difference(float, float, float, float)"/>.</summary>
    public static Vector<float> Difference(Vector<float> x, Vector<float> p, Vector<float> y, Vector<float> q)
    {
        var distance = Vector.Abs(x - y);
        var near = Vector.CopySign(Vector.MaxNative(p, q) * Series(distance), x - y);
        return Vector.ConditionalSelect(Vector.LessThan(distance, new Vector<float>(SeriesLimit)), near, q - p);
    }

    /// <summary>The vector form of <see cref="Complement(float, float)"/>.</summary>
    public static Vector<float> Complement(Vector<float> x, Vector<float> p) =>
        Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(SeriesLimit)), Series(x), Vector<float>.One - p);

    private static Vector<float> Series(Vector<float> x)
    {
        var one = Vector<float>.One;
        return x * (one - x / 2 * (one - x / 3 * (one - x / 4 * (one - x / 5 * (one - x / 6)))));
    }
}
