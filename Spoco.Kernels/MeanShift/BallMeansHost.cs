namespace Spoco.Kernels.Primitives;

/// <summary>
/// Means of the points in balls on the host, by one worker. Some balls at a time go down the tree, so that a leaf that is in the first cache serves them all: nodes outside a ball and inside it
/// count as a whole, the points of the leaves between are looked at. The bits of a mean depend on the points in its ball alone, see <see cref="PointSums"/>.
/// </summary>
internal sealed unsafe class BallMeansHost : IBallMeans
{
    private const int Together = Balls.Together;

    private readonly PointTree _tree;
    private readonly PointSums _sums;
    private readonly Balls _balls;
    private readonly float _widest;
    private readonly ulong* _inside;
    private readonly double* _totals;
    private readonly int* _counts;

    /// <summary>Means in balls of radius h.</summary>
    public BallMeansHost(HostScratch scratch, PointTree tree, PointSums sums, double radius)
    {
        (_tree, _sums) = (tree, sums);
        _balls = new Balls(scratch, tree, radius);
        _widest = BallLimits.Of(2 * radius, 0, tree.Dimensions).Far;
        var levels = int.Log2(tree.Leaves) + 2;
        _inside = scratch.Take<ulong>(Together);
        _totals = scratch.Take<double>((long)levels * Together * sums.Stride);
        _counts = scratch.Take<int>((long)levels * Together);
    }

    /// <inheritdoc/>
    public void Of(ReadOnlySpan<double> centres, Span<double> means, Span<int> counts)
    {
        var d = _tree.Dimensions;
        for (var first = 0; first < counts.Length; first += Together)
        {
            var count = Math.Min(Together, counts.Length - first);
            for (var b = 0; b < count; b++)
                _balls.Place(b, centres.Slice((first + b) * d, d));
            var occupied = Sum(0, uint.MaxValue >> (Together - count), 0);
            for (var b = 0; b < count; b++)
            {
                counts[first + b] = (occupied >> b & 1) == 0 ? 0 : _counts[b];
                for (var c = 0; c < d && counts[first + b] > 0; c++)
                    means[(first + b) * d + c] = _totals[b * _sums.Stride + c] / counts[first + b];
            }
        }
    }

    private double* Total(int level, int ball) => _totals + ((long)level * Together + ball) * _sums.Stride;

    /// <summary>
    /// Adds up the points below a node in each of some balls; returns the balls that have any. Sums and numbers of points of the others are undefined.
    /// </summary>
    private uint Sum(int node, uint balls, int level)
    {
        var box = _tree.Box(node);
        var reaching = _balls.Reaching(balls, box);
        if (reaching == 0)
            return 0;
        var whole = 0u;
        if (_sums.DiagonalOf(node) <= _widest)
        {
            whole = _balls.Holding(reaching, box);
            for (var rest = whole; rest != 0; rest &= rest - 1)
                SetWhole(node, level, (int)uint.TrailingZeroCount(rest));
            reaching &= ~whole;
            if (reaching == 0)
                return whole;
        }

        if (_tree.NodeLeaves[node] == 1)
            return whole | SumLeaf(node, reaching, level);
        var first = Sum(node + 1, reaching, level);
        var second = Sum(_tree.SecondChild(node), reaching, level + 1);
        for (var rest = second; rest != 0; rest &= rest - 1)
        {
            var b = (int)uint.TrailingZeroCount(rest);
            ref var count = ref _counts[level * Together + b];
            if ((first >> b & 1) == 0)
            {
                _sums.Copy(Total(level + 1, b), Total(level, b));
                count = 0;
            }
            else
            {
                _sums.Add(Total(level + 1, b), Total(level, b));
            }

            count += _counts[(level + 1) * Together + b];
        }

        return whole | first | second;
    }

    private uint SumLeaf(int node, uint balls, int level)
    {
        var leaf = _tree.FirstLeaf[node];
        // First all that is in them, then the sums: a processor knows then where a sum ends before it begins.
        var occupied = 0u;
        for (; balls != 0; balls &= balls - 1)
        {
            var b = (int)uint.TrailingZeroCount(balls);
            _inside[b] = _balls.Inside(leaf, b);
            if (_inside[b] == 0)
                continue;
            if (occupied == 0)
                _sums.Fetch(leaf);
            occupied |= 1u << b;
        }

        for (var rest = occupied; rest != 0; rest &= rest - 1)
        {
            var b = (int)uint.TrailingZeroCount(rest);
            if (_inside[b] == _tree.All(leaf))
            {
                SetWhole(node, level, b);
                continue;
            }

            _sums.OfLeaf(leaf, _inside[b], Total(level, b));
            _counts[level * Together + b] = (int)ulong.PopCount(_inside[b]);
        }

        return occupied;
    }

    private void SetWhole(int node, int level, int ball)
    {
        _sums.Copy(_sums.Of(node), Total(level, ball));
        _counts[level * Together + ball] = _sums.CountOf(node);
    }
}
