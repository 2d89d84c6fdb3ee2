using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// A few hundred neighbouring pixels with their components transposed, [E][pixels], so that distances to a centre are computed for a register of
/// pixels at a time. Small enough for the first-level cache. Pixels that fill up the last tile of an image lie so far away that every soft mask
/// and every hinge is 0 there.
/// </summary>
internal static unsafe class PixelTile
{
    /// <summary>Pixels of a tile.</summary>
    public const int Pixels = 128;

    /// <summary>Distance between the rows of a tile: a little more than its pixels, so that the rows do not share cache sets.</summary>
    public const int Stride = Pixels + 16;

    /// <summary>Component of the pixels that fill up a tile.</summary>
    private const float FarAway = 1e15f;

    /// <summary>Transposes <paramref name="count"/> pixels into a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load(float* e, int pixelStride, int channels, int count, float* tile)
    {
        var c = 0;
        var whole = Avx.IsSupported ? count / 8 * 8 : 0;
        for (; c + 8 <= channels && whole > 0; c += 8)
        {
            for (var p = 0; p < whole; p += 8)
                Transpose(e + (long)p * pixelStride + c, pixelStride, tile + c * Stride + p, Stride);
            for (var p = whole; p < count; p++)
            {
                for (var k = c; k < c + 8; k++)
                    tile[k * Stride + p] = e[(long)p * pixelStride + k];
            }
        }

        for (; c < channels; c++)
        {
            for (var p = 0; p < count; p++)
                tile[c * Stride + p] = e[(long)p * pixelStride + c];
        }

        for (c = 0; c < channels && count < Pixels; c++)
            new Span<float>(tile + c * Stride + count, Pixels - count).Fill(FarAway);
    }

    /// <summary>e_p = tile_p + shifts[owners[p]] for <paramref name="count"/> pixels, transposed back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store(float* tile, int channels, int count, int* owners, float* shifts, float* e, int pixelStride)
    {
        var c = 0;
        var whole = Avx.IsSupported ? count / 8 * 8 : 0;
        for (; c + 8 <= channels && whole > 0; c += 8)
        {
            for (var p = 0; p < whole; p += 8)
            {
                Transpose(tile + c * Stride + p, Stride, out var r0, out var r1, out var r2, out var r3, out var r4, out var r5, out var r6, out var r7);
                var target = e + (long)p * pixelStride + c;
                (r0 + Vector256.Load(shifts + (nint)owners[p] * channels + c)).Store(target);
                (r1 + Vector256.Load(shifts + (nint)owners[p + 1] * channels + c)).Store(target + pixelStride);
                (r2 + Vector256.Load(shifts + (nint)owners[p + 2] * channels + c)).Store(target + 2 * pixelStride);
                (r3 + Vector256.Load(shifts + (nint)owners[p + 3] * channels + c)).Store(target + 3 * pixelStride);
                (r4 + Vector256.Load(shifts + (nint)owners[p + 4] * channels + c)).Store(target + 4 * pixelStride);
                (r5 + Vector256.Load(shifts + (nint)owners[p + 5] * channels + c)).Store(target + 5 * pixelStride);
                (r6 + Vector256.Load(shifts + (nint)owners[p + 6] * channels + c)).Store(target + 6 * pixelStride);
                (r7 + Vector256.Load(shifts + (nint)owners[p + 7] * channels + c)).Store(target + 7 * pixelStride);
            }

            for (var p = whole; p < count; p++)
            {
                for (var k = c; k < c + 8; k++)
                    e[(long)p * pixelStride + k] = tile[k * Stride + p] + shifts[(long)owners[p] * channels + k];
            }
        }

        for (; c < channels; c++)
        {
            for (var p = 0; p < count; p++)
                e[(long)p * pixelStride + c] = tile[c * Stride + p] + shifts[(long)owners[p] * channels + c];
        }
    }

