using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transforms the output gradient of neighbouring tiles of one row, for one frequency of the slices, for the weight gradient: the transpose of
/// <see cref="WinogradOutput{TPlane}"/>, packed for register tiles.
/// </summary>
internal static unsafe class WinogradGradient<TReading> where TReading : struct, IWinogradReading
{
    /// <summary>Writes Z[f frequencyStride + block][place + tile - first][channel of the block], f = 4 fh + fw.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(
        in WinogradSource source, WinogradDepth depth, int n, int d, int h, int w, int tiles, ChannelBlocks blocks, int blockTiles, float* z,
        int place,
        nint frequencyStride)
    {
        var shape = source.Shape;
        var lanes = Vector<float>.Count;
        var scale = source.Gate != null ? new Vector<float>(source.Slope) : Vector<float>.One;
        var gate = (nint)((byte*)source.Gate - (byte*)source.Values);
        Vector<float> lowerWeight = new(depth.Lower), upperWeight = new(depth.Upper);
        var rowLength = (nint)shape.W * shape.C;
        var lower = depth.Lower == 0 ? null : source.Values + (((long)n * shape.D + d) * shape.H + h) * rowLength;
        var upper = depth.Upper == 0 || d + 1 >= shape.D ? null : source.Values + (((long)n * shape.D + d + 1) * shape.H + h) * rowLength;
        var below = h + 1 < shape.H;
        for (var t = 0; t < tiles; t++, place++, w += 2)
        {
            var beside = w + 1 < shape.W;
            var offset = (nint)w * shape.C;
            for (var c = 0; c < shape.C; c += lanes, offset += lanes)
            {
                var a0 = Value(lower, upper, offset, gate, scale, lowerWeight, upperWeight);
                var b0 = below ? Value(lower, upper, offset + rowLength, gate, scale, lowerWeight, upperWeight) : default;
                var a1 = beside ? Value(lower, upper, offset + shape.C, gate, scale, lowerWeight, upperWeight) : default;
                var b1 = below && beside ? Value(lower, upper, offset + rowLength + shape.C, gate, scale, lowerWeight, upperWeight) : default;
                var block = c / blocks.Width;
                var target = z + (long)block * blocks.Width * blockTiles + (long)place * blocks.WidthOf(block) + c % blocks.Width;
                Line(a0, a1, target, frequencyStride);
                Line(a0 + b0, a1 + b1, target + 4 * frequencyStride, frequencyStride);
                Line(a0 - b0, a1 - b1, target + 8 * frequencyStride, frequencyStride);
                Line(-b0, -b1, target + 12 * frequencyStride, frequencyStride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Value(
        float* lower, float* upper, nint offset, nint gate, Vector<float> scale, Vector<float> lowerWeight, Vector<float> upperWeight)
    {
        var value = lower == null ? Vector<float>.Zero : TReading.Read(lower + offset, gate, scale, Vector<float>.Zero) * lowerWeight;
        return upper == null ? value : Vector.MultiplyAddEstimate(TReading.Read(upper + offset, gate, scale, Vector<float>.Zero), upperWeight, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(Vector<float> a, Vector<float> b, float* target, nint stride)
    {
        a.Store(target);
        (a + b).Store(target + stride);
        (a - b).Store(target + 2 * stride);
        (-b).Store(target + 3 * stride);
    }
}
