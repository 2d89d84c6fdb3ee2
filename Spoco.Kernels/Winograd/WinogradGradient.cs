using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transforms the output gradient of neighbouring tiles of one row, for one frequency of the slices, for the weight gradient: the transpose of
/// <see cref="WinogradOutput{TPlane}"/>, packed for register tiles.
/// </summary>
internal static unsafe class WinogradGradient<TPlane, TReading> where TPlane : struct, IWinogradFullAxis where TReading : struct, IWinogradReading
{
    /// <summary>Writes Z[f frequencyStride + block][place + tile - first][channel of the block], f = fh frequencies + fw.</summary>
    public static void Transform(
        in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, ChannelBlocks blocks, int blockTiles, float* z,
        int place, nint frequencyStride)
    {
        var plain = depth == WinogradDepth.Plain && source.Shape.H - h >= TPlane.Results;
        var whole = plain ? Math.Min(tiles, (source.Shape.W - w) / TPlane.Results) : 0;
        if (whole > 0)
            Transform<PlainTiles>(source, depth, n, d, h, w, whole, blocks, blockTiles, z, place, frequencyStride);
        if (whole < tiles)
        {
            Transform<AnyTiles>(
                source, depth, n, d, h, w + whole * TPlane.Results, tiles - whole, blocks, blockTiles, z, place + whole, frequencyStride);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTiles>(
        in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, ChannelBlocks blocks, int blockTiles, float* z,
        int place, nint frequencyStride) where TTiles : struct, IWinogradTiles
    {
        var shape = source.Shape;
        var lanes = Vector<float>.Count;
        var scale = source.Gate != null ? new Vector<float>(source.Slope) : Vector<float>.One;
        var gate = (nint)((byte*)source.Gate - (byte*)source.Values);
        Vector<float> lowerWeight = new(depth.Lower), upperWeight = new(depth.Upper);
        var rowLength = (nint)shape.W * shape.C;
        var lower = depth.Lower == 0 ? null : source.Values + (((long)n * shape.D + d) * shape.H + h) * rowLength;
        var upper = depth.Upper == 0 || d + 1 >= shape.D ? null : source.Values + (((long)n * shape.D + d + 1) * shape.H + h) * rowLength;
        var rows = TTiles.ArePlain ? TPlane.Results : Math.Min(TPlane.Results, shape.H - h);
        // Frequencies of the rows for every column of a tile: [frequencies][columns].
        var values = stackalloc float[6 * 4 * lanes];
        for (var t = 0; t < tiles; t++, place++, w += TPlane.Results)
        {
            var columns = TTiles.ArePlain ? TPlane.Results : Math.Min(TPlane.Results, shape.W - w);
            var offset = (nint)w * shape.C;

            // Block of channels and first channel in it.
            var (block, inside) = (0, 0);
            for (var c = 0; c < shape.C; c += lanes, offset += lanes)
            {
                for (var column = 0; column < TPlane.Results; column++)
                {
                    Vector<float> r0 = default, r1 = default, r2 = default, r3 = default;
                    if (column < columns)
                    {
                        var x = offset + column * shape.C;
                        if (c % CacheLine.Floats == 0 && (TTiles.ArePlain || lower != null))
                        {
                            for (var i = 0; i < rows; i++)
                                TReading.Expect(lower + x + TPlane.Results * shape.C + i * rowLength, gate);
                        }

                        r0 = Value<TTiles>(lower, upper, x, gate, scale, lowerWeight, upperWeight);
                        if (rows > 1)
                            r1 = Value<TTiles>(lower, upper, x + rowLength, gate, scale, lowerWeight, upperWeight);
                        if (TPlane.Results > 2 && rows > 2)
                            r2 = Value<TTiles>(lower, upper, x + 2 * rowLength, gate, scale, lowerWeight, upperWeight);
                        if (TPlane.Results > 2 && rows > 3)
                            r3 = Value<TTiles>(lower, upper, x + 3 * rowLength, gate, scale, lowerWeight, upperWeight);
                    }

                    Spread(r0, r1, r2, r3, values + column * lanes, TPlane.Results * lanes);
                }

                var width = blocks.WidthOf(block);
                var target = z + (nint)block * blocks.Width * blockTiles + (nint)place * width + inside;
                inside += lanes;
                if (inside == width)
                    (block, inside) = (block + 1, 0);
                for (var fh = 0; fh < TPlane.Frequencies; fh++)
                {
                    var line = values + fh * TPlane.Results * lanes;
                    Vector<float> a = Vector.Load(line), b = Vector.Load(line + lanes);
                    Vector<float> x = default, y = default;
                    if (TPlane.Results > 2)
                        (x, y) = (Vector.Load(line + 2 * lanes), Vector.Load(line + 3 * lanes));
                    Spread(a, b, x, y, target + fh * TPlane.Frequencies * frequencyStride, frequencyStride);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Value<TTiles>(
        float* lower, float* upper, nint offset, nint gate, Vector<float> scale, Vector<float> lowerWeight, Vector<float> upperWeight)
        where TTiles : struct, IWinogradTiles
    {
        if (TTiles.ArePlain)
            return TReading.Read(lower + offset, gate, scale, Vector<float>.Zero);
        var value = lower == null ? Vector<float>.Zero : TReading.Read(lower + offset, gate, scale, Vector<float>.Zero) * lowerWeight;
        return upper == null ? value : Vector.MultiplyAddEstimate(TReading.Read(upper + offset, gate, scale, Vector<float>.Zero), upperWeight, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector<float> a, Vector<float> b, Vector<float> c, Vector<float> d, float* target, nint stride)
    {
        TPlane.Spread(ref a, ref b, ref c, ref d, out var e, out var f);
        WinogradFrequencies.Store<TPlane>(target, stride, a, b, c, d, e, f);
    }
}
