using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums per channel on the host. Channels-last memory is seen as a matrix whose rows hold a whole number of voxels and of register blocks,
/// lcm(C, block) values: every column then belongs to one channel, whatever C is, and lanes never have to be told apart.
/// Columns are summed in single precision for a few rows only, and these sums in double precision: many equal values (zeros behind a ReLU) are all
/// rounded the same way, so that the error of a long single-precision sum of them grows with its length.
/// </summary>
internal static unsafe class ChannelColumns
{
    /// <summary>Rows of a single-precision sum.</summary>
    private const int RunRows = 16;

    /// <summary>Columns handled at a time: four registers hide the latency of an addition.</summary>
    private static int Block => 4 * Vector<float>.Count;

    /// <summary>Values of one row.</summary>
    public static int RowLength(int channels) => channels / (int)BigInteger.GreatestCommonDivisor(channels, Block) * Block;

    /// <summary>sums_j = sum of x_rj over the rows r.</summary>
    public static void Sum(float* x, int rows, int length, double* sums)
    {
        var j = 0;
        for (; j + Block <= length; j += Block)
        {
            new Span<double>(sums + j, Block).Clear();
            var p = x + j;
            for (var r = 0; r < rows;)
            {
                Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
                for (var end = Math.Min(r + RunRows, rows); r < end; r++, p += length)
                {
                    s0 += Load(p, 0);
                    s1 += Load(p, 1);
                    s2 += Load(p, 2);
                    s3 += Load(p, 3);
                }

                Add(sums + j, s0, s1, s2, s3);
            }
        }

        for (; j < length; j++)
        {
            var sum = 0.0;
            for (var r = 0; r < rows; r++)
                sum += x[(long)r * length + j];
            sums[j] = sum;
        }
    }

    /// <summary>residuals_j = sum of x_rj - means_j, squares_j = sum of (x_rj - means_j)^2.</summary>
    public static void SumCentered(float* x, int rows, int length, float* means, double* residuals, double* squares)
    {
        var j = 0;
        for (; j + Block <= length; j += Block)
        {
            new Span<double>(residuals + j, Block).Clear();
            new Span<double>(squares + j, Block).Clear();
            Vector<float> m0 = Load(means + j, 0), m1 = Load(means + j, 1), m2 = Load(means + j, 2), m3 = Load(means + j, 3);
            var p = x + j;
            for (var r = 0; r < rows;)
            {
                Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
                Vector<float> q0 = default, q1 = default, q2 = default, q3 = default;
                for (var end = Math.Min(r + RunRows, rows); r < end; r++, p += length)
                {
                    var d0 = Load(p, 0) - m0;
                    var d1 = Load(p, 1) - m1;
                    var d2 = Load(p, 2) - m2;
                    var d3 = Load(p, 3) - m3;
                    s0 += d0;
                    s1 += d1;
                    s2 += d2;
                    s3 += d3;
                    q0 = Vector.MultiplyAddEstimate(d0, d0, q0);
                    q1 = Vector.MultiplyAddEstimate(d1, d1, q1);
                    q2 = Vector.MultiplyAddEstimate(d2, d2, q2);
                    q3 = Vector.MultiplyAddEstimate(d3, d3, q3);
                }

                Add(residuals + j, s0, s1, s2, s3);
                Add(squares + j, q0, q1, q2, q3);
            }
        }

        for (; j < length; j++)
        {
            double sum = 0, square = 0;
            for (var r = 0; r < rows; r++)
            {
                var d = x[(long)r * length + j] - means[j];
                sum += d;
                square += d * d;
            }

            residuals[j] = sum;
            squares[j] = square;
        }
    }

