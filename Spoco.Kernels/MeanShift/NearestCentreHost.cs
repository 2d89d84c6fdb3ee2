using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The nearest centre of every point on the host: of several equally near ones the first, by the sums of (x_c - m_c)^2 in double precision from the first component to the last. The points of a
/// leaf go through the tree of the centres together, each point a lane; a centre that is farther from their box than the nearest so far is from each of them is left out. Single precision decides
/// where it is certain; where two centres are too close to tell, double precision does. For one worker.
/// </summary>
internal sealed unsafe class NearestCentreHost
{
    private readonly MeanShiftProblem _problem;
    private readonly PointTree _points;
    private readonly PointTree _centres;
    private readonly double* _exact;
    private readonly float _moved;
    private readonly float _safe;
    private readonly float* _nearest;
    private readonly float* _second;
    private readonly int* _number;
    private readonly float* _squares;
    private float* _tile;
    private float* _box;
    private float _limit;

    /// <summary>A search among centres.</summary>
    /// <param name="scratch">Where its memory lies.</param>
    /// <param name="problem">Whether points far from all centres have one.</param>
    /// <param name="points">The points.</param>
    /// <param name="centres">The centres.</param>
    /// <param name="exact">[centres, d], not rounded.</param>
    public NearestCentreHost(HostScratch scratch, in MeanShiftProblem problem, PointTree points, RoundedPoints centres, double* exact)
    {
        (_problem, _points, _centres) = (problem, points, centres.Tree);
        _exact = exact;
        _moved = MathF.BitIncrement((float)centres.Moved);
        _safe = PointDistance.Safe(points.Dimensions);
        _nearest = scratch.Take<float>(PointTree.LeafPoints);
        _second = scratch.Take<float>(PointTree.LeafPoints);
        _number = scratch.Take<int>(PointTree.LeafPoints);
        _squares = scratch.Take<float>(PointTree.LeafPoints);
    }

    /// <summary>Writes the number of the nearest centre of every point of a leaf, from 1, in the place of the point; 0 where it is to have none.</summary>
    public void Label(int leaf, int* labels)
    {
        _tile = _points.Tile(leaf);
        _box = _points.Box(_points.LeafNodes[leaf]);
        new Span<float>(_nearest, PointTree.LeafPoints).Fill(float.PositiveInfinity);
        new Span<float>(_second, PointTree.LeafPoints).Fill(float.PositiveInfinity);
        new Span<int>(_number, PointTree.LeafPoints).Clear();
        // Slots without a point ask for nothing.
        new Span<float>(_nearest + _points.LeafCount(leaf), PointTree.LeafPoints - _points.LeafCount(leaf)).Clear();
        _limit = float.PositiveInfinity;
        Visit(0, 0);
        for (var p = 0; p < _points.LeafCount(leaf); p++)
        {
            var limit = Limit(_nearest[p]);
            var (number, square) = _second[p] <= limit ? Decide(p, limit) : (_number[p], Square(p, _number[p]));
            labels[_points.Numbers[leaf * PointTree.LeafPoints + p]] = _problem.ClusterAll || square <= _problem.Bandwidth * _problem.Bandwidth ? number + 1 : 0;
        }
    }

    /// <summary>Squares up to here may be those of the nearest centre, where this is the least one so far.</summary>
    private float Limit(float least)
    {
        var root = (MathF.Sqrt(least) + 2 * _moved) * (2 - _safe);
        return root * root * (2 - _safe) + _points.Dimensions * 1e-44f;
    }

    private void Visit(int node, float square)
    {
        if (square * _safe > _limit)
            return;
        if (_centres.NodeLeaves[node] == 1)
        {
            VisitLeaf(_centres.FirstLeaf[node]);
            return;
        }

        var (first, second) = (node + 1, _centres.SecondChild(node));
        var toFirst = PointDistance.BetweenBoxes(_box, _centres.Box(first), _points.BoxStride);
        var toSecond = PointDistance.BetweenBoxes(_box, _centres.Box(second), _points.BoxStride);
        if (toSecond < toFirst)
            (first, second, toFirst, toSecond) = (second, first, toSecond, toFirst);
        Visit(first, toFirst);
        Visit(second, toSecond);
    }

    private void VisitLeaf(int leaf)
    {
        var tile = _centres.Tile(leaf);
        PointDistance.ToBox(tile, _box, _points.BoxStride, _points.Dimensions, _squares);
        var near = 0UL;
        for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += Vector512<float>.Count)
            near |= Vector512.LessThanOrEqual(Vector512.Load(_squares + lanes) * _safe, Vector512.Create(_limit)).ExtractMostSignificantBits() << lanes;
        for (near &= _centres.All(leaf); near != 0; near &= near - 1)
        {
            var k = (int)ulong.TrailingZeroCount(near);
            Compare(tile + k, _centres.Numbers[leaf * PointTree.LeafPoints + k]);
        }

        var worst = 0f;
        for (var p = 0; p < PointTree.LeafPoints; p++)
            worst = MathF.Max(worst, _nearest[p]);
        _limit = Limit(worst);
    }

    /// <summary>Compares all points of the leaf with a centre.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Compare(float* centre, int number)
    {
        PointDistance.ToTile(centre, _tile, _points.Dimensions, _squares);
        for (var p = 0; p < PointTree.LeafPoints; p += Vector512<float>.Count)
        {
            var (squares, nearest) = (Vector512.Load(_squares + p), Vector512.Load(_nearest + p));
            Vector512.MinNative(Vector512.Load(_second + p), Vector512.MaxNative(nearest, squares)).Store(_second + p);
            Vector512.ConditionalSelect(Vector512.LessThan(squares, nearest).AsInt32(), Vector512.Create(number), Vector512.Load(_number + p)).Store(_number + p);
            Vector512.MinNative(nearest, squares).Store(_nearest + p);
        }
    }

    /// <summary>The nearest centre of one point among those not beyond a limit, in double precision.</summary>
    private (int Number, double Square) Decide(int point, float limit)
    {
        var (number, square) = (int.MaxValue, double.PositiveInfinity);
        for (var node = 0; node < _centres.Nodes;)
        {
            if (PointDistance.BetweenBoxes(_box, _centres.Box(node), _points.BoxStride) * _safe > limit)
            {
                node = _centres.Next(node);
                continue;
            }

            for (var j = 0; _centres.NodeLeaves[node] == 1 && j < _centres.LeafCount(_centres.FirstLeaf[node]); j++)
            {
                var other = _centres.Numbers[_centres.FirstLeaf[node] * PointTree.LeafPoints + j];
                var s = Square(point, other);
                if (s < square || (s == square && other < number))
                    (number, square) = (other, s);
            }

            node++;
        }

        return (number, square);
    }

    private double Square(int point, int number)
    {
        var sum = 0.0;
        for (var c = 0; c < _points.Dimensions; c++)
        {
            var d = _tile[c * PointTree.LeafPoints + point] - _exact[number * _points.Dimensions + c];
            sum += d * d;
        }

        return sum;
    }
}
