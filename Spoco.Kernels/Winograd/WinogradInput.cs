using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transforms the input of neighbouring tiles of one row. Slices and rows are transformed for every input column once, into scratch memory of
/// [columns][16 frequencies][lanes] that stays in the first-level cache; then the columns of every tile.
/// </summary>
internal static unsafe class WinogradInput<TDepth, TPlane> where TDepth : struct, IWinogradAxis where TPlane : struct, IWinogradAxis
{
    /// <summary>Writes V[f frequencyStride + tile rowStride + channel] for tiles [first, last) of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(
        in WinogradGrid grid, in WinogradSource source, int n, int td, int th, int first, int last, float* v, nint rowStride, nint frequencyStride,
        float* scratch)
    {
        var shape = source.Shape;
        var lanes = Vector<float>.Count;
        var d = Origin<TDepth>(td, grid.PaddingD);
        var h = Origin<TPlane>(th, grid.PaddingH);
        var w = Origin<TPlane>(first, grid.PaddingW);
        var columns = (last - first - 1) * TPlane.Step + TPlane.Window;
        var rows = stackalloc float*[16];
        for (var i = 0; i < TDepth.Window; i++)
        {
            for (var j = 0; j < TPlane.Window; j++)
            {
                var inside = (uint)(d + i) < (uint)shape.D && (uint)(h + j) < (uint)shape.H;
                rows[4 * i + j] = inside ? source.Values + (((long)n * shape.D + d + i) * shape.H + h + j) * shape.W * shape.C : null;
            }
        }

        var gate = source.Gate == null ? 0 : (byte*)source.Gate - (byte*)source.Values;
        var slope = new Vector<float>(source.Slope);
        for (var c = 0; c < shape.C; c += lanes)
        {
            var scale = source.Scale == null ? Vector<float>.One : Vector.Load(source.Scale + (long)n * shape.C + c);
            var shift = source.Scale == null ? Vector<float>.Zero : Vector.Load(source.Shift + (long)n * shape.C + c);
            var column = scratch;
            for (var k = 0; k < columns; k++, column += 16 * lanes)
            {
                var outside = (uint)(w + k) >= (uint)shape.W;
                var offset = (long)(w + k) * shape.C + c;
                for (var i = 0; i < TDepth.Window; i++)
                {
                    for (var j = 0; j < TPlane.Window; j++)
                    {
                        var value = Vector<float>.Zero;
                        var row = rows[4 * i + j];
                        if (!outside && row != null)
                        {
                            value = Vector.Load(row + offset);
                            if (gate != 0)
                            {
                                var y = Vector.Load((float*)((byte*)(row + offset) + gate));
                                value = Vector.ConditionalSelect(Vector.GreaterThan(y, Vector<float>.Zero), value, value * slope);
                            }
                            else
                            {
                                value = Vector.MultiplyAddEstimate(value, scale, shift);
                            }
                        }

                        value.Store(column + (4 * i + j) * lanes);
                    }
                }

                if (outside)
                {
                    new Span<float>(column, 16 * lanes).Clear();
                    continue;
                }

                for (var i = 0; i < TDepth.Window; i++)
                    TPlane.Forward(column + 4 * i * lanes, lanes, column + 4 * i * lanes, lanes);
                if (TDepth.Window > 1)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        if (TPlane.Has(j))
                            TDepth.Forward(column + j * lanes, 4 * lanes, column + j * lanes, 4 * lanes);
                    }
                }
            }

            column = scratch;
            var target = v + c;
            for (var t = first; t < last; t++, column += TPlane.Step * 16 * lanes, target += rowStride)
            {
                for (var i = 0; i < TDepth.Frequencies; i++)
                {
                    if (!TDepth.Has(i))
                        continue;
                    for (var j = 0; j < 4; j++)
                    {
                        if (TPlane.Has(j))
                            TPlane.Forward(column + (4 * i + j) * lanes, 16 * lanes, target + (4 * i + j) * 4 * frequencyStride, frequencyStride);
                    }
                }
            }
        }
    }

    /// <summary>First input position of a tile.</summary>
    private static int Origin<TAxis>(int tile, int padding) where TAxis : struct, IWinogradAxis => tile * TAxis.Step - padding;
}
