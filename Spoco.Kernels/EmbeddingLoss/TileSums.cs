using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums over the pixels of a tile, sum_p w_p (e_p - a), for rows of weights w with a centre a each: kept as sum_p w_p e_p - (sum_p w_p) a, so that
/// a row costs one product for every component.
/// </summary>
internal static unsafe class TileSums
{
    private const int Stride = PixelTile.Stride;
    private const int Block = WeightedRows.Block;

    /// <summary>Adds the sum of every row to where it belongs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(in TileEmbeddings e, in WeightedRows rows)
    {
        for (var k = 0; k < rows.Count;)
        {
            if (rows.Sums(k) is null)
            {
                k++;
                continue;
            }

            AddBlock(e, rows, k);
            k += Block;
        }
    }

    /// <summary>Adds the sums of <see cref="Block"/> rows, or of those that are left; rows behind the last one are summed for nothing.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void AddBlock(in TileEmbeddings e, in WeightedRows rows, int first)
    {
        var weights = rows.Weights(first);
        var last = rows.Count - 1;
        float* a0 = rows.Centres[first], a1 = rows.Centres[Math.Min(first + 1, last)];
        float* a2 = rows.Centres[Math.Min(first + 2, last)], a3 = rows.Centres[Math.Min(first + 3, last)];
        var sums = stackalloc float[Block * 2 * Simd512.Lanes];
        var c = 0;
        for (; Vector512.IsHardwareAccelerated && c + 2 * Simd512.Lanes <= e.Channels; c += 2 * Simd512.Lanes)
        {
            Sum<Simd512, Vector512<float>>(e.Pixels + c, e.PixelStride, e.Count, weights, a0 + c, a1 + c, a2 + c, a3 + c, sums);
            Add(sums, 2 * Simd512.Lanes, rows, first, c);
        }

        for (; Vector256.IsHardwareAccelerated && c + 2 * Simd256.Lanes <= e.Channels; c += 2 * Simd256.Lanes)
        {
            Sum<Simd256, Vector256<float>>(e.Pixels + c, e.PixelStride, e.Count, weights, a0 + c, a1 + c, a2 + c, a3 + c, sums);
            Add(sums, 2 * Simd256.Lanes, rows, first, c);
        }

        for (; c + 2 * Simd128.Lanes <= e.Channels; c += 2 * Simd128.Lanes)
        {
            Sum<Simd128, Vector128<float>>(e.Pixels + c, e.PixelStride, e.Count, weights, a0 + c, a1 + c, a2 + c, a3 + c, sums);
            Add(sums, 2 * Simd128.Lanes, rows, first, c);
        }

        for (; c < e.Channels; c++)
        {
            for (var k = first; k < first + Block && k <= last; k++)
                rows.Sums(k)[c] += Sum(e.Rows + c * Stride, rows.Centres[k][c], rows.Weights(k));
        }
    }

    /// <summary>The sums of four rows with centres a0 .. a3, two vectors of components.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum<TSimd, TVector>(
        float* e, int pixelStride, int count, float* weights, float* a0, float* a1, float* a2, float* a3, float* sums)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
        TVector t0 = TSimd.Zero, t1 = TSimd.Zero, t2 = TSimd.Zero, t3 = TSimd.Zero;

        // -sum_p w_p
        TVector n0 = TSimd.Zero, n1 = TSimd.Zero, n2 = TSimd.Zero, n3 = TSimd.Zero;
        for (var p = 0; p < count; p++, e += pixelStride, weights++)
        {
            TVector x = TSimd.Load(e), y = TSimd.Load(e + TSimd.Lanes), w = TSimd.LoadLeft((byte*)weights);
            s0 = TSimd.MultiplyAdd(w, x, s0);
            t0 = TSimd.MultiplyAdd(w, y, t0);
            n0 = TSimd.Subtract(n0, w);
            w = TSimd.LoadLeft((byte*)(weights + Stride));
            s1 = TSimd.MultiplyAdd(w, x, s1);
            t1 = TSimd.MultiplyAdd(w, y, t1);
            n1 = TSimd.Subtract(n1, w);
            w = TSimd.LoadLeft((byte*)(weights + 2 * Stride));
            s2 = TSimd.MultiplyAdd(w, x, s2);
            t2 = TSimd.MultiplyAdd(w, y, t2);
            n2 = TSimd.Subtract(n2, w);
            w = TSimd.LoadLeft((byte*)(weights + 3 * Stride));
            s3 = TSimd.MultiplyAdd(w, x, s3);
            t3 = TSimd.MultiplyAdd(w, y, t3);
            n3 = TSimd.Subtract(n3, w);
        }

        Finish<TSimd, TVector>(s0, t0, n0, a0, sums);
        Finish<TSimd, TVector>(s1, t1, n1, a1, sums + 2 * TSimd.Lanes);
        Finish<TSimd, TVector>(s2, t2, n2, a2, sums + 4 * TSimd.Lanes);
        Finish<TSimd, TVector>(s3, t3, n3, a3, sums + 6 * TSimd.Lanes);
    }

    /// <summary>sums = (s, t) + n a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TSimd, TVector>(TVector s, TVector t, TVector n, float* a, float* sums)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        TSimd.Store(TSimd.MultiplyAdd(n, TSimd.Load(a), s), sums);
        TSimd.Store(TSimd.MultiplyAdd(n, TSimd.Load(a + TSimd.Lanes), t), sums + TSimd.Lanes);
    }

    /// <summary>Adds the sums of a block, so many components of each row, to where they belong, from component <paramref name="c"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* sums, int width, in WeightedRows rows, int first, int c)
    {
        for (var k = first; k < first + Block && k < rows.Count; k++, sums += width)
        {
            var target = rows.Sums(k) + c;
            for (var i = 0; i < width; i += Vector256<float>.Count)
            {
                var (low, high) = Vector256.Widen(Vector256.Load(sums + i));
                (Vector256.Load(target + i) + low).Store(target + i);
                (Vector256.Load(target + i + Vector256<double>.Count) + high).Store(target + i + Vector256<double>.Count);
            }
        }
    }

    /// <summary>One component of one row.</summary>
    private static float Sum(float* row, float centre, float* weights)
    {
        Vector<float> s = default, t = default, a = new(centre);
        for (var p = 0; p < PixelTile.Pixels; p += 2 * Vector<float>.Count)
        {
            s = Vector.MultiplyAddEstimate(PixelTile.Read(weights + p), PixelTile.Read(row + p) - a, s);
            t = Vector.MultiplyAddEstimate(PixelTile.Read(weights + p + Vector<float>.Count), PixelTile.Read(row + p + Vector<float>.Count) - a, t);
        }

        return Vector.Sum(s + t);
    }
}
