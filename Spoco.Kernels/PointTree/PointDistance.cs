using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Squared distances between points and boxes of a <see cref="PointTree"/> on the host, in single precision: sum over components of (x - y)^2, from the first to the last, each square
/// added with one rounding. All terms are positive: the relative error is at most (d + 2) 2^-24. The distance of x to y is bit for bit that of y to x.
/// </summary>
/// <remarks>
/// Maxima, here and of what is made of these squares, are the processor's own, which differ from IEEE's for NaN and in the sign of 0 alone. There is no NaN: boxes are finite, with zeros
/// behind the last component, and of two points that are compared one is finite, so that no infinity of a slot without a point meets another one. And a gap is squared, which takes the
/// sign of 0 away.
/// </remarks>
internal static unsafe class PointDistance
{
    /// <summary>What a lower bound is multiplied by, so that rounding never makes it larger than a distance it bounds: 1 - (2 d + 8) 2^-24.</summary>
    public static float Safe(int dimensions) => 1 - (2 * dimensions + 8) * (1f / (1 << 24));

    /// <summary>squares[p] = |x - point p|^2 for all points of a tile; x is a point of another tile: its component c is x[c * <see cref="PointTree.LeafPoints"/>].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToTile(float* x, float* tile, int dimensions, float* squares)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        for (var i = 0; i < dimensions; i++)
        {
            var v = Vector512.Create(*x);
            var da = v - Vector512.Load(tile);
            var db = v - Vector512.Load(tile + 16);
            var dc = v - Vector512.Load(tile + 32);
            var dd = v - Vector512.Load(tile + 48);
            a = Vector512.FusedMultiplyAdd(da, da, a);
            b = Vector512.FusedMultiplyAdd(db, db, b);
            c = Vector512.FusedMultiplyAdd(dc, dc, c);
            d = Vector512.FusedMultiplyAdd(dd, dd, d);
            x += PointTree.LeafPoints;
            tile += PointTree.LeafPoints;
        }

        a.Store(squares);
        b.Store(squares + 16);
        c.Store(squares + 32);
        d.Store(squares + 48);
    }

    /// <summary>A lower bound of the squared distance between any two points of two boxes, up to <see cref="Safe"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float BetweenBoxes(float* one, float* other, int stride)
    {
        var sum = Vector512<float>.Zero;
        for (var c = 0; c < stride; c += Vector512<float>.Count)
        {
            var gap = Vector512.MaxNative(
                Vector512.Load(other + c) - Vector512.Load(one + stride + c), Vector512.Load(one + c) - Vector512.Load(other + stride + c));
            gap = Vector512.MaxNative(gap, Vector512<float>.Zero);
            sum = Vector512.FusedMultiplyAdd(gap, gap, sum);
        }

        return Vector512.Sum(sum);
    }

    /// <summary>squares[p] = a lower bound, up to <see cref="Safe"/>, of the squared distance of point p of a tile to any point of a box.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToBox(float* tile, float* box, int stride, int dimensions, float* squares)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        for (var i = 0; i < dimensions; i++)
        {
            var least = Vector512.Create(box[i]);
            var greatest = Vector512.Create(box[stride + i]);
            a = AddGap(Vector512.Load(tile), least, greatest, a);
            b = AddGap(Vector512.Load(tile + 16), least, greatest, b);
            c = AddGap(Vector512.Load(tile + 32), least, greatest, c);
            d = AddGap(Vector512.Load(tile + 48), least, greatest, d);
            tile += PointTree.LeafPoints;
        }

        a.Store(squares);
        b.Store(squares + 16);
        c.Store(squares + 32);
        d.Store(squares + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddGap(Vector512<float> x, Vector512<float> least, Vector512<float> greatest, Vector512<float> sum)
    {
        var gap = Vector512.MaxNative(Vector512.MaxNative(least - x, x - greatest), Vector512<float>.Zero);
        return Vector512.FusedMultiplyAdd(gap, gap, sum);
    }
}
