using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>Sums over the pixels of a tile, sum_p w_p (e_p - centre), for rows of weights.</summary>
internal static unsafe class TileSums
{
    private const int Stride = PixelTile.Stride;

    /// <summary>sums[c] += sum_p weights[p] (e_p - centre)[c].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* tile, float* centre, int channels, float* weights, double* sums)
    {
        for (var c = 0; c < channels; c++)
            sums[c] += Sum(tile + c * Stride, centre[c], weights);
    }

    /// <summary>
    /// The same for two rows that lie one behind the other, each with a centre and sums of its own, as sum_p w_p e_p - (sum_p w_p) centre: what is read of the
    /// tile serves both.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddTwo(float* tile, float* centre, float* centre2, int channels, float* weights, double* sums, double* sums2)
    {
        Vector<float> w0 = default, w1 = default;
        for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
        {
            w0 += PixelTile.Read(weights + p);
            w1 += PixelTile.Read(weights + Stride + p);
        }

        var (total, total2) = (Vector.Sum(w0), Vector.Sum(w1));
        var c = 0;
        for (; c + 4 <= channels; c += 4)
        {
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
            var row = tile + c * Stride;
            for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            {
                Vector<float> v = PixelTile.Read(weights + p), w = PixelTile.Read(weights + Stride + p), e = PixelTile.Read(row + p);
                s0 = Vector.MultiplyAddEstimate(v, e, s0);
                t0 = Vector.MultiplyAddEstimate(w, e, t0);
                e = PixelTile.Read(row + Stride + p);
                s1 = Vector.MultiplyAddEstimate(v, e, s1);
                t1 = Vector.MultiplyAddEstimate(w, e, t1);
                e = PixelTile.Read(row + 2 * Stride + p);
                s2 = Vector.MultiplyAddEstimate(v, e, s2);
                t2 = Vector.MultiplyAddEstimate(w, e, t2);
                e = PixelTile.Read(row + 3 * Stride + p);
                s3 = Vector.MultiplyAddEstimate(v, e, s3);
                t3 = Vector.MultiplyAddEstimate(w, e, t3);
            }

            AddFour(s0, s1, s2, s3, total, centre + c, sums + c);
            AddFour(t0, t1, t2, t3, total2, centre2 + c, sums2 + c);
        }

        for (; c < channels; c++)
        {
            sums[c] += Sum(tile + c * Stride, centre[c], weights);
            sums2[c] += Sum(tile + c * Stride, centre2[c], weights + Stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(float* row, float centre, float* weights)
    {
        var lanes = Vector<float>.Count;
        Vector<float> s = default, t = default, a = new(centre);
        for (var p = 0; p < PixelTile.Pixels; p += 2 * lanes)
        {
            s = Vector.MultiplyAddEstimate(PixelTile.Read(weights + p), PixelTile.Read(row + p) - a, s);
            t = Vector.MultiplyAddEstimate(PixelTile.Read(weights + p + lanes), PixelTile.Read(row + p + lanes) - a, t);
        }

        return Vector.Sum(s + t);
    }

    /// <summary>Adds what four registers sum up to, less the total times the centre.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFour(
        Vector<float> s0, Vector<float> s1, Vector<float> s2, Vector<float> s3, double total, float* centre, double* sums)
    {
        if (Vector<float>.Count == 8 && Avx.IsSupported)
        {
            var pairs = Avx.HorizontalAdd(Avx.HorizontalAdd(s0.AsVector256(), s1.AsVector256()), Avx.HorizontalAdd(s2.AsVector256(), s3.AsVector256()));
            var four = Avx.ConvertToVector256Double(pairs.GetLower() + pairs.GetUpper()) - Vector256.Create(total) * Avx.ConvertToVector256Double(Vector128.Load(centre));
            (Vector256.Load(sums) + four).Store(sums);
            return;
        }

        sums[0] += Vector.Sum(s0) - total * centre[0];
        sums[1] += Vector.Sum(s1) - total * centre[1];
        sums[2] += Vector.Sum(s2) - total * centre[2];
        sums[3] += Vector.Sum(s3) - total * centre[3];
    }
}
