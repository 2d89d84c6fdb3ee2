using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Single precision of which matrix units see the upper 19 bits: 8 of exponent, 10 of mantissa.</summary>
internal static class TensorFloat32
{
    private const int Mask = ~0x1FFF;
    private const int Half = 0x1000;
    private const int Exponent = 0x7F800000;

    /// <summary>The bits of the nearest number; of two as near, the larger one in magnitude. NaN stays NaN.</summary>
    public static int Round(float value)
    {
        var bits = (int)Interop.FloatAsInt(value);

        // Of a NaN, the bits that are seen may all be 0: that would be infinity.
        return (bits & Exponent) != Exponent ? (bits + Half) & Mask : float.IsNaN(value) ? Exponent | 0x400000 : bits;
    }

    /// <summary>What is seen of a number.</summary>
    public static float Cut(int bits) => Interop.IntAsFloat((uint)(bits & Mask));

    /// <summary>What is not seen, rounded: at most 13 bits, of which 11 are seen.</summary>
    public static float Rest(int bits) => Cut((int)Interop.FloatAsInt(Interop.IntAsFloat((uint)bits) - Cut(bits)) + Half);
}