    /// <summary>sums_j = sum of dy_rj, products_j = sum of dy_rj (x_rj - means_j).</summary>
    public static void SumProducts(float* dy, float* x, int rows, int length, float* means, double* sums, double* products)
    {
        var j = 0;
        for (; j + Block <= length; j += Block)
        {
            new Span<double>(sums + j, Block).Clear();
            new Span<double>(products + j, Block).Clear();
            Vector<float> m0 = Load(means + j, 0), m1 = Load(means + j, 1), m2 = Load(means + j, 2), m3 = Load(means + j, 3);
            float* g = dy + j, p = x + j;
            for (var r = 0; r < rows;)
            {
                Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
                Vector<float> q0 = default, q1 = default, q2 = default, q3 = default;
                for (var end = Math.Min(r + RunRows, rows); r < end; r++, g += length, p += length)
                {
                    Vector<float> g0 = Load(g, 0), g1 = Load(g, 1);
                    s0 += g0;
                    s1 += g1;
                    q0 = Vector.MultiplyAddEstimate(g0, Load(p, 0) - m0, q0);
                    q1 = Vector.MultiplyAddEstimate(g1, Load(p, 1) - m1, q1);
                    Vector<float> g2 = Load(g, 2), g3 = Load(g, 3);
                    s2 += g2;
                    s3 += g3;
                    q2 = Vector.MultiplyAddEstimate(g2, Load(p, 2) - m2, q2);
                    q3 = Vector.MultiplyAddEstimate(g3, Load(p, 3) - m3, q3);
                }

                Add(sums + j, s0, s1, s2, s3);
                Add(products + j, q0, q1, q2, q3);
            }
        }

        for (; j < length; j++)
        {
            double sum = 0, product = 0;
            for (var r = 0; r < rows; r++)
            {
                var i = (long)r * length + j;
                sum += dy[i];
                product += dy[i] * (x[i] - means[j]);
            }

            sums[j] = sum;
            products[j] = product;
        }
    }

    /// <summary>y_rj = (x_rj - means_j) scales_j + offsets_j.</summary>
    public static void ScaleCentered(float* x, float* y, int rows, int length, float* means, float* scales, float* offsets)
    {
        for (var r = 0; r < rows; r++, x += length, y += length)
        {
            var j = 0;
            for (; j + Vector<float>.Count <= length; j += Vector<float>.Count)
                Vector.MultiplyAddEstimate(Load(x + j, 0) - Load(means + j, 0), Load(scales + j, 0), Load(offsets + j, 0)).Store(y + j);
            for (; j < length; j++)
                y[j] = (x[j] - means[j]) * scales[j] + offsets[j];
        }
    }

    /// <summary>y_rj = dy_rj scales_j + (x_rj - means_j) slopes_j + offsets_j; y may be dy.</summary>
    public static void Combine(float* dy, float* x, float* y, int rows, int length, float* means, float* scales, float* slopes, float* offsets)
    {
        for (var r = 0; r < rows; r++, dy += length, x += length, y += length)
        {
            var j = 0;
            for (; j + Vector<float>.Count <= length; j += Vector<float>.Count)
            {
                var centered = Vector.MultiplyAddEstimate(Load(x + j, 0) - Load(means + j, 0), Load(slopes + j, 0), Load(offsets + j, 0));
                Vector.MultiplyAddEstimate(Load(dy + j, 0), Load(scales + j, 0), centered).Store(y + j);
            }

            for (; j < length; j++)
                y[j] = dy[j] * scales[j] + ((x[j] - means[j]) * slopes[j] + offsets[j]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Load(float* p, int register) => Vector.Load(p + register * Vector<float>.Count);

    private static void Add(double* sums, Vector<float> v0, Vector<float> v1, Vector<float> v2, Vector<float> v3)
    {
        Add(sums, 0, v0);
        Add(sums, 1, v1);
        Add(sums, 2, v2);
        Add(sums, 3, v3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(double* sums, int register, Vector<float> v)
    {
        var lower = sums + register * Vector<float>.Count;
        var upper = lower + Vector<double>.Count;
        (Vector.Load(lower) + Vector.WidenLower(v)).Store(lower);
        (Vector.Load(upper) + Vector.WidenUpper(v)).Store(upper);
    }
}