    /// <summary>Eight rows of eight: a butterfly of three exchanges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Transpose(source, sourceStride, out var r0, out var r1, out var r2, out var r3, out var r4, out var r5, out var r6, out var r7);
        r0.Store(target);
        r1.Store(target + targetStride);
        r2.Store(target + 2 * targetStride);
        r3.Store(target + 3 * targetStride);
        r4.Store(target + 4 * targetStride);
        r5.Store(target + 5 * targetStride);
        r6.Store(target + 6 * targetStride);
        r7.Store(target + 7 * targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        float* source, nint stride, out Vector256<float> r0, out Vector256<float> r1, out Vector256<float> r2, out Vector256<float> r3,
        out Vector256<float> r4, out Vector256<float> r5, out Vector256<float> r6, out Vector256<float> r7)
    {
        Vector256<float> s0 = Avx.LoadVector256(source), s1 = Avx.LoadVector256(source + stride);
        Vector256<float> s2 = Avx.LoadVector256(source + 2 * stride), s3 = Avx.LoadVector256(source + 3 * stride);
        Vector256<float> s4 = Avx.LoadVector256(source + 4 * stride), s5 = Avx.LoadVector256(source + 5 * stride);
        Vector256<float> s6 = Avx.LoadVector256(source + 6 * stride), s7 = Avx.LoadVector256(source + 7 * stride);
        Vector256<float> a0 = Avx.UnpackLow(s0, s1), a1 = Avx.UnpackHigh(s0, s1), a2 = Avx.UnpackLow(s2, s3), a3 = Avx.UnpackHigh(s2, s3);
        Vector256<float> a4 = Avx.UnpackLow(s4, s5), a5 = Avx.UnpackHigh(s4, s5), a6 = Avx.UnpackLow(s6, s7), a7 = Avx.UnpackHigh(s6, s7);
        s0 = Avx.Shuffle(a0, a2, 0x44);
        s1 = Avx.Shuffle(a0, a2, 0xEE);
        s2 = Avx.Shuffle(a1, a3, 0x44);
        s3 = Avx.Shuffle(a1, a3, 0xEE);
        s4 = Avx.Shuffle(a4, a6, 0x44);
        s5 = Avx.Shuffle(a4, a6, 0xEE);
        s6 = Avx.Shuffle(a5, a7, 0x44);
        s7 = Avx.Shuffle(a5, a7, 0xEE);
        r0 = Avx.Permute2x128(s0, s4, 0x20);
        r1 = Avx.Permute2x128(s1, s5, 0x20);
        r2 = Avx.Permute2x128(s2, s6, 0x20);
        r3 = Avx.Permute2x128(s3, s7, 0x20);
        r4 = Avx.Permute2x128(s0, s4, 0x31);
        r5 = Avx.Permute2x128(s1, s5, 0x31);
        r6 = Avx.Permute2x128(s2, s6, 0x31);
        r7 = Avx.Permute2x128(s3, s7, 0x31);
    }

