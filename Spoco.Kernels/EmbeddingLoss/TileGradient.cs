using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The gradient of a tile of pixels, a shift for every owner + sum_k w_k (e - a_k) over rows of weights w_k with centres a_k: kept as
/// (sum_k w_k) e - sum_k w_k a_k, so that a row costs one product for every component.
/// </summary>
/// <param name="memory">Memory for <see cref="Length"/> numbers, on a cache line.</param>
/// <param name="owners">Which shift belongs to a pixel.</param>
/// <param name="shifts">[owners, channels].</param>
internal unsafe struct TileGradient(float* memory, int* owners, float* shifts)
{
    private const int Stride = PixelTile.Stride;

    /// <summary>Pixels at a time.</summary>
    private const int Together = 4;

    private bool _begun;

    /// <summary>Numbers of memory: the gradient, pixel by pixel.</summary>
    public static int Length(int channels) => PixelTile.Pixels * channels;

    /// <summary>Adds rows.</summary>
    public void Add(in TileEmbeddings e, in WeightedRows rows)
    {
        for (var p = 0; p < e.Count; p += Together)
        {
            // Pixels beyond the last one repeat it.
            var last = e.Count - 1;
            var (p1, p2, p3) = (Math.Min(p + 1, last), Math.Min(p + 2, last), Math.Min(p + 3, last));
            var target = memory + p * e.Channels;
            float* b0, b1, b2, b3;
            if (_begun)
            {
                b0 = target;
                b1 = b0 + e.Channels;
                b2 = b1 + e.Channels;
                b3 = b2 + e.Channels;
            }
            else
            {
                b0 = shifts + (nint)owners[p] * e.Channels;
                b1 = shifts + (nint)owners[p1] * e.Channels;
                b2 = shifts + (nint)owners[p2] * e.Channels;
                b3 = shifts + (nint)owners[p3] * e.Channels;
            }

            AddFour(rows.Centres, rows.Weights(0) + p, rows.Count, e.Channels,
                e.Pixels + (nint)p * e.PixelStride, e.Pixels + (nint)p1 * e.PixelStride, e.Pixels + (nint)p2 * e.PixelStride, e.Pixels + (nint)p3 * e.PixelStride,
                b0, b1, b2, b3, target);
        }

        _begun = true;
    }

    /// <summary>Writes the gradient of the pixels.</summary>
    /// <param name="e">The pixels.</param>
    /// <param name="gradient">Where to.</param>
    /// <param name="pixelStride">Distance of neighbouring pixels there.</param>
    /// <param name="past">Whether to write past the caches: then a pixel is as many whole cache lines, and <paramref name="gradient"/> begins with one.</param>
    public void Store(in TileEmbeddings e, float* gradient, int pixelStride, bool past)
    {
        if (!_begun)
            Add(e, default);
        if (past)
        {
            for (var i = 0; i < e.Count * e.Channels; i += Vector256<float>.Count)
                Vector256.Load(memory + i).StoreAlignedNonTemporal(gradient + i);
            return;
        }

        for (var p = 0; p < e.Count; p++)
            new ReadOnlySpan<float>(memory + p * e.Channels, e.Channels).CopyTo(new Span<float>(gradient + (nint)p * pixelStride, e.Channels));
    }

