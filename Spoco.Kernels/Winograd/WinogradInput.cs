using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>What is done to a value on its way into a transform.</summary>
internal unsafe interface IWinogradReading
{
    static abstract Vector<float> Read(float* value, nint gate, Vector<float> scale, Vector<float> shift);

    /// <summary>Says that a value will be read soon.</summary>
    static abstract void Expect(float* value, nint gate);
}

/// <summary>v scale + shift.</summary>
internal readonly unsafe struct ScaledReading : IWinogradReading
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Read(float* value, nint gate, Vector<float> scale, Vector<float> shift) =>
        Vector.MultiplyAddEstimate(Vector.Load(value), scale, shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Expect(float* value, nint gate) => CacheLine.Fetch(value);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Expect(float* value, nint gate)
    {
        CacheLine.Fetch(value);
        CacheLine.Fetch((float*)((byte*)value + gate));
    }
}

/// <summary>
/// Transforms the input of neighbouring tiles of one row for one frequency of the slices. Slices and rows are transformed for every input column
/// once, into scratch memory of [columns][frequencies][lanes] that stays in the first-level cache; then the columns of every tile.
/// </summary>
internal static unsafe class WinogradInput<TPlane, TReading> where TPlane : struct, IWinogradAxis where TReading : struct, IWinogradReading
{
    private const int Panel = WinogradTransforms.Panel;

    /// <summary>The first six are those of one slice, the others of another.</summary>
    private const int MostRows = 6;

    /// <summary>
    /// Writes V[f frequencyStride + (term / 16) panelStride + (tile - first) rowStride + term % 16], f = fh frequencies + fw.
    /// </summary>
    public static void Transform(
        in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, float* v, nint rowStride, nint panelStride,
        nint frequencyStride, float* scratch)
    {
        var rows = stackalloc float*[2 * MostRows];
        for (var i = 0; i < TPlane.Window; i++)
        {
            rows[i] = Row(source, n, d + depth.First, h + i);
            rows[MostRows + i] = depth.Sign == 0 ? null : Row(source, n, d + depth.Second, h + i);
        }

        if (depth.Sign == 0 && rows[0] != null && rows[TPlane.Window - 1] != null)
            Transform<PlainTiles>(source, rows, depth.Sign, n, w, tiles, v, rowStride, panelStride, frequencyStride, scratch);
        else
            Transform<AnyTiles>(source, rows, depth.Sign, n, w, tiles, v, rowStride, panelStride, frequencyStride, scratch);
    }

    /// <summary>The same, given the rows that are read: plain tiles have those of one slice, all within the tensor.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTiles>(
        in WinogradSource source, float** rows, float slices, int n, int w, int tiles, float* v, nint rowStride, nint panelStride, nint frequencyStride,
        float* scratch) where TTiles : struct, IWinogradTiles
    {
        var shape = source.Shape;
        var lanes = Vector<float>.Count;
        var columns = (tiles - 1) * TPlane.Step + TPlane.Window;
        var sign = new Vector<float>(slices);
        var gate = (nint)((byte*)source.Gate - (byte*)source.Values);
        for (var c = 0; c < shape.C; c += lanes)
        {
            Vector<float> scale = Vector<float>.One, shift = Vector<float>.Zero;
            if (source.Gate != null)
                scale = new Vector<float>(source.Slope);
            else if (source.Scale != null)
                (scale, shift) = (Vector.Load(source.Scale + (long)n * shape.C + c), Vector.Load(source.Shift + (long)n * shape.C + c));
            // Short pieces of six rows are too irregular for the processor to foresee: the next tiles are asked for in time.
            var ahead = c % CacheLine.Floats == 0 ? (nint)tiles * TPlane.Step * shape.C : 0;
            var column = scratch;
            for (var k = w; k < w + columns; k++, column += TPlane.Frequencies * lanes)
            {
                Vector<float> r0 = Vector<float>.Zero, r1 = r0, r2 = r0, r3 = r0, r4 = r0, r5 = r0;
                if ((uint)k < (uint)shape.W)
                {
                    var offset = (nint)k * shape.C + c;
                    r0 = Read<TTiles>(rows, offset, ahead, gate, scale, shift, sign);
                    r1 = Read<TTiles>(rows + 1, offset, ahead, gate, scale, shift, sign);
                    r2 = Read<TTiles>(rows + 2, offset, ahead, gate, scale, shift, sign);
                    if (TPlane.Window > 3)
                        r3 = Read<TTiles>(rows + 3, offset, ahead, gate, scale, shift, sign);
                    if (TPlane.Window > 4)
                    {
                        r4 = Read<TTiles>(rows + 4, offset, ahead, gate, scale, shift, sign);
                        r5 = Read<TTiles>(rows + 5, offset, ahead, gate, scale, shift, sign);
                    }

                    TPlane.Forward(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
                }

                WinogradFrequencies.Store<TPlane>(column, lanes, r0, r1, r2, r3, r4, r5);
            }

            column = scratch;
            var term = source.FirstTerm + c;
            var target = v + term / Panel * panelStride + term % Panel;
            for (var t = 0; t < tiles; t++, column += TPlane.Step * TPlane.Frequencies * lanes, target += rowStride)
            {
                for (var fh = 0; fh < TPlane.Frequencies; fh++)
                {
                    if (TPlane.HasThird || fh != 2)
                        Line(column + fh * lanes, target + fh * TPlane.Frequencies * frequencyStride, frequencyStride);
                }
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
    private static Vector<float> Read<TTiles>(
        float** row, nint offset, nint ahead, nint gate, Vector<float> scale, Vector<float> shift, Vector<float> sign)
        where TTiles : struct, IWinogradTiles
    {
        float* first = row[0], second = TTiles.ArePlain ? null : row[MostRows];
        var value = Vector<float>.Zero;
        if (TTiles.ArePlain || first != null)
        {
            value = TReading.Read(first + offset, gate, scale, shift);
            if (ahead != 0)
                TReading.Expect(first + offset + ahead, gate);
        }

        return second == null ? value : Vector.MultiplyAddEstimate(TReading.Read(second + offset, gate, scale, shift), sign, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(float* column, float* target, nint stride)
    {
        var next = TPlane.Frequencies * Vector<float>.Count;
        Vector<float> a = Vector.Load(column), b = Vector.Load(column + next), c = Vector.Load(column + 2 * next), d = c, e = c, f = c;
        if (TPlane.Window > 3)
            d = Vector.Load(column + 3 * next);
        if (TPlane.Window > 4)
            (e, f) = (Vector.Load(column + 4 * next), Vector.Load(column + 5 * next));
        TPlane.Forward(ref a, ref b, ref c, ref d, ref e, ref f);
        WinogradFrequencies.Store<TPlane>(target, stride, a, b, c, d, e, f);
    }
}
