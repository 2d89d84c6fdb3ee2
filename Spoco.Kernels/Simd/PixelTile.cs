using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Neighbouring pixels with their components transposed, [E][pixels], so that distances to a centre are computed for a register of
/// pixels at a time. Small enough for the first-level cache. Pixels that fill up the last tile of an image lie so far away that every soft mask
/// and every hinge is 0 there.
/// </summary>
internal static unsafe class PixelTile
{
    /// <summary>Pixels of a tile.</summary>
    public const int Pixels = 96;

    /// <summary>Distance between the rows of a tile: a little more than its pixels, so that the rows do not share cache sets.</summary>
    public const int Stride = Pixels + 16;

    /// <summary>Component of the pixels that fill up a tile.</summary>
    private const float FarAway = 1e15f;

    /// <summary>Transposes <paramref name="count"/> pixels into a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
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

    /// <summary>Eight rows of eight: a butterfly of three exchanges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* source, nint sourceStride, float* target, nint targetStride)
    {
        var second = source + 4 * sourceStride;
        Vector256<float> r0 = Vector256.Load(source), r1 = Vector256.Load(source + sourceStride);
        Vector256<float> r2 = Vector256.Load(source + 2 * sourceStride), r3 = Vector256.Load(source + 3 * sourceStride);
        Vector256<float> r4 = Vector256.Load(second), r5 = Vector256.Load(second + sourceStride);
        Vector256<float> r6 = Vector256.Load(second + 2 * sourceStride), r7 = Vector256.Load(second + 3 * sourceStride);
        Vector256<float> a0 = Avx.UnpackLow(r0, r1), a1 = Avx.UnpackHigh(r0, r1), a2 = Avx.UnpackLow(r2, r3), a3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> a4 = Avx.UnpackLow(r4, r5), a5 = Avx.UnpackHigh(r4, r5), a6 = Avx.UnpackLow(r6, r7), a7 = Avx.UnpackHigh(r6, r7);
        StoreHalves(Avx.Shuffle(a0, a2, 0x44), Avx.Shuffle(a4, a6, 0x44), target, targetStride);
        StoreHalves(Avx.Shuffle(a0, a2, 0xEE), Avx.Shuffle(a4, a6, 0xEE), target + targetStride, targetStride);
        StoreHalves(Avx.Shuffle(a1, a3, 0x44), Avx.Shuffle(a5, a7, 0x44), target + 2 * targetStride, targetStride);
        StoreHalves(Avx.Shuffle(a1, a3, 0xEE), Avx.Shuffle(a5, a7, 0xEE), target + 3 * targetStride, targetStride);
    }

    /// <summary>The lower halves to a row, the upper ones to the fourth after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreHalves(Vector256<float> a, Vector256<float> b, float* target, nint targetStride)
    {
        Avx.Permute2x128(a, b, 0x20).Store(target);
        Avx.Permute2x128(a, b, 0x31).Store(target + 4 * targetStride);
    }

    /// <summary>Pixels whose distances are computed together: as many registers of them as the processor has left.</summary>
    private static int Together => Math.Min(12 * Vector<float>.Count, Pixels);

    /// <summary>squares[p] = |e_p - centre|^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void SquaredDistances(float* tile, float* centre, int channels, float* squares)
    {
        for (var p = 0; p < Pixels; p += Together)
            SquaredDistancesTogether(tile + p, centre, channels, squares + p);
    }

    /// <summary>The same, and masks[p] = exp(-falloff squares[p]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Masks(float* tile, float* centre, int channels, float falloff, float* squares, float* masks)
    {
        for (var p = 0; p < Pixels; p += Together)
        {
            SquaredDistancesTogether(tile + p, centre, channels, squares + p);

            // Not before the distances, which need all registers.
            var (rate, limit) = SoftMask.Falloff(falloff);
            for (var i = p; i < p + Together; i += Vector<float>.Count)
                SoftMask.Mask(Read(squares + i), rate, limit).Store(masks + i);
        }
    }

    /// <summary>The squared distances of <see cref="Together"/> pixels. With fewer sums at once, some would wait for one another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SquaredDistancesTogether(float* tile, float* centre, int channels, float* squares)
    {
        var lanes = Vector<float>.Count;
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default;
        Vector<float> s6 = default, s7 = default, s8 = default, s9 = default, s10 = default, s11 = default;
        for (var c = 0; c < channels; c++, tile += Stride)
        {
            var a = new Vector<float>(centre[c]);
            s0 = AddSquare(a - Read(tile), s0);
            s1 = AddSquare(a - Read(tile + lanes), s1);
            s2 = AddSquare(a - Read(tile + 2 * lanes), s2);
            s3 = AddSquare(a - Read(tile + 3 * lanes), s3);
            s4 = AddSquare(a - Read(tile + 4 * lanes), s4);
            s5 = AddSquare(a - Read(tile + 5 * lanes), s5);
            if (6 * lanes == Pixels)
                continue;
            s6 = AddSquare(a - Read(tile + 6 * lanes), s6);
            s7 = AddSquare(a - Read(tile + 7 * lanes), s7);
            s8 = AddSquare(a - Read(tile + 8 * lanes), s8);
            s9 = AddSquare(a - Read(tile + 9 * lanes), s9);
            s10 = AddSquare(a - Read(tile + 10 * lanes), s10);
            s11 = AddSquare(a - Read(tile + 11 * lanes), s11);
        }

        s0.Store(squares);
        s1.Store(squares + lanes);
        s2.Store(squares + 2 * lanes);
        s3.Store(squares + 3 * lanes);
        s4.Store(squares + 4 * lanes);
        s5.Store(squares + 5 * lanes);
        if (6 * lanes == Pixels)
            return;
        s6.Store(squares + 6 * lanes);
        s7.Store(squares + 7 * lanes);
        s8.Store(squares + 8 * lanes);
        s9.Store(squares + 9 * lanes);
        s10.Store(squares + 10 * lanes);
        s11.Store(squares + 11 * lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> AddSquare(Vector<float> d, Vector<float> sum) => Vector.MultiplyAddEstimate(d, d, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Read(float* p) => Unsafe.Read<Vector<float>>(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Read(int* p) => Unsafe.Read<Vector<int>>(p);
}
