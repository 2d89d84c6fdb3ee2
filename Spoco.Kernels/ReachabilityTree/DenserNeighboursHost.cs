using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The nearest neighbour of every point within its core distance that is as dense or denser, which has no larger core distance; of several, the one with the smallest number. On the host.
/// </summary>
internal sealed unsafe class DenserNeighboursHost(ReachabilityForest forest, HostScratch scratch)
{
    /// <summary>Searches for all points, on all workers.</summary>
    public void Find(WorkerPool workers, CancellationToken cancellation)
    {
        var searches = new Search[workers.Workers];
        for (var w = 0; w < searches.Length; w++)
            searches[w] = new Search(forest, scratch);
        workers.RunPieces(forest.Tree.Leaves, new Body(searches, cancellation), 4);
        cancellation.ThrowIfCancellationRequested();
    }

    private readonly struct Body(Search[] searches, CancellationToken cancellation) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var leaf = from; leaf < until && !cancellation.IsCancellationRequested; leaf++)
                searches[worker].Leaf(leaf);
        }
    }

    /// <summary>One worker's search.</summary>
    private sealed class Search
    {
        private readonly ReachabilityForest _forest;
        private readonly PointTree _tree;
        private readonly float _safe;
        private readonly float* _bounds;
        private readonly int[] _best = new int[PointTree.LeafPoints];
        private readonly int[] _bestNumber = new int[PointTree.LeafPoints];
        private readonly (int Node, float Distance)[] _stack;

        public Search(ReachabilityForest forest, HostScratch scratch)
        {
            _forest = forest;
            _tree = forest.Tree;
            _safe = PointDistance.Safe(_tree.Dimensions);
            _bounds = scratch.Take<float>(PointTree.LeafPoints);
            _stack = new (int, float)[2 * BitOperations.Log2((uint)_tree.Leaves) + 4];
        }

        public void Leaf(int leaf)
        {
            var tree = _tree;
            var count = tree.LeafCount(leaf);
            var first = leaf * PointTree.LeafPoints;
            var cores = _forest.Cores + first;
            var densest = 0f;
            for (var q = 0; q < PointTree.LeafPoints; q++)
            {
                _bounds[q] = q < count ? cores[q] : float.NegativeInfinity;
                densest = q < count ? Math.Max(densest, cores[q]) : densest;
                _best[q] = -1;
                _bestNumber[q] = int.MaxValue;
            }

            var box = tree.Box(tree.LeafNodes[leaf]);
            var (bound, number) = Farthest(count);
            var top = 0;
            _stack[top++] = (0, 0);
            while (top > 0)
            {
                var (node, distance) = _stack[--top];
                if (distance > bound || (distance == bound && _forest.LeastNumber[node] >= number) || _forest.LeastCore[node] > densest)
                    continue;
                if (tree.NodeLeaves[node] == 1)
                {
                    Scan(leaf, node);
                    (bound, number) = Farthest(count);
                    continue;
                }

                int near = node + 1, far = tree.SecondChild(node);
                var nearDistance = PointDistance.BetweenBoxes(box, tree.Box(near), tree.BoxStride) * _safe;
                var farDistance = PointDistance.BetweenBoxes(box, tree.Box(far), tree.BoxStride) * _safe;
                if (farDistance < nearDistance || (farDistance == nearDistance && _forest.LeastNumber[far] < _forest.LeastNumber[near]))
                    (near, far, nearDistance, farDistance) = (far, near, farDistance, nearDistance);
                _stack[top++] = (far, farDistance);
                _stack[top++] = (near, nearDistance);
            }

            for (var q = 0; q < count; q++)
            {
                _forest.Denser[first + q] = _best[q];
                _forest.DenserDistance[first + q] = _bounds[q];
            }
        }

        /// <summary>The largest bound, and among the points that have it the largest number that could still be replaced.</summary>
        private (float Bound, int Number) Farthest(int count)
        {
            var bound = float.NegativeInfinity;
            var number = 0;
            for (var q = 0; q < count; q++)
            {
                if (_bounds[q] > bound)
                    (bound, number) = (_bounds[q], _bestNumber[q]);
                else if (_bounds[q] == bound)
                    number = Math.Max(number, _bestNumber[q]);
            }

            return (bound, number);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Scan(int leaf, int node)
        {
            var tree = _tree;
            var queries = tree.Tile(leaf);
            var box = tree.Box(node);
            var other = tree.FirstLeaf[node];
            var safe = Vector512.Create(_safe);
            var least = Vector512.Create(_forest.LeastCore[node]);
            var cores = _forest.Cores + leaf * PointTree.LeafPoints;
            for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += 16)
            {
                var distances = PointDistance.ToBox(queries + lanes, box, tree.BoxStride, tree.Dimensions) * safe;
                var reached = (Vector512.LessThanOrEqual(distances, Vector512.Load(_bounds + lanes))
                    & Vector512.LessThanOrEqual(least, Vector512.Load(cores + lanes))).ExtractMostSignificantBits();
                for (; reached != 0; reached &= reached - 1)
                    Take(leaf, lanes + BitOperations.TrailingZeroCount(reached), other);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Take(int leaf, int q, int other)
        {
            PointDistance.ToTile(_tree.Tile(leaf) + q, _tree.Tile(other), _tree.Dimensions, out var a, out var b, out var c, out var d);
            var first = other * PointTree.LeafPoints;
            var cores = _forest.Cores + first;
            var own = leaf * PointTree.LeafPoints + q;
            var core = Vector512.Create(_forest.Cores[own]);
            var bound = Vector512.Create(_bounds[q]);
            var candidates = Candidates(a, bound, cores, core) | (Candidates(b, bound, cores + 16, core) << 16)
                | (Candidates(c, bound, cores + 32, core) << 32) | (Candidates(d, bound, cores + 48, core) << 48);
            if (candidates == 0)
                return;
            var values = stackalloc float[PointTree.LeafPoints];
            a.Store(values);
            b.Store(values + 16);
            c.Store(values + 32);
            d.Store(values + 48);
            for (; candidates != 0; candidates &= candidates - 1)
            {
                var p = BitOperations.TrailingZeroCount(candidates);
                var number = _tree.Numbers[first + p];
                if (first + p == own)
                    continue;
                if (values[p] < _bounds[q] || (values[p] == _bounds[q] && number < _bestNumber[q]))
                    (_bounds[q], _best[q], _bestNumber[q]) = (values[p], first + p, number);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong Candidates(Vector512<float> distances, Vector512<float> bound, float* cores, Vector512<float> core) =>
            (Vector512.LessThanOrEqual(distances, bound) & Vector512.LessThanOrEqual(Vector512.Load(cores), core)).ExtractMostSignificantBits();
    }
}
