using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Transforms the output gradient of neighbouring tiles of one row for the weight gradient, packed for register tiles.</summary>
internal static unsafe class WinogradGradient<TDepth> where TDepth : struct, IWinogradAxis
{
    /// <summary>Writes Z[f frequencyStride + block][place + tile - first][channel of the block].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(
        in WinogradSource source, int n, int td, int th, int first, int last, ChannelBlocks blocks, int blockTiles, float* z, int place,
        nint frequencyStride)
    {
        var shape = source.Shape;
        var lanes = Vector<float>.Count;
        var values = stackalloc float[32 * 16];
        var (d, h) = (td * TDepth.Results, th * 2);
        var gate = source.Gate == null ? 0 : (byte*)source.Gate - (byte*)source.Values;
        var slope = new Vector<float>(source.Slope);
        for (var t = first; t < last; t++, place++)
        {
            var w = 2 * t;
            for (var c = 0; c < shape.C; c += lanes)
            {
                // [d][h][w] of 2x2x2 -> [4 along d][2][2], sixteen vectors of which are used.
                for (var i = 0; i < TDepth.Results; i++)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        var (y, x) = (h + (j >> 1), w + (j & 1));
                        var value = Vector<float>.Zero;
                        if (d + i < shape.D && y < shape.H && x < shape.W)
                        {
                            var p = source.Values + ((((long)n * shape.D + d + i) * shape.H + y) * shape.W + x) * shape.C + c;
                            value = Vector.Load(p);
                            if (gate != 0)
                            {
                                var output = Vector.Load((float*)((byte*)p + gate));
                                value = Vector.ConditionalSelect(Vector.GreaterThan(output, Vector<float>.Zero), value, value * slope);
                            }
                        }

                        value.Store(values + (4 * i + j) * lanes);
                    }
                }

                if (TDepth.Frequencies > 1)
                {
                    for (var j = 0; j < 4; j++)
                        TDepth.Adjoint(values + j * lanes, 4 * lanes, values + j * lanes, 4 * lanes);
                }

                var block = c / blocks.Width;
                var target = z + (long)block * blocks.Width * blockTiles + (long)place * blocks.WidthOf(block) + c % blocks.Width;
                var plane = values + 16 * lanes;
                for (var i = 0; i < TDepth.Frequencies; i++)
                {
                    FullAxis.Adjoint(values + 4 * i * lanes, 2 * lanes, plane, 2 * lanes);
                    FullAxis.Adjoint(values + (4 * i + 1) * lanes, 2 * lanes, plane + lanes, 2 * lanes);
                    for (var j = 0; j < 4; j++)
                        FullAxis.Adjoint(plane + 2 * j * lanes, lanes, target + (4 * i + j) * 4 * frequencyStride, frequencyStride);
                }
            }
        }
    }
}
