using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums per channel over the values that a transform writes, taken while a tile is in the first-level cache. Every unit has sums of its own in single
/// precision; they are joined in double precision in the order of the units, so that no sum depends on the workers.
/// </summary>
internal unsafe struct WinogradSums
{
    /// <summary>
    /// Moments: a number m near the mean, sum of v - m, sum of (v - m)^2. Products: nothing, sum of v, sum of v (x - mean).
    /// </summary>
    private const int Rows = 3;

    /// <summary>[units][rows][channels]; null = no sums.</summary>
    public float* Partials;
    public WinogradUnits Units;

    /// <summary>A tensor of the same shape, to be multiplied with; null = moments.</summary>
    public float* X;

    /// <summary>Means of x: one per image and channel, <see cref="ImageStride"/> from one image to the next.</summary>
    public float* Means;
    public int ImageStride;

    public static long Length(in WinogradUnits units) => (long)units.Count * Rows * units.Shape.C;

    /// <summary>The sums of a unit; null where there are none.</summary>
    public readonly float* Unit(in WinogradRow row) => Unit(row.Segment, row.D);

    /// <summary>The sums of a segment's slice; null where there are none.</summary>
    public readonly float* Unit(int segment, int slice) =>
        Partials == null ? null : Partials + (long)Units.Index(segment, slice) * Rows * Units.Shape.C;

