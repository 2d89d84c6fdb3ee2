using Spoco.Kernels.Primitives;

namespace Spoco.Kernels;

/// <summary>A brain floating-point number: the upper half of a single-precision one.</summary>
/// <param name="Bits">1 bit of sign, 8 of exponent, 7 of mantissa.</param>
public readonly record struct BFloat16(ushort Bits)
{
    /// <summary>The nearest one; of two as near, the one whose last bit is 0.</summary>
    public static explicit operator BFloat16(float value) => new(default(BrainFormat).Narrow(value));

    /// <summary>The same number in single precision, exactly.</summary>
    public static implicit operator float(BFloat16 value) => default(BrainFormat).Widen(value.Bits);

    /// <inheritdoc/>
    public override string ToString() => ((float)this).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
