namespace Spoco.Kernels.Primitives;

/// <summary>
/// The centres among the means where seeds ended: one after the other, those with most points first and of equally many those with the larger components, a mean becomes a centre unless an
/// earlier centre is within h. Some candidates at a time are compared with one another, and those of them that become centres strike what is near them, on all workers, by a tree.
/// </summary>
internal sealed unsafe class CentreSelection
{
    private readonly HostScratch _scratch;
    private readonly MeanShiftProblem _problem;
    private readonly int _count;
    private readonly double[] _means;
    private readonly byte[] _struck;

    private CentreSelection(HostScratch scratch, in MeanShiftProblem problem, MeanShiftEnds ends)
    {
        (_scratch, _problem, _count) = (scratch, problem, ends.Count);
        var order = new int[_count];
        for (var i = 0; i < _count; i++)
            order[i] = i;
        Array.Sort(order, (a, b) => ends.End(a).Count != ends.End(b).Count
            ? ends.End(b).Count.CompareTo(ends.End(a).Count)
            : ends.Mean(b).SequenceCompareTo(ends.Mean(a)));
        _means = new double[(long)_count * problem.Dimensions];
        for (var i = 0; i < _count; i++)
            ends.Mean(order[i]).CopyTo(Mean(i));
        _struck = new byte[_count];
    }

    /// <summary>The centres, [centres, d], in the order in which they were taken.</summary>
    public static double[] Of(HostDevice host, HostScratch scratch, in MeanShiftProblem problem, MeanShiftEnds ends, CancellationToken cancellation)
    {
        if (ends.Count == 0)
            return [];
        var selection = new CentreSelection(scratch, problem, ends);
        using var rounded = new RoundedPoints(host, selection._means, ends.Count, problem.Dimensions);
        fixed (double* exact = selection._means)
            return selection.Select(rounded, exact, cancellation);
    }

    private Span<double> Mean(int i) => _means.AsSpan(i * _problem.Dimensions, _problem.Dimensions);

    private double[] Select(RoundedPoints rounded, double* exact, CancellationToken cancellation)
    {
        var strikers = new Striker[_scratch.Workers];
        for (var w = 0; w < strikers.Length; w++)
            strikers[w] = new Striker(_scratch, rounded, exact, _problem.Bandwidth);
        var centres = new List<int>();
        var candidates = new int[Balls.Together * strikers.Length];
        for (var next = 0; next < _count;)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = 0;
            for (; next < _count && count < candidates.Length; next++)
            {
                if (_struck[next] == 0 && !IsNear(next, candidates.AsSpan(0, count)))
                    candidates[count++] = next;
            }

            centres.AddRange(candidates.AsSpan(0, count));
            _scratch.Run(count, (from, until, worker) => strikers[worker].Strike(candidates.AsSpan(from, until - from), _means, _struck), Balls.Together);
        }

        var result = new double[(long)centres.Count * _problem.Dimensions];
        for (var k = 0; k < centres.Count; k++)
            Mean(centres[k]).CopyTo(result.AsSpan(k * _problem.Dimensions));
        return result;
    }

    private bool IsNear(int i, ReadOnlySpan<int> others)
    {
        foreach (var j in others)
        {
            var square = 0.0;
            for (var c = 0; c < _problem.Dimensions; c++)
                square += (Mean(i)[c] - Mean(j)[c]) * (Mean(i)[c] - Mean(j)[c]);
            if (square <= _problem.Bandwidth * _problem.Bandwidth)
                return true;
        }

        return false;
    }

    /// <summary>Strikes the means near centres. Several do so at once: all write 1.</summary>
    private sealed class Striker(HostScratch scratch, RoundedPoints means, double* exact, double radius)
    {
        private readonly Balls _balls = new(scratch, means.Tree, radius, exact, means.Moved);

        public void Strike(ReadOnlySpan<int> centres, ReadOnlySpan<double> values, byte[] struck)
        {
            var d = means.Tree.Dimensions;
            for (var first = 0; first < centres.Length; first += Balls.Together)
            {
                var count = Math.Min(Balls.Together, centres.Length - first);
                for (var b = 0; b < count; b++)
                    _balls.Place(b, values.Slice(centres[first + b] * d, d));
                Strike(0, uint.MaxValue >> (Balls.Together - count), struck);
            }
        }

        private void Strike(int node, uint balls, byte[] struck)
        {
            var tree = means.Tree;
            balls = _balls.Reaching(balls, tree.Box(node));
            if (balls == 0)
                return;
            if (tree.NodeLeaves[node] > 1)
            {
                Strike(node + 1, balls, struck);
                Strike(tree.SecondChild(node), balls, struck);
                return;
            }

            var leaf = tree.FirstLeaf[node];
            var near = 0ul;
            for (; balls != 0; balls &= balls - 1)
                near |= _balls.Inside(leaf, (int)uint.TrailingZeroCount(balls));
            for (; near != 0; near &= near - 1)
                struck[tree.Numbers[leaf * PointTree.LeafPoints + (int)ulong.TrailingZeroCount(near)]] = 1;
        }
    }
}
