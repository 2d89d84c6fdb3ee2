using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The gradient of a tile of pixels, a shift for every owner + sum_k w_k (e - a_k) over rows of weights w_k with centres a_k: kept as
/// (sum_k w_k) e - sum_k w_k a_k, so that a row costs one product for every component.
/// </summary>
/// <param name="e">The pixels.</param>
/// <param name="memory">Memory for <see cref="Length"/> numbers.</param>
/// <param name="owners">Which shift belongs to a pixel.</param>
/// <param name="shifts">[owners, channels].</param>
internal unsafe struct TileGradient(in TileEmbeddings e, float* memory, int* owners, float* shifts)
{
    private const int Stride = PixelTile.Stride;

    private readonly TileEmbeddings _e = e;
    private bool _begun;

    /// <summary>Numbers of memory.</summary>
    public static int Length(int channels) => PixelTile.Pixels * channels;

    /// <summary>Adds rows.</summary>
    public void Add(in WeightedRows rows)
    {
        Add(rows, memory, _e.Channels, past: false);
        _begun = true;
    }

    /// <summary>Adds the last rows, and writes the gradient.</summary>
    /// <param name="rows">The rows; there may be none.</param>
    /// <param name="gradient">Where to.</param>
    /// <param name="pixelStride">Distance of neighbouring pixels there.</param>
    /// <param name="past">Whether to write past the caches: then <see cref="EmbeddingTile.IsStreamed"/>.</param>
    public readonly void Finish(in WeightedRows rows, float* gradient, int pixelStride, bool past)
    {
        if (_e.Count == PixelTile.Pixels)
        {
            Add(rows, gradient, pixelStride, past);
            return;
        }

        Add(rows, memory, _e.Channels, past: false);
        for (var p = 0; p < _e.Count; p++)
            new ReadOnlySpan<float>(memory + p * _e.Channels, _e.Channels).CopyTo(new Span<float>(gradient + (nint)p * pixelStride, _e.Channels));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Add(in WeightedRows rows, float* target, int targetStride, bool past)
    {
        var terms = new Terms
        {
            Pixels = _e.Pixels,
            PixelStride = _e.PixelStride,
            Count = _e.Count,
            Channels = _e.Channels,
            Centres = rows.Centres,
            Weights = rows.Weights(0),
            Rows = rows.Count,
            Bases = _begun ? memory : shifts,
            Owners = _begun ? null : owners,
            Target = target,
            TargetStride = targetStride,
            Past = past,
        };
        var c = 0;
        for (; Vector512.IsHardwareAccelerated && c + 2 * Simd512.Lanes <= terms.Channels; c += 2 * Simd512.Lanes)
            Add<Simd512, Vector512<float>>(terms, c);
        for (; Vector256.IsHardwareAccelerated && c + 2 * Simd256.Lanes <= terms.Channels; c += 2 * Simd256.Lanes)
            Add<Simd256, Vector256<float>>(terms, c);
        for (; c + 2 * Simd128.Lanes <= terms.Channels; c += 2 * Simd128.Lanes)
            Add<Simd128, Vector128<float>>(terms, c);
        for (; c < terms.Channels; c++)
            AddComponent(terms, c);
    }

    /// <summary>
    /// target_p = base_p + sum_k w_kp (e_p - a_k) of two vectors of components, four pixels at a time. Pixels beyond the last one repeat it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Add<TSimd, TVector>(in Terms terms, int c) where TSimd : ISimd<TVector> where TVector : struct
    {
        // In halves of lines it would cost as much as it saves.
        var past = terms.Past && 2 * TSimd.Lanes >= CacheLine.Floats;
        var (rows, last, stride) = (terms.Rows, terms.Count - 1, terms.TargetStride);
        var centres = terms.Centres;
        var target = terms.Target + c;
        for (var p = 0; p <= last; p += 4, target += 4 * stride)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            TVector t0 = TSimd.Zero, t1 = TSimd.Zero, t2 = TSimd.Zero, t3 = TSimd.Zero;

            // sum_k w_k
            TVector n0 = TSimd.Zero, n1 = TSimd.Zero, n2 = TSimd.Zero, n3 = TSimd.Zero;
            var weights = terms.Weights + p;
            for (var k = 0; k < rows; k++, weights += Stride)
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

            var (p1, p2, p3) = (Math.Min(p + 1, last), Math.Min(p + 2, last), Math.Min(p + 3, last));
            Store<TSimd, TVector>(s0, t0, n0, terms.Pixel(p) + c, terms.Base(p) + c, target, past);
            Store<TSimd, TVector>(s1, t1, n1, terms.Pixel(p1) + c, terms.Base(p1) + c, target + stride, past);
            Store<TSimd, TVector>(s2, t2, n2, terms.Pixel(p2) + c, terms.Base(p2) + c, target + 2 * stride, past);
            Store<TSimd, TVector>(s3, t3, n3, terms.Pixel(p3) + c, terms.Base(p3) + c, target + 3 * stride, past);
        }
    }

    /// <summary>target = b + n e - (s, t).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TSimd, TVector>(TVector s, TVector t, TVector n, float* e, float* b, float* target, bool past)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        s = TSimd.Subtract(TSimd.MultiplyAdd(n, TSimd.Load(e), TSimd.Load(b)), s);
        t = TSimd.Subtract(TSimd.MultiplyAdd(n, TSimd.Load(e + TSimd.Lanes), TSimd.Load(b + TSimd.Lanes)), t);
        if (past)
        {
            TSimd.StorePast(s, target);
            TSimd.StorePast(t, target + TSimd.Lanes);
        }
        else
        {
            TSimd.Store(s, target);
            TSimd.Store(t, target + TSimd.Lanes);
        }
    }

    /// <summary>The same for one component.</summary>
    private static void AddComponent(in Terms terms, int c)
    {
        for (var p = 0; p < terms.Count; p++)
        {
            float s = 0, n = 0;
            var weights = terms.Weights + p;
            for (var k = 0; k < terms.Rows; k++, weights += Stride)
            {
                s += weights[0] * terms.Centres[k][c];
                n += weights[0];
            }

            terms.Target[p * terms.TargetStride + c] = terms.Base(p)[c] + (n * terms.Pixel(p)[c] - s);
        }
    }

    /// <summary>What is added, and where it goes.</summary>
    private ref struct Terms
    {
        public float* Pixels;
        public int PixelStride;
        public int Count;
        public int Channels;
        public float** Centres;
        public float* Weights;
        public int Rows;

        /// <summary>What is added to: a row for every owner, or for every pixel where there are no owners.</summary>
        public float* Bases;
        public int* Owners;
        public float* Target;
        public int TargetStride;
        public bool Past;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly float* Pixel(int p) => Pixels + (nint)p * PixelStride;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly float* Base(int p) => Bases + (nint)(Owners == null ? p : Owners[p]) * Channels;
    }
}
