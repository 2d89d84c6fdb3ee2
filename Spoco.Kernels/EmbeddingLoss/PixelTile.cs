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
    public static void Store(float* tile, int channels, int count, int* owners, float* shifts, float* e, int pixelStride)
    {
        var block = stackalloc float[64];
        var c = 0;
        var whole = Avx.IsSupported ? count / 8 * 8 : 0;
        for (; c + 8 <= channels && whole > 0; c += 8)
        {
            for (var p = 0; p < whole; p += 8)
            {
                Transpose(tile + c * Stride + p, Stride, block, 8);
                for (var i = 0; i < 8; i++)
                {
                    var shift = Vector256.Load(shifts + (long)owners[p + i] * channels + c);
                    (Vector256.Load(block + 8 * i) + shift).Store(e + (long)(p + i) * pixelStride + c);
                }
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
        var r0 = Avx.LoadVector256(source);
        var r1 = Avx.LoadVector256(source + sourceStride);
        var r2 = Avx.LoadVector256(source + 2 * sourceStride);
        var r3 = Avx.LoadVector256(source + 3 * sourceStride);
        var r4 = Avx.LoadVector256(source + 4 * sourceStride);
        var r5 = Avx.LoadVector256(source + 5 * sourceStride);
        var r6 = Avx.LoadVector256(source + 6 * sourceStride);
        var r7 = Avx.LoadVector256(source + 7 * sourceStride);
        var a0 = Avx.UnpackLow(r0, r1);
        var a1 = Avx.UnpackHigh(r0, r1);
        var a2 = Avx.UnpackLow(r2, r3);
        var a3 = Avx.UnpackHigh(r2, r3);
        var a4 = Avx.UnpackLow(r4, r5);
        var a5 = Avx.UnpackHigh(r4, r5);
        var a6 = Avx.UnpackLow(r6, r7);
        var a7 = Avx.UnpackHigh(r6, r7);
        r0 = Avx.Shuffle(a0, a2, 0x44);
        r1 = Avx.Shuffle(a0, a2, 0xEE);
        r2 = Avx.Shuffle(a1, a3, 0x44);
        r3 = Avx.Shuffle(a1, a3, 0xEE);
        r4 = Avx.Shuffle(a4, a6, 0x44);
        r5 = Avx.Shuffle(a4, a6, 0xEE);
        r6 = Avx.Shuffle(a5, a7, 0x44);
        r7 = Avx.Shuffle(a5, a7, 0xEE);
        Avx.Permute2x128(r0, r4, 0x20).Store(target);
        Avx.Permute2x128(r1, r5, 0x20).Store(target + targetStride);
        Avx.Permute2x128(r2, r6, 0x20).Store(target + 2 * targetStride);
        Avx.Permute2x128(r3, r7, 0x20).Store(target + 3 * targetStride);
        Avx.Permute2x128(r0, r4, 0x31).Store(target + 4 * targetStride);
        Avx.Permute2x128(r1, r5, 0x31).Store(target + 5 * targetStride);
        Avx.Permute2x128(r2, r6, 0x31).Store(target + 6 * targetStride);
        Avx.Permute2x128(r3, r7, 0x31).Store(target + 7 * targetStride);
    }

    /// <summary>squares[p] = |e_p - centre|^2.</summary>
    public static void SquaredDistances(float* tile, float* centre, int channels, float* squares)
    {
        for (var p = 0; p < Pixels; p += 4 * Vector<float>.Count)
        {
            var s0 = Vector<float>.Zero;
            var s1 = s0;
            var s2 = s0;
            var s3 = s0;
            var at = tile + p;
            for (var c = 0; c < channels; c++, at += Stride)
            {
                var a = new Vector<float>(centre[c]);
                var d0 = Read(at) - a;
                var d1 = Read(at + Vector<float>.Count) - a;
                var d2 = Read(at + 2 * Vector<float>.Count) - a;
                var d3 = Read(at + 3 * Vector<float>.Count) - a;
                s0 = Vector.MultiplyAddEstimate(d0, d0, s0);
                s1 = Vector.MultiplyAddEstimate(d1, d1, s1);
                s2 = Vector.MultiplyAddEstimate(d2, d2, s2);
                s3 = Vector.MultiplyAddEstimate(d3, d3, s3);
            }

            s0.Store(squares + p);
            s1.Store(squares + p + Vector<float>.Count);
            s2.Store(squares + p + 2 * Vector<float>.Count);
            s3.Store(squares + p + 3 * Vector<float>.Count);
        }
    }

    /// <summary>sums[c] += sum_p weights[p] (e_p - centre)[c].</summary>
    public static void AddWeightedSum(float* tile, float* centre, int channels, float* weights, double* sums)
    {
        var c = 0;
        for (; c + 4 <= channels; c += 4)
        {
            var s0 = Vector<float>.Zero;
            var s1 = s0;
            var s2 = s0;
            var s3 = s0;
            var a0 = new Vector<float>(centre[c]);
            var a1 = new Vector<float>(centre[c + 1]);
            var a2 = new Vector<float>(centre[c + 2]);
            var a3 = new Vector<float>(centre[c + 3]);
            var row = tile + c * Stride;
            for (var p = 0; p < Pixels; p += Vector<float>.Count)
            {
                var w = Read(weights + p);
                s0 = Vector.MultiplyAddEstimate(w, Read(row + p) - a0, s0);
                s1 = Vector.MultiplyAddEstimate(w, Read(row + Stride + p) - a1, s1);
                s2 = Vector.MultiplyAddEstimate(w, Read(row + 2 * Stride + p) - a2, s2);
                s3 = Vector.MultiplyAddEstimate(w, Read(row + 3 * Stride + p) - a3, s3);
            }

            sums[c] += Vector.Sum(s0);
            sums[c + 1] += Vector.Sum(s1);
            sums[c + 2] += Vector.Sum(s2);
            sums[c + 3] += Vector.Sum(s3);
        }

        for (; c < channels; c++)
        {
            var s = Vector<float>.Zero;
            var a = new Vector<float>(centre[c]);
            for (var p = 0; p < Pixels; p += Vector<float>.Count)
                s = Vector.MultiplyAddEstimate(Read(weights + p), Read(tile + c * Stride + p) - a, s);
            sums[c] += Vector.Sum(s);
        }
    }

    /// <summary>
    /// gradient[p] += sum over four centres of weights (e_p - centre), and per centre sums[c] += sum_p weights[p] (e_p - centre)[c] unless null.
    /// The weights of a centre are one tile row.
    /// </summary>
    public static void AddFourWeighted(float* tile, float* centres, int channels, float* weights, float* gradient, double* sums)
    {
        for (var c = 0; c < channels; c++)
        {
            var a0 = new Vector<float>(centres[c]);
            var a1 = new Vector<float>(centres[channels + c]);
            var a2 = new Vector<float>(centres[2 * channels + c]);
            var a3 = new Vector<float>(centres[3 * channels + c]);
            var s0 = Vector<float>.Zero;
            var s1 = s0;
            var s2 = s0;
            var s3 = s0;
            var row = tile + c * Stride;
            var sum = gradient + c * Stride;
            for (var p = 0; p < Pixels; p += Vector<float>.Count)
            {
                var e = Read(row + p);
                var g0 = Read(weights + p) * (e - a0);
                var g1 = Read(weights + Stride + p) * (e - a1);
                var g2 = Read(weights + 2 * Stride + p) * (e - a2);
                var g3 = Read(weights + 3 * Stride + p) * (e - a3);
                s0 += g0;
                s1 += g1;
                s2 += g2;
                s3 += g3;
                (Read(sum + p) + (g0 + g1) + (g2 + g3)).Store(sum + p);
            }

            if (sums is null)
                continue;
            sums[c] += Vector.Sum(s0);
            sums[channels + c] += Vector.Sum(s1);
            sums[2 * channels + c] += Vector.Sum(s2);
            sums[3 * channels + c] += Vector.Sum(s3);
        }
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
