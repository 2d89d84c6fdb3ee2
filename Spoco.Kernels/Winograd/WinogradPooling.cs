using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Maxima of windows of two by two over one slice or two, taken while a tile is in the first-level cache: windows never reach beyond a tile. See
/// <see cref="MaxPool"/>.
/// </summary>
internal unsafe struct WinogradPooling
{
    /// <summary>In place of a row's first value: no pooling.</summary>
    public const nint None = -1;

    /// <summary>Null = no pooling.</summary>
    public float* Values;

    /// <summary>Extents of the maxima.</summary>
    public TensorShape Shape;

    /// <summary>Slices of a window, one or two.</summary>
    public int Depth;

    /// <summary>Where in the window the maximum is; null = not needed.</summary>
    public byte* Places;

    /// <summary>Moments of the maxima; default = not needed.</summary>
    public WinogradSums Sums;

    /// <summary>Whether a convolution can take the maxima while it writes its result.</summary>
    public static bool Fits(in WinogradGrid grid, in PoolingShape shape) =>
        shape is { WindowH: 2, WindowW: 2 } && (shape.WindowD == 1 || (shape.WindowD == 2 && grid.Deep));

    /// <summary>Where the next tile's maxima will be written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Expect(long target)
    {
        CacheLine.Fetch(Values + target);
        if (Places is not null)
            CacheLine.Fetch((float*)(Places + target));
    }

    /// <summary>First value of the row that a tile's first windows belong to; <see cref="None"/> where there is none.</summary>
    public readonly nint Row(in WinogradRow row)
    {
        var (d, h) = (Depth == 2 ? row.D / 2 : row.D, row.H / 2);
        return Values == null || d >= Shape.D || h >= Shape.H
            ? None
            : (((nint)row.N * Shape.D + d) * Shape.H + h) * Shape.W * Shape.C;
    }

    /// <summary>
    /// The maxima of one tile in a register of channels. Of two slices the first one's maxima are kept in the result until the second one comes.
    /// </summary>
    /// <param name="row">The tile's slice.</param>
    /// <param name="first">Place of the first maximum.</param>
    /// <param name="c">Its channel.</param>
    /// <param name="values">Values of the tile.</param>
    /// <param name="columnStride">From a column to the next.</param>
    /// <param name="rowStride">From a row to the next.</param>
    /// <param name="columns">Columns of the tile.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="begins">Whether it is the segment's first tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Take(
        in WinogradRow row, nint first, int c, float* values, nint columnStride, nint rowStride, int columns, int rows, bool begins)
    {
        (rows, columns) = (rows / 2, columns / 2);
        if (columns == 0)
            return;
        var second = Depth == 2 && row.D % 2 == 1;
        var number = second ? 4 : 0;
        var (nextRow, next) = ((nint)Shape.W * Shape.C, (nint)Shape.C);
        for (var h = 0; h < rows; h++)
        {
            var window = values + 2 * h * rowStride;
            var target = first + h * nextRow;
            for (var i = 0; i < columns; i++, window += 2 * columnStride, target += next)
            {
                if (c % CacheLine.Floats == 0)
                    Expect(target + columns * next);
                var maximum = Vector.Load(window);
                var place = Vector<int>.Zero;
                if (second)
                {
                    var value = maximum;
                    (maximum, place) = (Vector.Load(Values + target), Places is null ? place : MaxPoolHost.LoadPlaces(Places + target));
                    MaxPoolHost.Larger(value, number, ref maximum, ref place);
                }

                MaxPoolHost.Larger(Vector.Load(window + columnStride), number + 1, ref maximum, ref place);
                MaxPoolHost.Larger(Vector.Load(window + rowStride), number + 2, ref maximum, ref place);
                MaxPoolHost.Larger(Vector.Load(window + rowStride + columnStride), number + 3, ref maximum, ref place);
                maximum.Store(Values + target);
                if (Places is not null)
                    MaxPoolHost.StorePlaces(place, Places + target);
            }
        }

        if (Sums.Partials != null && second == (Depth == 2))
            WinogradSums.AddMoments(Values + first, next, nextRow, columns, rows, begins, Sums.Unit(row.Segment, row.D / Depth) + c, Shape.C);
    }

    /// <summary>Where the next tile's maxima will be written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Expect(nint target)
    {
        CacheLine.Fetch(Values + target);
        if (Places is not null)
            CacheLine.Fetch((float*)(Places + target));
    }
}
