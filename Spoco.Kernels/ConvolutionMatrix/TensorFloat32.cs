using ILGPU;
using ILGPU.Util;

namespace Spoco.Kernels.Primitives;

/// <summary>Single precision of which matrix units see the upper 19 bits: 8 of exponent, 10 of mantissa.</summary>
internal static class TensorFloat32
{
    private const int Mask = ~0x1FFF;
    private const int Half = 0x1000;
    private const int NaN = 0x7FC00000;

    /// <summary>The bits of the nearest number; of two as near, the larger one in magnitude. NaN stays NaN.</summary>
    public static int Round(float value)
    {
        // Of a NaN, the bits that are seen may all be 0: that would be infinity. Without a branch: kernels round in their loops.
        return Utilities.Select(float.IsNaN(value), NaN, ((int)Interop.FloatAsInt(value) + Half) & Mask);
    }

    /// <summary>What is seen of a number.</summary>
    public static float Cut(int bits) => Interop.IntAsFloat((uint)(bits & Mask));

    /// <summary>What is not seen, rounded: at most 13 bits, of which 11 are seen.</summary>
    public static float Rest(int bits) => Cut((int)Interop.FloatAsInt(Interop.IntAsFloat((uint)bits) - Cut(bits)) + Half);
}