    /// <summary>Adds the values of one tile in a register of channels to the sums of its unit.</summary>
    /// <param name="image">Image.</param>
    /// <param name="place">Where the tile's first value is in the tensor.</param>
    /// <param name="c">First channel.</param>
    /// <param name="values">Values of the tile.</param>
    /// <param name="columnStride">From a column to the next.</param>
    /// <param name="rowStride">From a row to the next.</param>
    /// <param name="columns">Columns of the tile.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="first">Whether it is the unit's first tile.</param>
    /// <param name="sums">Sums of the unit, from the first channel on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Add(
        int image, nint place, int c, float* values, nint columnStride, nint rowStride, int columns, int rows, bool first, float* sums)
    {
        var shape = Units.Shape;
        if (X == null)
        {
            AddMoments(values, columnStride, rowStride, columns, rows, first, sums, shape.C);
            return;
        }

        AddProducts(values, columnStride, rowStride, X + place, shape.C, (nint)shape.W * shape.C, Means + (nint)image * ImageStride + c, columns, rows,
            first, sums, shape.C);
    }

    /// <summary>Adds the values of a tile in a register of channels to the moments of a unit; the first tile gives m, its mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddMoments(float* values, nint columnStride, nint rowStride, int columns, int rows, bool first, float* sums, int channels)
    {
        Vector<float> s0 = default, s1 = default, q0 = default, q1 = default;
        if (first)
        {
            for (var i = 0; i < columns; i++)
            {
                for (var j = 0; j < rows; j++)
                    s0 += Vector.Load(values + i * columnStride + j * rowStride);
            }

            (s0 * new Vector<float>(1f / (columns * rows))).Store(sums);
            s0 = default;
        }
        else
        {
            (s0, q0) = (Vector.Load(sums + channels), Vector.Load(sums + 2 * channels));
        }

        var m = Vector.Load(sums);
        for (var i = 0; i < columns; i++, values += columnStride)
        {
            var v = values;
            var j = 0;
            for (; j + 1 < rows; j += 2, v += 2 * rowStride)
            {
                Vector<float> d0 = Vector.Load(v) - m, d1 = Vector.Load(v + rowStride) - m;
                s0 += d0;
                s1 += d1;
                q0 = Vector.MultiplyAddEstimate(d0, d0, q0);
                q1 = Vector.MultiplyAddEstimate(d1, d1, q1);
            }

            if (j < rows)
            {
                var d = Vector.Load(v) - m;
                s0 += d;
                q0 = Vector.MultiplyAddEstimate(d, d, q0);
            }
        }

        (s0 + s1).Store(sums + channels);
        (q0 + q1).Store(sums + 2 * channels);
    }

    /// <summary>Adds v and v (x - mean) of a tile in a register of channels to the sums of a unit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProducts(
        float* values, nint columnStride, nint rowStride, float* x, nint xColumnStride, nint xRowStride, float* means, int columns, int rows, bool first,
        float* sums, int channels)
    {
        Vector<float> s0 = default, s1 = default, q0 = default, q1 = default;
        if (!first)
            (s0, q0) = (Vector.Load(sums + channels), Vector.Load(sums + 2 * channels));
        var mean = Vector.Load(means);
        for (var i = 0; i < columns; i++, values += columnStride, x += xColumnStride)
        {
            float* v = values, other = x;
            var j = 0;
            for (; j + 1 < rows; j += 2, v += 2 * rowStride, other += 2 * xRowStride)
            {
                Vector<float> v0 = Vector.Load(v), v1 = Vector.Load(v + rowStride);
                s0 += v0;
                s1 += v1;
                q0 = Vector.MultiplyAddEstimate(v0, Vector.Load(other) - mean, q0);
                q1 = Vector.MultiplyAddEstimate(v1, Vector.Load(other + xRowStride) - mean, q1);
            }

            if (j < rows)
            {
                var v0 = Vector.Load(v);
                s0 += v0;
                q0 = Vector.MultiplyAddEstimate(v0, Vector.Load(other) - mean, q0);
            }
        }

        (s0 + s1).Store(sums + channels);
        (q0 + q1).Store(sums + 2 * channels);
    }

    /// <summary>Mean and sum of squared deviations from it of every image and channel, as pairs.</summary>
    public readonly void JoinMoments(HostDevice host, double* moments)
    {
        var counts = host.Allocate<int>(Units.PerImage, nameof(WinogradSums));
        using var memory = counts.Memory;
        Units.CountValues(counts.HostAddress);
        host.Workers.Run(Units.Shape.N * Registers, new MomentsBody(this, counts.HostAddress, moments), MinimumPerWorker(Units.PerImage));
    }

    /// <summary>sum v and sum v (x - mean) of every channel as pairs, of so many images or of all of them together (1).</summary>
    public readonly void JoinProducts(HostDevice host, int images, double* sums)
    {
        var counts = host.Allocate<int>(Units.PerImage, nameof(WinogradSums));
        using var memory = counts.Memory;
        Units.CountValues(counts.HostAddress);
        host.Workers.Run(images * Registers, new ProductsBody(this, counts.HostAddress, images, sums), MinimumPerWorker(Units.Count / images));
    }

    /// <summary>Registers of channels.</summary>
    private readonly int Registers => Units.Shape.C / Vector<float>.Count;

    private readonly float* Unit(int unit) => Partials + (long)unit * Rows * Units.Shape.C;

    private static int MinimumPerWorker(int units) => 1 + 4096 / units;

    /// <summary>Joins a register of channels of an image.</summary>
    private readonly struct MomentsBody(WinogradSums sums, int* counts, double* moments) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var (channels, lanes) = (sums.Units.Shape.C, Vector<float>.Count);
            var average = stackalloc double[lanes];
            var squares = stackalloc double[lanes];
            for (var i = from; i < until; i++)
            {
                var (image, c) = (i / sums.Registers, i % sums.Registers * lanes);
                Join(image, c, average, squares);
                for (var lane = 0; lane < lanes; lane++)
                {
                    var pair = moments + 2L * (image * channels + c + lane);
                    (pair[0], pair[1]) = (average[lane], Math.Max(squares[lane], 0));
                }
            }
        }

        /// <summary>
        /// Sums around m of the first unit: the values lie around it, and double precision leaves room for what their mean is off.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Join(int image, int c, double* average, double* squares)
        {
            var (channels, units) = (sums.Units.Shape.C, sums.Units.PerImage);
            var partial = sums.Unit(image * units) + c;
            var first = Vector.Load(partial);
            Vector<double> centre0 = Vector.WidenLower(first), centre1 = Vector.WidenUpper(first);
            Vector<double> s0 = default, s1 = default, q0 = default, q1 = default;
            for (var unit = 0; unit < units; unit++, partial += Rows * channels)
            {
                if (counts[unit] == 0)
                    continue;
                var count = new Vector<double>(counts[unit]);
                Vector<float> m = Vector.Load(partial), s = Vector.Load(partial + channels), q = Vector.Load(partial + 2 * channels);
                Add(Vector.WidenLower(m) - centre0, Vector.WidenLower(s), Vector.WidenLower(q), count, ref s0, ref q0);
                Add(Vector.WidenUpper(m) - centre1, Vector.WidenUpper(s), Vector.WidenUpper(q), count, ref s1, ref q1);
            }

            var values = new Vector<double>(sums.Units.Shape.VoxelsPerImage);
            (centre0 + s0 / values).Store(average);
            (centre1 + s1 / values).Store(average + Vector<double>.Count);
            (q0 - s0 * s0 / values).Store(squares);
            (q1 - s1 * s1 / values).Store(squares + Vector<double>.Count);
        }

        /// <summary>From sums around m to sums around m - d.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add(Vector<double> d, Vector<double> s, Vector<double> q, Vector<double> count, ref Vector<double> sum, ref Vector<double> squares)
        {
            var shift = count * d;
            sum += shift + s;
            squares += q + d * (s + s + shift);
        }
    }

    private readonly struct ProductsBody(WinogradSums sums, int* counts, int images, double* results) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var (channels, lanes) = (sums.Units.Shape.C, Vector<float>.Count);
            var values = stackalloc double[lanes];
            var products = stackalloc double[lanes];
            for (var i = from; i < until; i++)
            {
                var (image, c) = (i / sums.Registers, i % sums.Registers * lanes);
                Join(image, c, values, products);
                for (var lane = 0; lane < lanes; lane++)
                {
                    var pair = results + 2L * (image * channels + c + lane);
                    (pair[0], pair[1]) = (values[lane], products[lane]);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Join(int image, int c, double* values, double* products)
        {
            var (channels, perImage) = (sums.Units.Shape.C, sums.Units.PerImage);
            var units = sums.Units.Count / images;
            var partial = sums.Unit(image * units) + c;
            Vector<double> s0 = default, s1 = default, q0 = default, q1 = default;
            for (int unit = 0, place = 0; unit < units; unit++, partial += Rows * channels)
            {
                if (counts[place] != 0)
                {
                    Vector<float> s = Vector.Load(partial + channels), q = Vector.Load(partial + 2 * channels);
                    s0 += Vector.WidenLower(s);
                    s1 += Vector.WidenUpper(s);
                    q0 += Vector.WidenLower(q);
                    q1 += Vector.WidenUpper(q);
                }

                if (++place == perImage)
                    place = 0;
            }

            s0.Store(values);
            s1.Store(values + Vector<double>.Count);
            q0.Store(products);
            q1.Store(products + Vector<double>.Count);
        }
    }
}
