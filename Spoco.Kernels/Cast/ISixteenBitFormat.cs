using System.Numerics;
using ILGPU;
using ILGPU.Util;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// A floating-point number of 16 bits, worked out with integers, as devices differ in what they know of it. Widening is exact. Narrowing rounds to the nearest
/// number, of two as near to the one whose last bit is 0; beyond the largest it gives infinity. A NaN stays one, made quiet, with the upper bits of its payload.
/// </summary>
internal interface ISixteenBitFormat
{
    /// <summary>The single-precision number.</summary>
    float Widen(ushort bits);

    /// <summary>The single-precision numbers of a register of bits.</summary>
    Vector<float> Widen(Vector<uint> bits);

    /// <summary>The nearest number's bits.</summary>
    ushort Narrow(float value);

    /// <summary>The nearest numbers' bits.</summary>
    Vector<uint> Narrow(Vector<float> values);
}

/// <summary>8 bits of exponent, 7 of mantissa: the upper half of a single-precision number.</summary>
internal readonly struct BrainFormat : ISixteenBitFormat
{
    private const uint Magnitude = 0x7fffffff, Infinity = 0x7f800000, Quiet = 0x40, BelowHalf = 0x7fff;

    /// <inheritdoc/>
    public float Widen(ushort bits) => Interop.IntAsFloat((uint)bits << 16);

    /// <inheritdoc/>
    public Vector<float> Widen(Vector<uint> bits) => Vector.AsVectorSingle(bits << 16);

    /// <inheritdoc/>
    public ushort Narrow(float value) => (ushort)(Rounded(value) >> 16);

    /// <summary>A word whose upper half is the nearest number. Without a branch: kernels round in their loops.</summary>
    public static uint Rounded(float value)
    {
        var bits = Interop.FloatAsInt(value);
        return Utilities.Select((bits & Magnitude) > Infinity, bits | (Quiet << 16), bits + BelowHalf + ((bits >> 16) & 1));
    }

    /// <inheritdoc/>
    public Vector<uint> Narrow(Vector<float> values)
    {
        var bits = Vector.AsVectorUInt32(values);
        var upper = bits >> 16;
        return Vector.ConditionalSelect(
            Vector.GreaterThan(bits & new Vector<uint>(Magnitude), new Vector<uint>(Infinity)), upper | new Vector<uint>(Quiet),
            (bits + new Vector<uint>(BelowHalf) + (upper & Vector<uint>.One)) >> 16);
    }
}

/// <summary>5 bits of exponent, 10 of mantissa: half precision of IEEE 754.</summary>
internal readonly struct HalfFormat : ISixteenBitFormat
{
    private const int Shift = 13;
    private const uint Sign = 0x8000, Magnitude = 0x7fffffff, Infinity = 0x7c00, Quiet = 0x200, Mantissa = 0x3ff, LeastNormal = 0x400, BelowHalf = 0xfff;

    /// <summary>Single-precision bits: infinity, 65536, 2^-14, and the difference of the exponents' biases.</summary>
    private const uint WideInfinity = 0x7f800000, Beyond = 0x47800000, WideLeastNormal = 0x38800000, Bias = 0x38000000;

    /// <summary>Bits of 0.5, whose last place is the least number that is not 0.</summary>
    private const uint WideHalf = 0x3f000000;

    /// <summary>2^-24.</summary>
    private const float Least = 1f / (1 << 24);

    /// <inheritdoc/>
    public float Widen(ushort bits)
    {
        var sign = (bits & Sign) << 16;
        var magnitude = bits & ~Sign;
        // Below the least normal number the mantissa counts multiples of the least one.
        var wide = magnitude < LeastNormal ? Interop.FloatAsInt((int)magnitude * Least)
            : magnitude < Infinity ? (magnitude << Shift) + Bias
            : magnitude == Infinity ? WideInfinity
            : WideInfinity | ((magnitude & Mantissa | Quiet) << Shift);
        return Interop.IntAsFloat(wide | sign);
    }

    /// <inheritdoc/>
    public Vector<float> Widen(Vector<uint> bits)
    {
        var sign = (bits & new Vector<uint>(Sign)) << 16;
        var magnitude = bits & new Vector<uint>(0x7fff);
        var small = Vector.AsVectorUInt32(Vector.ConvertToSingle(Vector.AsVectorInt32(magnitude)) * new Vector<float>(Least));
        var normal = (magnitude << Shift) + new Vector<uint>(Bias);
        var nan = new Vector<uint>(WideInfinity) | (((magnitude & new Vector<uint>(Mantissa)) | new Vector<uint>(Quiet)) << Shift);
        var infinity = new Vector<uint>(Infinity);
        var large = Vector.ConditionalSelect(Vector.Equals(magnitude, infinity), new Vector<uint>(WideInfinity), nan);
        var wide = Vector.ConditionalSelect(Vector.LessThan(magnitude, infinity), normal, large);
        return Vector.AsVectorSingle(Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<uint>(LeastNormal)), small, wide) | sign);
    }

    /// <inheritdoc/>
    public ushort Narrow(float value)
    {
        var bits = Interop.FloatAsInt(value);
        var magnitude = bits & Magnitude;
        // Below the least normal number an addition rounds to multiples of the least one.
        var narrow = magnitude > WideInfinity ? Infinity | Quiet | ((magnitude >> Shift) & Mantissa)
            : magnitude >= Beyond ? Infinity
            : magnitude >= WideLeastNormal ? (magnitude - Bias + BelowHalf + ((magnitude >> Shift) & 1)) >> Shift
            : Interop.FloatAsInt(Interop.IntAsFloat(magnitude) + 0.5f) - WideHalf;
        return (ushort)(narrow | ((bits >> 16) & Sign));
    }

    /// <inheritdoc/>
    public Vector<uint> Narrow(Vector<float> values)
    {
        var bits = Vector.AsVectorUInt32(values);
        var magnitude = bits & new Vector<uint>(Magnitude);
        var shifted = magnitude >> Shift;
        var infinity = new Vector<uint>(Infinity);
        var small = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) + new Vector<float>(0.5f)) - new Vector<uint>(WideHalf);
        var normal = (magnitude - new Vector<uint>(Bias) + new Vector<uint>(BelowHalf) + (shifted & Vector<uint>.One)) >> Shift;
        var nan = infinity | new Vector<uint>(Quiet) | (shifted & new Vector<uint>(Mantissa));
        var large = Vector.ConditionalSelect(Vector.GreaterThan(magnitude, new Vector<uint>(WideInfinity)), nan, infinity);
        var narrow = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(Beyond)), large, normal);
        return Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<uint>(WideLeastNormal)), small, narrow)
            | ((bits >> 16) & new Vector<uint>(Sign));
    }
}
