using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The gradient of a tile of pixels, sum_k w_k (e - a_k) over centres a_k, kept as two sums: the row sum_k w_k and, transposed as the pixels are,
/// sum_k w_k a_k. So a centre costs one product for every component, and the pixels are read once, at the end.
/// </summary>
/// <param name="rows">Memory for <see cref="Rows"/> rows of the tile.</param>
/// <param name="channels">Components of a pixel.</param>
internal readonly unsafe struct TileGradient(float* rows, int channels)
{
    private const int Stride = PixelTile.Stride;

    private readonly float* _centres = rows + Stride;

    /// <summary>Rows of memory that a gradient takes.</summary>
    public static int Rows(int channels) => channels + 1;

    public void Clear() => new Span<float>(rows, Rows(channels) * Stride).Clear();

    /// <summary>Adds <paramref name="count"/> centres; the weights of each are a row.</summary>
    public void Add(float* centres, float* weights, int count)
    {
        var k = 0;
        for (; k + 4 <= count; k += 4)
            AddFour(centres + k * channels, channels, weights + k * Stride, rows, _centres);
        for (; k < count; k++)
            AddOne(centres + k * channels, channels, weights + k * Stride, rows, _centres);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour(float* centres, int channels, float* weights, float* total, float* sums)
    {
        for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
        {
            var first = PixelTile.Read(weights + p) + PixelTile.Read(weights + Stride + p);
            var second = PixelTile.Read(weights + 2 * Stride + p) + PixelTile.Read(weights + 3 * Stride + p);
            (PixelTile.Read(total + p) + (first + second)).Store(total + p);
        }

        var c = 0;
        for (; c + 2 <= channels; c += 2)
        {
            float* a = centres + c, b = a + channels, x = b + channels, y = x + channels;
            Vector<float> a0 = new(a[0]), b0 = new(b[0]), x0 = new(x[0]), y0 = new(y[0]);
            Vector<float> a1 = new(a[1]), b1 = new(b[1]), x1 = new(x[1]), y1 = new(y[1]);
            float* even = sums + c * Stride, odd = even + Stride;
            for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            {
                Vector<float> s = PixelTile.Read(even + p), t = PixelTile.Read(odd + p), w = PixelTile.Read(weights + p);
                s = Vector.MultiplyAddEstimate(w, a0, s);
                t = Vector.MultiplyAddEstimate(w, a1, t);
                w = PixelTile.Read(weights + Stride + p);
                s = Vector.MultiplyAddEstimate(w, b0, s);
                t = Vector.MultiplyAddEstimate(w, b1, t);
                w = PixelTile.Read(weights + 2 * Stride + p);
                s = Vector.MultiplyAddEstimate(w, x0, s);
                t = Vector.MultiplyAddEstimate(w, x1, t);
                w = PixelTile.Read(weights + 3 * Stride + p);
                Vector.MultiplyAddEstimate(w, y0, s).Store(even + p);
                Vector.MultiplyAddEstimate(w, y1, t).Store(odd + p);
            }
        }

        for (var k = 0; k < 4 && c < channels; k++)
            AddComponent(centres[k * channels + c], weights + k * Stride, sums + c * Stride);
    }

    private static void AddOne(float* centre, int channels, float* weights, float* total, float* sums)
    {
        for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            (PixelTile.Read(total + p) + PixelTile.Read(weights + p)).Store(total + p);
        for (var c = 0; c < channels; c++)
            AddComponent(centre[c], weights, sums + c * Stride);
    }

    private static void AddComponent(float centre, float* weights, float* sum)
    {
        var a = new Vector<float>(centre);
        for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            Vector.MultiplyAddEstimate(PixelTile.Read(weights + p), a, PixelTile.Read(sum + p)).Store(sum + p);
    }

    /// <summary>gradient_p = the sum + shifts[owners[p]] for <paramref name="count"/> pixels, one behind the other.</summary>
    /// <param name="tile">The pixels.</param>
    /// <param name="count">How many are written.</param>
    /// <param name="owners">Which shift is added.</param>
    /// <param name="shifts">[owners, channels].</param>
    /// <param name="gradient">Where to.</param>
    /// <param name="pixelStride">Distance of neighbouring pixels there.</param>
    /// <param name="staging">
    /// Memory of a tile, to write past the caches in whole lines: then <paramref name="pixelStride"/> is the number of components, a multiple of eight, and
    /// <paramref name="gradient"/> begins with a vector. Null to write as usual.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(float* tile, int count, int* owners, float* shifts, float* gradient, int pixelStride, float* staging)
    {
        // Eight pixels and eight components at a time.
        var (whole, components) = Avx.IsSupported ? (count / 8 * 8, channels / 8 * 8) : (0, 0);
        var place = staging is null ? gradient : staging;
        for (var p = 0; p < whole; p += 8, place += 8 * pixelStride)
        {
            var w = Vector256.Load(rows + p);
            for (var c = 0; c + 8 <= channels; c += 8)
            {
                float* e = tile + c * Stride + p, s = _centres + c * Stride + p;
                Vector256<float> r0 = Component(w, e, s, 0), r1 = Component(w, e, s, 1), r2 = Component(w, e, s, 2), r3 = Component(w, e, s, 3);
                Vector256<float> r4 = Component(w, e, s, 4), r5 = Component(w, e, s, 5), r6 = Component(w, e, s, 6), r7 = Component(w, e, s, 7);
                PixelTile.Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
                float* target = place + c, shift = shifts + c;
                (r0 + Vector256.Load(shift + (nint)owners[p] * channels)).Store(target);
                (r1 + Vector256.Load(shift + (nint)owners[p + 1] * channels)).Store(target + pixelStride);
                (r2 + Vector256.Load(shift + (nint)owners[p + 2] * channels)).Store(target + 2 * pixelStride);
                (r3 + Vector256.Load(shift + (nint)owners[p + 3] * channels)).Store(target + 3 * pixelStride);
                (r4 + Vector256.Load(shift + (nint)owners[p + 4] * channels)).Store(target + 4 * pixelStride);
                (r5 + Vector256.Load(shift + (nint)owners[p + 5] * channels)).Store(target + 5 * pixelStride);
                (r6 + Vector256.Load(shift + (nint)owners[p + 6] * channels)).Store(target + 6 * pixelStride);
                (r7 + Vector256.Load(shift + (nint)owners[p + 7] * channels)).Store(target + 7 * pixelStride);
            }
        }

        for (var i = 0; staging is not null && i < whole * channels; i += Vector256<float>.Count)
            Vector256.Load(staging + i).StoreAlignedNonTemporal(gradient + i);
        for (var p = 0; p < count; p++)
        {
            for (var c = p < whole ? components : 0; c < channels; c++)
            {
                var value = rows[p] * tile[c * Stride + p] - _centres[c * Stride + p];
                gradient[(long)p * pixelStride + c] = value + shifts[(long)owners[p] * channels + c];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Component(Vector256<float> w, float* e, float* s, int k) =>
        Vector256.MultiplyAddEstimate(w, Vector256.Load(e + k * Stride), -Vector256.Load(s + k * Stride));
}
