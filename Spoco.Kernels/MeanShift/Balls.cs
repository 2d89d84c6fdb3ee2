using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Some balls |x - m|^2 &lt;= h^2 at a time, and which points of a <see cref="PointTree"/> lie in them: in double precision, by the sum of (x_c - m_c)^2 from the first component to the last.
/// Single precision decides where it is certain, see <see cref="BallLimits"/>. For one worker.
/// </summary>
internal sealed unsafe class Balls
{
    /// <summary>Balls at a time: a bit of a word each, two registers of 512 bits.</summary>
    public const int Together = 32;

    /// <summary>Components after which a leaf is left where all its points are too far away already.</summary>
    private const int Look = 8;

    private readonly PointTree _tree;
    private readonly double _radius;
    private readonly double* _exact;
    private readonly double _moved;
    private readonly float* _rounded;
    private readonly float* _near;
    private readonly float* _far;
    private readonly double* _centres;

    /// <summary>Balls of radius h.</summary>
    /// <param name="scratch">Where they lie.</param>
    /// <param name="tree">The points.</param>
    /// <param name="radius">h.</param>
    /// <param name="exact">[points, d], the points where those of the tree are rounded; null where they are not.</param>
    /// <param name="moved">How far at most they moved when they were rounded.</param>
    public Balls(HostScratch scratch, PointTree tree, double radius, double* exact = null, double moved = 0)
    {
        (_tree, _radius, _moved) = (tree, radius, moved);
        _exact = exact;
        _rounded = scratch.Take<float>(Together * tree.Dimensions);
        _near = scratch.Take<float>(Together);
        _far = scratch.Take<float>(Together);
        _centres = scratch.Take<double>(Together * tree.Dimensions);
        // Balls that were never placed are compared, and not asked for.
        new Span<float>(_rounded, Together * tree.Dimensions).Clear();
    }

    /// <summary>Moves a ball.</summary>
    public void Place(int ball, ReadOnlySpan<double> centre)
    {
        for (var c = 0; c < centre.Length; c++)
        {
            _centres[ball * centre.Length + c] = centre[c];
            _rounded[c * Together + ball] = (float)centre[c];
        }

        (_near[ball], _far[ball]) = BallLimits.Around(centre, _radius, _moved);
    }

    /// <summary>Those of some balls that may reach into a box.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public uint Reaching(uint balls, float* box)
    {
        Vector512<float> a = default, b = default;
        for (var c = 0; c < _tree.Dimensions; c++)
        {
            var (least, greatest) = (Vector512.Create(box[c]), Vector512.Create(box[_tree.BoxStride + c]));
            var (x, y) = (Vector512.Load(_rounded + c * Together), Vector512.Load(_rounded + c * Together + 16));
            var gap = Vector512.MaxNative(Vector512.MaxNative(least - x, x - greatest), Vector512<float>.Zero);
            a = Vector512.FusedMultiplyAdd(gap, gap, a);
            gap = Vector512.MaxNative(Vector512.MaxNative(least - y, y - greatest), Vector512<float>.Zero);
            b = Vector512.FusedMultiplyAdd(gap, gap, b);
        }

        return balls & UpTo(a, b, _far);
    }

    /// <summary>Those of some balls that a box is certain to lie in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public uint Holding(uint balls, float* box)
    {
        Vector512<float> a = default, b = default;
        for (var c = 0; c < _tree.Dimensions; c++)
        {
            var (least, greatest) = (Vector512.Create(box[c]), Vector512.Create(box[_tree.BoxStride + c]));
            var (x, y) = (Vector512.Load(_rounded + c * Together), Vector512.Load(_rounded + c * Together + 16));
            var reach = Vector512.MaxNative(x - least, greatest - x);
            a = Vector512.FusedMultiplyAdd(reach, reach, a);
            reach = Vector512.MaxNative(y - least, greatest - y);
            b = Vector512.FusedMultiplyAdd(reach, reach, b);
        }

        return balls & UpTo(a, b, _near);
    }

    /// <summary>A bit per point of a leaf: whether it lies in a ball.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ulong Inside(int leaf, int ball)
    {
        var tile = _tree.Tile(leaf);
        var x = _rounded + ball;
        var (near, far) = (_near[ball], _far[ball]);
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (var c = 0; c < _tree.Dimensions;)
        {
            var end = Math.Min(c + Look, _tree.Dimensions);
            for (; c < end; c++)
            {
                var v = Vector512.Create(x[c * Together]);
                var t = tile + c * PointTree.LeafPoints;
                var d0 = v - Vector512.Load(t);
                var d1 = v - Vector512.Load(t + 16);
                var d2 = v - Vector512.Load(t + 32);
                var d3 = v - Vector512.Load(t + 48);
                s0 = Vector512.FusedMultiplyAdd(d0, d0, s0);
                s1 = Vector512.FusedMultiplyAdd(d1, d1, s1);
                s2 = Vector512.FusedMultiplyAdd(d2, d2, s2);
                s3 = Vector512.FusedMultiplyAdd(d3, d3, s3);
            }

            if (Vector512.GreaterThanAll(Vector512.MinNative(Vector512.MinNative(s0, s1), Vector512.MinNative(s2, s3)), Vector512.Create(far)))
                return 0;
        }

        var inside = UpTo(s0, s1, s2, s3, near);
        for (var maybe = UpTo(s0, s1, s2, s3, far) & _tree.All(leaf) & ~inside; maybe != 0; maybe &= maybe - 1)
        {
            var p = (int)ulong.TrailingZeroCount(maybe);
            if (Square(leaf, p, ball) <= _radius * _radius)
                inside |= 1ul << p;
        }

        return inside;
    }

    private double Square(int leaf, int point, int ball)
    {
        var centre = _centres + ball * _tree.Dimensions;
        var tile = _tree.Tile(leaf) + point;
        var exact = _exact + (long)_tree.Numbers[leaf * PointTree.LeafPoints + point] * _tree.Dimensions;
        var sum = 0.0;
        for (var c = 0; c < _tree.Dimensions; c++)
        {
            var d = (_exact is null ? tile[c * PointTree.LeafPoints] : exact[c]) - centre[c];
            sum += d * d;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong UpTo(Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3, float limit)
    {
        var l = Vector512.Create(limit);
        return Vector512.LessThanOrEqual(s0, l).ExtractMostSignificantBits() | Vector512.LessThanOrEqual(s1, l).ExtractMostSignificantBits() << 16
            | Vector512.LessThanOrEqual(s2, l).ExtractMostSignificantBits() << 32 | Vector512.LessThanOrEqual(s3, l).ExtractMostSignificantBits() << 48;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UpTo(Vector512<float> a, Vector512<float> b, float* limits) =>
        (uint)(Vector512.LessThanOrEqual(a, Vector512.Load(limits)).ExtractMostSignificantBits()
            | Vector512.LessThanOrEqual(b, Vector512.Load(limits + 16)).ExtractMostSignificantBits() << 16);
}
