using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transforms the products of neighbouring tiles of one row back for one frequency of the slices and adds them to the results, which are
/// complete, with
/// bias and activation, after the last frequency.
/// </summary>
internal static unsafe class WinogradOutput<TPlane> where TPlane : struct, IWinogradAxis
{
    /// <summary>Reads M[f frequencyStride + (tile - first) rowStride + channel] and writes one slice of the target.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(
        in WinogradTarget target, float weight, bool begins, bool ends, int n, int d, int h, int w, int tiles, float* m, nint rowStride,
        nint frequencyStride)
    {
        var shape = target.Shape;
        if (d >= shape.D || weight == 0)
            return;
        var lanes = Vector<float>.Count;
        var factor = new Vector<float>(weight);
        var slope = new Vector<float>(ends ? target.Slope : 1);
        var rowLength = (nint)shape.W * shape.C;
        var row = target.Values + (((long)n * shape.D + d) * shape.H + h) * rowLength + (nint)w * shape.C;
        var below = TPlane.Results > 1 && h + 1 < shape.H;
        for (var t = 0; t < tiles; t++, m += rowStride, row += TPlane.Results * shape.C, w += TPlane.Results)
        {
            var beside = TPlane.Results > 1 && w + 1 < shape.W;
            for (var c = 0; c < shape.C; c += lanes)
            {
                var p = m + c;
                Line(p, frequencyStride, out var a0, out var a1);
                Line(p + 4 * frequencyStride, frequencyStride, out var b0, out var b1);
                Vector<float> c0 = default, c1 = default;
                if (TPlane.HasThird)
                    Line(p + 8 * frequencyStride, frequencyStride, out c0, out c1);
                Line(p + 12 * frequencyStride, frequencyStride, out var d0, out var d1);
                TPlane.Inverse(ref a0, ref b0, c0, d0);
                var bias = begins && target.Bias != null ? Vector.Load(target.Bias + c) : Vector<float>.Zero;
                Store(row + c, a0, factor, bias, slope, begins);
                if (below)
                    Store(row + rowLength + c, b0, factor, bias, slope, begins);
                if (beside)
                {
                    TPlane.Inverse(ref a1, ref b1, c1, d1);
                    Store(row + shape.C + c, a1, factor, bias, slope, begins);
                    if (below)
                        Store(row + rowLength + shape.C + c, b1, factor, bias, slope, begins);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(float* m, nint stride, out Vector<float> first, out Vector<float> second)
    {
        first = Vector.Load(m);
        second = Vector.Load(m + stride);
        TPlane.Inverse(ref first, ref second, TPlane.HasThird ? Vector.Load(m + 2 * stride) : default, Vector.Load(m + 3 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* place, Vector<float> value, Vector<float> factor, Vector<float> bias, Vector<float> slope, bool begins)
    {
        value = Vector.MultiplyAddEstimate(value, factor, begins ? bias : Vector.Load(place));
        Vector.ConditionalSelect(Vector.GreaterThan(value, Vector<float>.Zero), value, value * slope).Store(place);
    }
}
