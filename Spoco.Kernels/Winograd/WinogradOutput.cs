using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Transforms the products of neighbouring tiles of one row back, adds the bias, applies the activation and stores what lies in the tensor.</summary>
internal static unsafe class WinogradOutput<TDepth, TPlane> where TDepth : struct, IWinogradAxis where TPlane : struct, IWinogradAxis
{
    /// <summary>Reads M[f frequencyStride + tile rowStride + channel] for tiles [first, last) of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(
        in WinogradTarget target, int n, int td, int th, int first, int last, float* m, nint rowStride, nint frequencyStride)
    {
        var shape = target.Shape;
        var lanes = Vector<float>.Count;
        var values = stackalloc float[16 * 16];
        var slope = new Vector<float>(target.Slope);
        var (d, h) = (td * TDepth.Results, th * TPlane.Results);
        var depths = Math.Min(TDepth.Results, shape.D - d);
        var heights = Math.Min(TPlane.Results, shape.H - h);
        for (var t = first; t < last; t++, m += rowStride)
        {
            var w = t * TPlane.Results;
            var widths = Math.Min(TPlane.Results, shape.W - w);
            for (var c = 0; c < shape.C; c += lanes)
            {
                // [fd][fh][2 results along w] -> [fd][2 along h][2 along w] -> results.
                for (var i = 0; i < TDepth.Frequencies; i++)
                {
                    if (!TDepth.Has(i))
                        continue;
                    var slice = values + 8 * i * lanes;
                    for (var j = 0; j < 4; j++)
                    {
                        if (TPlane.Has(j))
                            TPlane.Inverse(m + c + (4 * i + j) * 4 * frequencyStride, frequencyStride, slice + 2 * j * lanes, lanes);
                    }

                    for (var r = 0; r < TPlane.Results; r++)
                        TPlane.Inverse(slice + r * lanes, 2 * lanes, slice + r * lanes, 2 * lanes);
                }

                if (TDepth.Frequencies > 1)
                {
                    for (var r = 0; r < TPlane.Results; r++)
                    {
                        for (var s = 0; s < TPlane.Results; s++)
                            TDepth.Inverse(values + (2 * r + s) * lanes, 8 * lanes, values + (2 * r + s) * lanes, 8 * lanes);
                    }
                }

                var bias = target.Bias == null ? Vector<float>.Zero : Vector.Load(target.Bias + c);
                for (var i = 0; i < depths; i++)
                {
                    for (var j = 0; j < heights; j++)
                    {
                        var place = target.Values + ((((long)n * shape.D + d + i) * shape.H + h + j) * shape.W + w) * shape.C + c;
                        for (var k = 0; k < widths; k++)
                        {
                            var value = Vector.Load(values + (8 * i + 2 * j + k) * lanes) + bias;
                            value = Vector.ConditionalSelect(Vector.GreaterThan(value, Vector<float>.Zero), value, value * slope);
                            value.Store(place + (long)k * shape.C);
                        }
                    }
                }
            }
        }
    }
}
