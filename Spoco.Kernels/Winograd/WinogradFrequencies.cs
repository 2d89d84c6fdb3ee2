using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Where a transform leaves its frequencies.</summary>
internal static unsafe class WinogradFrequencies
{
    /// <summary>Stores the frequencies that an axis has, <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TAxis>(
        float* target, nint stride, Vector<float> a, Vector<float> b, Vector<float> c, Vector<float> d, Vector<float> e, Vector<float> f)
        where TAxis : struct, IWinogradAxis
    {
        a.Store(target);
        b.Store(target + stride);
        if (TAxis.HasThird)
            c.Store(target + 2 * stride);
        d.Store(target + 3 * stride);
        if (TAxis.Frequencies > 4)
        {
            e.Store(target + 4 * stride);
            f.Store(target + 5 * stride);
        }
    }
}
