using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Maxima of windows of two by two over one slice or two, taken while a tile is in the first-level cache: windows never reach beyond a tile. See
/// <see cref="MaxPool"/>.
/// </summary>
internal unsafe struct WinogradPooling
{
    public PoolingShape Shape;

    /// <summary>Null = no pooling.</summary>
    public float* Values;

    /// <summary>Where in the window the maximum is; null = not needed.</summary>
    public byte* Places;

    /// <summary>Moments of the maxima; default = not needed.</summary>
    public WinogradSums Sums;

    /// <summary>Whether a convolution can take the maxima while it writes its result.</summary>
    public static bool Fits(in WinogradGrid grid, in PoolingShape shape) =>
        shape is { WindowH: 2, WindowW: 2 } && (shape.WindowD == 1 || (shape.WindowD == 2 && grid.Deep));

    /// <summary>
    /// The maxima of one tile in a register of channels. Of two slices the first one's maxima are kept in the result until the second one comes.
    /// </summary>
    /// <param name="row">The tile's slice; its first row and column.</param>
    /// <param name="w">First column of the tile.</param>
    /// <param name="c">First channel.</param>
    /// <param name="values">Values of the tile.</param>
    /// <param name="columnStride">From a column to the next.</param>
    /// <param name="rowStride">From a row to the next.</param>
    /// <param name="columns">Columns of the tile.</param>
    /// <param name="rows">Rows of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Take(in WinogradRow row, int w, int c, float* values, nint columnStride, nint rowStride, int columns, int rows)
    {
        var d = row.D / Shape.WindowD;
        if (d >= Shape.OutD || rows < 2 || columns < 2)
            return;
        var slice = row.D % Shape.WindowD;
        var rowLength = (nint)Shape.OutW * Shape.C;
        var first = (((long)row.N * Shape.OutD + d) * Shape.OutH + row.H / 2) * rowLength + (nint)(w / 2) * Shape.C + c;
        for (var h = 0; h < rows / 2; h++)
        {
            for (var i = 0; i < columns / 2; i++)
            {
                var target = first + h * rowLength + i * Shape.C;
                var window = values + 2 * h * rowStride + 2 * i * columnStride;
                var maximum = Vector.Load(window);
                var place = Vector<int>.Zero;
                if (slice == 1)
                {
                    var value = maximum;
                    (maximum, place) = (Vector.Load(Values + target), Places is null ? place : MaxPoolHost.LoadPlaces(Places + target));
                    MaxPoolHost.Larger(value, 4, ref maximum, ref place);
                }

                MaxPoolHost.Larger(Vector.Load(window + columnStride), 4 * slice + 1, ref maximum, ref place);
                MaxPoolHost.Larger(Vector.Load(window + rowStride), 4 * slice + 2, ref maximum, ref place);
                MaxPoolHost.Larger(Vector.Load(window + rowStride + columnStride), 4 * slice + 3, ref maximum, ref place);
                maximum.Store(Values + target);
                if (Places is not null)
                    MaxPoolHost.StorePlaces(place, Places + target);
            }
        }

        if (Sums.Partials != null && slice == Shape.WindowD - 1)
        {
            WinogradSums.AddMoments(Values + first, Shape.C, rowLength, columns / 2, rows / 2, w == row.W, Sums.Unit(row.Segment, d) + c, Shape.C);
        }
    }
}
