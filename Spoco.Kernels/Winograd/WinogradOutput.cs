using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transforms the products of neighbouring tiles of one row back for one frequency of the slices and adds them to the results, which are
/// complete, with bias and activation, after the last frequency.
/// </summary>
internal static unsafe class WinogradOutput<TPlane> where TPlane : struct, IWinogradAxis
{
    /// <summary>Reads M[f frequencyStride + (tile - first) rowStride + channel] and writes a part of one slice of the target.</summary>
    public static void Transform(in WinogradTarget target, in WinogradRow part, float* m, nint rowStride, nint frequencyStride)
    {
        var plain = part is { Begins: true, Ends: true, Weight: 1 } && target.Bias == null && target.Slope <= 1
            && target.Shape.H - part.H >= TPlane.Results;
        var whole = plain ? Math.Min(part.Tiles, (target.Shape.W - part.W) / TPlane.Results) : 0;
        if (whole > 0)
            Transform<PlainTiles>(target, part, 0, whole, m, rowStride, frequencyStride);
        if (whole < part.Tiles)
            Transform<AnyTiles>(target, part, whole, part.Tiles, m + whole * rowStride, rowStride, frequencyStride);
    }

    /// <summary>Tiles [from, until) of the part.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTiles>(
        in WinogradTarget target, in WinogradRow part, int from, int until, float* m, nint rowStride, nint frequencyStride)
        where TTiles : struct, IWinogradTiles
    {
        var shape = target.Shape;
        var lanes = Vector<float>.Count;
        var (begins, ends) = (part.Begins, part.Ends);
        var factor = new Vector<float>(part.Weight);
        var slope = new Vector<float>(ends ? target.Slope : 1);
        var rowLength = (nint)shape.W * shape.C;
        var w = part.W + from * TPlane.Results;
        var row = target.Values + (((long)part.N * shape.D + part.D) * shape.H + part.H) * rowLength + (nint)w * shape.C;
        var rows = Math.Min(TPlane.Results, shape.H - part.H);
        // Lines of all row frequencies: [results of a line][frequencies].
        var lines = stackalloc float[4 * 6 * lanes];

        // What the caches cannot keep is written past them, a cache line at a time: [columns][rows][floats of a line].
        var streams = begins && ends && CacheLine.Streams(target.Values, shape.Count) && shape.C % CacheLine.Floats == 0;
        var staging = stackalloc float[4 * 4 * CacheLine.Floats];
        var nextRow = streams ? CacheLine.Floats : rowLength;
        var nextColumn = streams ? TPlane.Results * CacheLine.Floats : shape.C;
        var sums = ends ? target.Sums.Unit(part) : null;
        var pooled = ends ? target.Pooling.Row(part) : WinogradPooling.None;
        for (var t = from; t < until; t++, m += rowStride, row += TPlane.Results * shape.C, w += TPlane.Results)
        {
            var columns = TTiles.ArePlain ? TPlane.Results : Math.Min(TPlane.Results, shape.W - w);
            for (var c = 0; c < shape.C; c += lanes)
            {
                for (var fh = 0; fh < TPlane.Frequencies; fh++)
                {
                    if (TPlane.HasThird || fh != 2)
                        Line(m + fh * TPlane.Frequencies * frequencyStride + c, frequencyStride, lines + fh * lanes);
                }

                var bias = begins && target.Bias != null ? Vector.Load(target.Bias + c) : Vector<float>.Zero;
                var tile = streams ? staging + c % CacheLine.Floats : row + c;
                for (var column = 0; column < columns; column++)
                {
                    Read(lines + column * TPlane.Frequencies * lanes, lanes, out var a, out var b, out var x, out var y);
                    var place = tile + column * nextColumn;
                    if (!streams && c % CacheLine.Floats == 0)
                        Expect(place + TPlane.Results * shape.C, rowLength, rows);
                    if (TTiles.ArePlain)
                    {
                        Store(place, a, slope);
                        if (TPlane.Results > 1)
                            Store(place + nextRow, b, slope);
                        if (TPlane.Results > 2)
                        {
                            Store(place + 2 * nextRow, x, slope);
                            Store(place + 3 * nextRow, y, slope);
                        }

                        continue;
                    }

                    Store(place, a, factor, bias, slope, begins);
                    if (TPlane.Results > 1 && rows > 1)
                        Store(place + nextRow, b, factor, bias, slope, begins);
                    if (TPlane.Results > 2 && rows > 2)
                        Store(place + 2 * nextRow, x, factor, bias, slope, begins);
                    if (TPlane.Results > 2 && rows > 3)
                        Store(place + 3 * nextRow, y, factor, bias, slope, begins);
                }

                // What is done with the complete values while they are near.
                if (sums != null)
                    target.Sums.Add(part.N, (nint)(row + c - target.Values), c, tile, nextColumn, nextRow, columns, rows, t == 0, sums + c);
                if (pooled != WinogradPooling.None)
                    target.Pooling.Take(part, pooled + (nint)(w / 2) * shape.C + c, c, tile, nextColumn, nextRow, columns, rows, t == 0);
                if (streams && (c + lanes) % CacheLine.Floats == 0)
                    Stream(staging, row + c + lanes - CacheLine.Floats, columns, rows, shape.C, rowLength);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stream(float* staging, float* place, int columns, int rows, int channels, nint rowLength)
    {
        for (var column = 0; column < columns; column++, place += channels, staging += TPlane.Results * CacheLine.Floats)
        {
            for (var i = 0; i < rows; i++)
            {
                for (var c = 0; c < CacheLine.Floats; c += Vector<float>.Count)
                    Vector.Load(staging + i * CacheLine.Floats + c).StoreAlignedNonTemporal(place + i * rowLength + c);
            }
        }
    }

    /// <summary>The lines that the next tile will be written to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expect(float* place, nint rowLength, int rows)
    {
        for (var i = 0; i < rows; i++)
            CacheLine.Fetch(place + i * rowLength);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(float* m, nint stride, float* lines)
    {
        Read(m, stride, out var a, out var b, out var c, out var d);
        var next = TPlane.Frequencies * Vector<float>.Count;
        a.Store(lines);
        if (TPlane.Results > 1)
            b.Store(lines + next);
        if (TPlane.Results > 2)
        {
            c.Store(lines + 2 * next);
            d.Store(lines + 3 * next);
        }
    }

    /// <summary>The results of the frequencies that lie <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Read(float* m, nint stride, out Vector<float> a, out Vector<float> b, out Vector<float> c, out Vector<float> d)
    {
        (a, b, d) = (Vector.Load(m), Vector.Load(m + stride), Vector.Load(m + 3 * stride));
        c = TPlane.HasThird ? Vector.Load(m + 2 * stride) : default;
        if (TPlane.Frequencies > 4)
            TPlane.Inverse(ref a, ref b, ref c, ref d, Vector.Load(m + 4 * stride), Vector.Load(m + 5 * stride));
        else
            TPlane.Inverse(ref a, ref b, ref c, ref d, default, default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* place, Vector<float> value, Vector<float> slope) => Vector.MaxNative(value * slope, value).Store(place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* place, Vector<float> value, Vector<float> factor, Vector<float> bias, Vector<float> slope, bool begins)
    {
        value = Vector.MultiplyAddEstimate(value, factor, begins ? bias : Vector.Load(place));
        Vector.ConditionalSelect(Vector.GreaterThan(value, Vector<float>.Zero), value, value * slope).Store(place);
    }
}
