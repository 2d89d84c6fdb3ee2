using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>How many floats a vector has: 16, 8 or 4.</summary>
internal static class VectorWidth
{
    /// <summary>Lanes of the widest vectors this processor has.</summary>
    public static int Widest => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

    /// <summary>Vectors no wider than the channels fill.</summary>
    /// <param name="lanes">Most lanes; 0 = the widest.</param>
    /// <param name="channels">Channels.</param>
    public static int Narrow(int lanes, int channels)
    {
        lanes = lanes == 0 ? Widest : lanes;
        while (lanes > 4 && channels <= lanes / 2)
            lanes /= 2;
        return lanes;
    }

    /// <summary>Vectors that a number of terms fills without a rest.</summary>
    /// <param name="lanes">Most lanes; 0 = the widest.</param>
    /// <param name="terms">Terms, a multiple of 4.</param>
    public static int Divide(int lanes, int terms)
    {
        lanes = lanes == 0 ? Widest : lanes;
        while (terms % lanes != 0)
            lanes /= 2;
        return lanes;
    }
}
