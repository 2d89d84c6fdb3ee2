using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>What is done to a value on its way into a transform.</summary>
internal unsafe interface IWinogradReading
{
    static abstract Vector<float> Read(float* value, nint gate, Vector<float> scale, Vector<float> shift);
}

/// <summary>v scale + shift.</summary>
internal readonly unsafe struct ScaledReading : IWinogradReading
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Read(float* value, nint gate, Vector<float> scale, Vector<float> shift) =>
        Vector.MultiplyAddEstimate(Vector.Load(value), scale, shift);
}

/// <summary>v times the derivative of the activation whose output lies <c>gate</c> bytes further; scale is the slope of its negative side.</summary>
internal readonly unsafe struct GatedReading : IWinogradReading
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Read(float* value, nint gate, Vector<float> scale, Vector<float> shift)
    {
        var v = Vector.Load(value);
        return Vector.ConditionalSelect(Vector.GreaterThan(Vector.Load((float*)((byte*)value + gate)), Vector<float>.Zero), v, v * scale);
    }
}

/// <summary>
/// Transforms the input of neighbouring tiles of one row for one frequency of the slices. Slices and rows are transformed for every input column
/// once, into scratch memory of [columns][4][lanes] that stays in the first-level cache; then the columns of every tile.
/// </summary>
internal static unsafe class WinogradInput<TPlane, TReading> where TPlane : struct, IWinogradAxis where TReading : struct, IWinogradReading
{
    private const int Panel = WinogradTransforms.Panel;

    /// <summary>
    /// Writes V[f frequencyStride + (term / 16) panelStride + (tile - first) rowStride + term % 16], f = 4 fh + fw.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(
        in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, float* v, nint rowStride, nint panelStride,
        nint frequencyStride, float* scratch)
    {
        var shape = source.Shape;
        var lanes = Vector<float>.Count;
        var columns = (tiles - 1) * TPlane.Step + TPlane.Window;
        float* p0 = Row(source, n, d + depth.First, h), p1 = Row(source, n, d + depth.First, h + 1);
        float* p2 = Row(source, n, d + depth.First, h + 2), p3 = TPlane.Window > 3 ? Row(source, n, d + depth.First, h + 3) : null;
        float* q0 = null, q1 = null, q2 = null, q3 = null;
        if (depth.Sign != 0)
        {
            q0 = Row(source, n, d + depth.Second, h);
            q1 = Row(source, n, d + depth.Second, h + 1);
            q2 = Row(source, n, d + depth.Second, h + 2);
            q3 = TPlane.Window > 3 ? Row(source, n, d + depth.Second, h + 3) : null;
        }

        var sign = new Vector<float>(depth.Sign);
        var gate = (nint)((byte*)source.Gate - (byte*)source.Values);
        for (var c = 0; c < shape.C; c += lanes)
        {
            Vector<float> scale = Vector<float>.One, shift = Vector<float>.Zero;
            if (source.Gate != null)
                scale = new Vector<float>(source.Slope);
            else if (source.Scale != null)
                (scale, shift) = (Vector.Load(source.Scale + (long)n * shape.C + c), Vector.Load(source.Shift + (long)n * shape.C + c));
            var column = scratch;
            for (var k = w; k < w + columns; k++, column += 4 * lanes)
            {
                Vector<float> r0 = Vector<float>.Zero, r1 = r0, r2 = r0, r3 = r0;
                if ((uint)k < (uint)shape.W)
                {
                    var offset = (nint)k * shape.C + c;
                    r0 = Pair(p0, q0, offset, gate, scale, shift, sign);
                    r1 = Pair(p1, q1, offset, gate, scale, shift, sign);
                    r2 = Pair(p2, q2, offset, gate, scale, shift, sign);
                    if (TPlane.Window > 3)
                        r3 = Pair(p3, q3, offset, gate, scale, shift, sign);
                    TPlane.Forward(ref r0, ref r1, ref r2, ref r3);
                }

                r0.Store(column);
                r1.Store(column + lanes);
                if (TPlane.HasThird)
                    r2.Store(column + 2 * lanes);
                r3.Store(column + 3 * lanes);
            }

            column = scratch;
            var term = source.FirstTerm + c;
            var target = v + term / Panel * panelStride + term % Panel;
            for (var t = 0; t < tiles; t++, column += TPlane.Step * 4 * lanes, target += rowStride)
            {
                Line(column, target, frequencyStride);
                Line(column + lanes, target + 4 * frequencyStride, frequencyStride);
                if (TPlane.HasThird)
                    Line(column + 2 * lanes, target + 8 * frequencyStride, frequencyStride);
                Line(column + 3 * lanes, target + 12 * frequencyStride, frequencyStride);
            }
        }
    }

    /// <summary>First value of an input row; null where it lies outside.</summary>
    private static float* Row(in WinogradSource source, int n, int d, int h)
    {
        var shape = source.Shape;
        return (uint)d < (uint)shape.D && (uint)h < (uint)shape.H
            ? source.Values + (((long)n * shape.D + d) * shape.H + h) * shape.W * shape.C
            : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Pair(
        float* first, float* second, nint offset, nint gate, Vector<float> scale, Vector<float> shift, Vector<float> sign)
    {
        var value = first == null ? Vector<float>.Zero : TReading.Read(first + offset, gate, scale, shift);
        return second == null ? value : Vector.MultiplyAddEstimate(TReading.Read(second + offset, gate, scale, shift), sign, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(float* column, float* target, nint stride)
    {
        var lanes = Vector<float>.Count;
        Vector<float> a = Vector.Load(column), b = Vector.Load(column + 4 * lanes), c = Vector.Load(column + 8 * lanes);
        var d = TPlane.Window > 3 ? Vector.Load(column + 12 * lanes) : c;
        TPlane.Forward(ref a, ref b, ref c, ref d);
        a.Store(target);
        b.Store(target + stride);
        if (TPlane.HasThird)
            c.Store(target + 2 * stride);
        d.Store(target + 3 * stride);
    }
}