    /// <summary>squares[p] = |e_p - centre|^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SquaredDistances(float* tile, float* centre, int channels, float* squares)
    {
        var lanes = Vector<float>.Count;
        // Eight sums at once: fewer would wait for one another.
        for (var p = 0; p < Pixels; p += 8 * lanes)
        {
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            var at = tile + p;
            for (var c = 0; c < channels; c++, at += Stride)
            {
                var a = new Vector<float>(centre[c]);
                s0 = AddSquare(a - Read(at), s0);
                s1 = AddSquare(a - Read(at + lanes), s1);
                s2 = AddSquare(a - Read(at + 2 * lanes), s2);
                s3 = AddSquare(a - Read(at + 3 * lanes), s3);
                s4 = AddSquare(a - Read(at + 4 * lanes), s4);
                s5 = AddSquare(a - Read(at + 5 * lanes), s5);
                s6 = AddSquare(a - Read(at + 6 * lanes), s6);
                s7 = AddSquare(a - Read(at + 7 * lanes), s7);
            }

            var target = squares + p;
            s0.Store(target);
            s1.Store(target + lanes);
            s2.Store(target + 2 * lanes);
            s3.Store(target + 3 * lanes);
            s4.Store(target + 4 * lanes);
            s5.Store(target + 5 * lanes);
            s6.Store(target + 6 * lanes);
            s7.Store(target + 7 * lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> AddSquare(Vector<float> d, Vector<float> sum) => Vector.MultiplyAddEstimate(d, d, sum);

    /// <summary>masks[p] = exp(-falloff squares[p]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Masks(float* squares, float falloff, float* masks)
    {
        for (var p = 0; p < Pixels; p += Vector<float>.Count)
            SoftMask.Mask(Read(squares + p), falloff).Store(masks + p);
    }

    /// <summary>sums[c] += sum_p weights[p] (e_p - centre)[c].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddWeightedSum(float* tile, float* centre, int channels, float* weights, double* sums)
    {
        var lanes = Vector<float>.Count;
        var c = 0;
        for (; c + 4 <= channels; c += 4)
        {
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
            Vector<float> a0 = new(centre[c]), a1 = new(centre[c + 1]), a2 = new(centre[c + 2]), a3 = new(centre[c + 3]);
            var row = tile + c * Stride;
            for (var p = 0; p < Pixels; p += 2 * lanes)
            {
                Vector<float> w = Read(weights + p), x = Read(weights + p + lanes);
                var at = row + p;
                s0 = Vector.MultiplyAddEstimate(w, Read(at) - a0, s0);
                t0 = Vector.MultiplyAddEstimate(x, Read(at + lanes) - a0, t0);
                s1 = Vector.MultiplyAddEstimate(w, Read(at + Stride) - a1, s1);
                t1 = Vector.MultiplyAddEstimate(x, Read(at + Stride + lanes) - a1, t1);
                s2 = Vector.MultiplyAddEstimate(w, Read(at + 2 * Stride) - a2, s2);
                t2 = Vector.MultiplyAddEstimate(x, Read(at + 2 * Stride + lanes) - a2, t2);
                s3 = Vector.MultiplyAddEstimate(w, Read(at + 3 * Stride) - a3, s3);
                t3 = Vector.MultiplyAddEstimate(x, Read(at + 3 * Stride + lanes) - a3, t3);
            }

            AddSums(s0 + t0, s1 + t1, s2 + t2, s3 + t3, sums + c, 1);
        }

        for (; c < channels; c++)
        {
            var s = Vector<float>.Zero;
            var a = new Vector<float>(centre[c]);
            for (var p = 0; p < Pixels; p += lanes)
                s = Vector.MultiplyAddEstimate(Read(weights + p), Read(tile + c * Stride + p) - a, s);
            sums[c] += Vector.Sum(s);
        }
    }

    /// <summary>gradient[p] += sum over four centres of weights (e_p - centre). The weights of a centre are one tile row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddFourWeighted(float* tile, float* centres, int channels, float* weights, float* gradient)
    {
        for (var c = 0; c < channels; c++)
        {
            Vector<float> a0 = new(centres[c]), a1 = new(centres[channels + c]);
            Vector<float> a2 = new(centres[2 * channels + c]), a3 = new(centres[3 * channels + c]);
            var row = tile + c * Stride;
            var sum = gradient + c * Stride;
            for (var p = 0; p < Pixels; p += Vector<float>.Count)
            {
                var e = Read(row + p);
                var g = Vector.MultiplyAddEstimate(Read(weights + p), e - a0, Read(sum + p));
                g = Vector.MultiplyAddEstimate(Read(weights + Stride + p), e - a1, g);
                g = Vector.MultiplyAddEstimate(Read(weights + 2 * Stride + p), e - a2, g);
                Vector.MultiplyAddEstimate(Read(weights + 3 * Stride + p), e - a3, g).Store(sum + p);
            }
        }
    }

    /// <summary>The same, and per centre sums[c] += sum_p weights[p] (e_p - centre)[c].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddFourWeighted(float* tile, float* centres, int channels, float* weights, float* gradient, double* sums)
    {
        for (var c = 0; c < channels; c++)
        {
            Vector<float> a0 = new(centres[c]), a1 = new(centres[channels + c]);
            Vector<float> a2 = new(centres[2 * channels + c]), a3 = new(centres[3 * channels + c]);
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
            var row = tile + c * Stride;
            var sum = gradient + c * Stride;
            for (var p = 0; p < Pixels; p += Vector<float>.Count)
            {
                Vector<float> e = Read(row + p), w = Read(weights + p), d = e - a0;
                s0 = Vector.MultiplyAddEstimate(w, d, s0);
                var g = Vector.MultiplyAddEstimate(w, d, Read(sum + p));
                (w, d) = (Read(weights + Stride + p), e - a1);
                s1 = Vector.MultiplyAddEstimate(w, d, s1);
                g = Vector.MultiplyAddEstimate(w, d, g);
                (w, d) = (Read(weights + 2 * Stride + p), e - a2);
                s2 = Vector.MultiplyAddEstimate(w, d, s2);
                g = Vector.MultiplyAddEstimate(w, d, g);
                (w, d) = (Read(weights + 3 * Stride + p), e - a3);
                s3 = Vector.MultiplyAddEstimate(w, d, s3);
                Vector.MultiplyAddEstimate(w, d, g).Store(sum + p);
            }

            AddSums(s0, s1, s2, s3, sums + c, channels);
        }
    }

    /// <summary>Adds what four registers sum up to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSums(Vector<float> s0, Vector<float> s1, Vector<float> s2, Vector<float> s3, double* sums, int stride)
    {
        if (Vector<float>.Count == 8 && Avx.IsSupported)
        {
            var pairs = Avx.HorizontalAdd(Avx.HorizontalAdd(s0.AsVector256(), s1.AsVector256()), Avx.HorizontalAdd(s2.AsVector256(), s3.AsVector256()));
            var four = Avx.ConvertToVector256Double(pairs.GetLower() + pairs.GetUpper());
            if (stride == 1)
            {
                (Vector256.Load(sums) + four).Store(sums);
                return;
            }

            for (var i = 0; i < 4; i++)
                sums[i * stride] += four[i];
            return;
        }

        sums[0] += Vector.Sum(s0);
        sums[stride] += Vector.Sum(s1);
        sums[2 * stride] += Vector.Sum(s2);
        sums[3 * stride] += Vector.Sum(s3);
    }

    /// <summary>gradient[p] += weights[p] (e_p - centre).</summary>
    public static void AddWeighted(float* tile, float* centre, int channels, float* weights, float* gradient)
    {
        for (var c = 0; c < channels; c++)
        {
            var a = new Vector<float>(centre[c]);
            var row = tile + c * Stride;
            var sum = gradient + c * Stride;
            for (var p = 0; p < Pixels; p += Vector<float>.Count)
                Vector.MultiplyAddEstimate(Read(weights + p), Read(row + p) - a, Read(sum + p)).Store(sum + p);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Read(float* p) => Unsafe.Read<Vector<float>>(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Read(int* p) => Unsafe.Read<Vector<int>>(p);
}