    /// <summary>The gradient of four pixels e0 .. e3, to which b0 .. b3 are added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void AddFour(
        float** centres, float* weights, int count, int channels, float* e0, float* e1, float* e2, float* e3, float* b0, float* b1, float* b2,
        float* b3, float* target)
    {
        var c = 0;
        for (; Vector512.IsHardwareAccelerated && c + 2 * Simd512.Lanes <= channels; c += 2 * Simd512.Lanes)
        {
            AddFour<Simd512, Vector512<float>>(
                centres, weights, count, channels, e0 + c, e1 + c, e2 + c, e3 + c, b0 + c, b1 + c, b2 + c, b3 + c, target + c, c);
        }

        for (; Vector256.IsHardwareAccelerated && c + 2 * Simd256.Lanes <= channels; c += 2 * Simd256.Lanes)
        {
            AddFour<Simd256, Vector256<float>>(
                centres, weights, count, channels, e0 + c, e1 + c, e2 + c, e3 + c, b0 + c, b1 + c, b2 + c, b3 + c, target + c, c);
        }

        for (; c + 2 * Simd128.Lanes <= channels; c += 2 * Simd128.Lanes)
        {
            AddFour<Simd128, Vector128<float>>(
                centres, weights, count, channels, e0 + c, e1 + c, e2 + c, e3 + c, b0 + c, b1 + c, b2 + c, b3 + c, target + c, c);
        }

        for (; c < channels; c++)
        {
            float s0 = 0, s1 = 0, s2 = 0, s3 = 0, n0 = 0, n1 = 0, n2 = 0, n3 = 0;
            var w = weights;
            for (var k = 0; k < count; k++, w += Stride)
            {
                var a = centres[k][c];
                s0 += w[0] * a;
                n0 += w[0];
                s1 += w[1] * a;
                n1 += w[1];
                s2 += w[2] * a;
                n2 += w[2];
                s3 += w[3] * a;
                n3 += w[3];
            }

            target[c] = b0[c] + (n0 * e0[c] - s0);
            target[channels + c] = b1[c] + (n1 * e1[c] - s1);
            target[2 * channels + c] = b2[c] + (n2 * e2[c] - s2);
            target[3 * channels + c] = b3[c] + (n3 * e3[c] - s3);
        }
    }

    /// <summary>The same for two vectors of components.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFour<TSimd, TVector>(
        float** centres, float* weights, int count, int channels, float* e0, float* e1, float* e2, float* e3, float* b0, float* b1, float* b2,
        float* b3, float* target, int c)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
        TVector t0 = TSimd.Zero, t1 = TSimd.Zero, t2 = TSimd.Zero, t3 = TSimd.Zero;

        // sum_k w_k
        TVector n0 = TSimd.Zero, n1 = TSimd.Zero, n2 = TSimd.Zero, n3 = TSimd.Zero;
        for (var k = 0; k < count; k++, weights += Stride)
        {
            var centre = centres[k] + c;
            TVector a = TSimd.Load(centre), b = TSimd.Load(centre + TSimd.Lanes), w = TSimd.LoadLeft((byte*)weights);
            s0 = TSimd.MultiplyAdd(w, a, s0);
            t0 = TSimd.MultiplyAdd(w, b, t0);
            n0 = TSimd.Add(n0, w);
            w = TSimd.LoadLeft((byte*)(weights + 1));
            s1 = TSimd.MultiplyAdd(w, a, s1);
            t1 = TSimd.MultiplyAdd(w, b, t1);
            n1 = TSimd.Add(n1, w);
            w = TSimd.LoadLeft((byte*)(weights + 2));
            s2 = TSimd.MultiplyAdd(w, a, s2);
            t2 = TSimd.MultiplyAdd(w, b, t2);
            n2 = TSimd.Add(n2, w);
            w = TSimd.LoadLeft((byte*)(weights + 3));
            s3 = TSimd.MultiplyAdd(w, a, s3);
            t3 = TSimd.MultiplyAdd(w, b, t3);
            n3 = TSimd.Add(n3, w);
        }

        Finish<TSimd, TVector>(s0, t0, n0, e0, b0, target);
        Finish<TSimd, TVector>(s1, t1, n1, e1, b1, target + channels);
        Finish<TSimd, TVector>(s2, t2, n2, e2, b2, target + 2 * channels);
        Finish<TSimd, TVector>(s3, t3, n3, e3, b3, target + 3 * channels);
    }

    /// <summary>target = b + n e - (s, t).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TSimd, TVector>(TVector s, TVector t, TVector n, float* e, float* b, float* target)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        TSimd.Store(TSimd.Subtract(TSimd.MultiplyAdd(n, TSimd.Load(e), TSimd.Load(b)), s), target);
        TSimd.Store(TSimd.Subtract(TSimd.MultiplyAdd(n, TSimd.Load(e + TSimd.Lanes), TSimd.Load(b + TSimd.Lanes)), t), target + TSimd.Lanes);
    }
}
