using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// One round of Boruvka's algorithm on the host: the first edge that leaves each component. Leaves search on all workers; what is known of a component bounds the search of all its
/// points. A worker that reads an older bound searches more than it must; a bound is the key of an edge that was found, so that none before it is ever left out: the result does not
/// depend on who found what first.
/// </summary>
internal sealed unsafe class NearestComponentHost
{
    private const int Locks = 256;

    private readonly ReachabilityForest _forest;
    private readonly Search[] _searches;
    private readonly ulong* _keys;
    private readonly Lock[] _locks = new Lock[Locks];

    /// <summary>Takes memory for the components of a forest and for all workers.</summary>
    public NearestComponentHost(ReachabilityForest forest, HostScratch scratch)
    {
        _forest = forest;
        _keys = scratch.Take<ulong>(forest.Components);
        for (var i = 0; i < Locks; i++)
            _locks[i] = new Lock();
        _searches = new Search[scratch.Workers];
        for (var w = 0; w < _searches.Length; w++)
            _searches[w] = new Search(this, scratch);
    }

    /// <summary>Finds them.</summary>
    public void Find(WorkerPool workers, CancellationToken cancellation)
    {
        new Span<ulong>(_keys, _forest.Components).Fill(ReachabilityEdge.NoKey);
        workers.RunPieces(_forest.Tree.Leaves, new Body(_searches, cancellation), 4);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Takes an edge that leaves a component, if it comes before the one that is known.</summary>
    private void Offer(int component, ReachabilityEdge edge)
    {
        lock (_locks[component % Locks])
        {
            if (_keys[component] != ReachabilityEdge.NoKey && edge.CompareTo(_forest.First[component]) >= 0)
                return;
            _forest.First[component] = edge;
            Volatile.Write(ref _keys[component], edge.Key);
        }
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
        private readonly NearestComponentHost _round;
        private readonly ReachabilityForest _forest;
        private readonly PointTree _tree;
        private readonly float _safe;
        private readonly float* _bounds;
        private readonly (int Node, float Distance)[] _stack;

        public Search(NearestComponentHost round, HostScratch scratch)
        {
            _round = round;
            _forest = round._forest;
            _tree = _forest.Tree;
            _safe = PointDistance.Safe(_tree.Dimensions);
            _bounds = scratch.Take<float>(PointTree.LeafPoints);
            _stack = new (int, float)[2 * BitOperations.Log2((uint)_tree.Leaves) + 4];
        }

        public void Leaf(int leaf)
        {
            var tree = _tree;
            var self = tree.LeafNodes[leaf];
            var component = _forest.NodeComponents[self];
            var bound = Bounds(leaf);
            if (ReachabilityEdge.KeyOf(_forest.LeastCore[self], 0) > bound)
                return;
            var box = tree.Box(self);
            var top = 0;
            _stack[top++] = (0, 0);
            while (top > 0)
            {
                var (node, distance) = _stack[--top];
                var reachability = Math.Max(distance, Math.Max(_forest.LeastCore[node], _forest.LeastCore[self]));
                if (ReachabilityEdge.KeyOf(reachability, distance) > bound)
                    continue;
                var other = _forest.NodeComponents[node];
                if (other == component && other != ReachabilityForest.Several)
                    continue;
                if (tree.NodeLeaves[node] == 1)
                {
                    Scan(leaf, node);
                    bound = Bounds(leaf);
                    continue;
                }

                int near = node + 1, far = tree.SecondChild(node);
                var nearDistance = PointDistance.BetweenBoxes(box, tree.Box(near), tree.BoxStride) * _safe;
                var farDistance = PointDistance.BetweenBoxes(box, tree.Box(far), tree.BoxStride) * _safe;
                if (farDistance < nearDistance || (farDistance == nearDistance && leaf >= tree.FirstLeaf[far]))
                    (near, far, nearDistance, farDistance) = (far, near, farDistance, nearDistance);
                _stack[top++] = (far, farDistance);
                _stack[top++] = (near, nearDistance);
            }
        }

        /// <summary>What each point may still find, by the edges that are known; returns the last of these keys.</summary>
        private ulong Bounds(int leaf)
        {
            var count = _tree.LeafCount(leaf);
            var first = leaf * PointTree.LeafPoints;
            var last = 0UL;
            for (var q = 0; q < PointTree.LeafPoints; q++)
            {
                _bounds[q] = float.NegativeInfinity;
                if (q >= count)
                    continue;
                var key = Volatile.Read(ref _round._keys[_forest.Component[first + q]]);
                _bounds[q] = ReachabilityEdge.ReachabilityOf(key);
                last = Math.Max(last, key);
            }

            return last;
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
            var components = _forest.Component + leaf * PointTree.LeafPoints;
            var component = _forest.NodeComponents[node];
            var same = Vector512.Create(component == ReachabilityForest.Several ? int.MinValue : component);
            for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += 16)
            {
                var distances = PointDistance.ToBox(queries + lanes, box, tree.BoxStride, tree.Dimensions) * safe;
                var reachabilities = Vector512.Max(Vector512.Max(distances, least), Vector512.Load(cores + lanes));
                var reached = Vector512.LessThanOrEqual(reachabilities, Vector512.Load(_bounds + lanes)).ExtractMostSignificantBits()
                    & ~Vector512.Equals(Vector512.Load(components + lanes), same).ExtractMostSignificantBits();
                for (; reached != 0; reached &= reached - 1)
                    Take(leaf, lanes + BitOperations.TrailingZeroCount(reached), other);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Take(int leaf, int q, int other)
        {
            PointDistance.ToTile(_tree.Tile(leaf) + q, _tree.Tile(other), _tree.Dimensions, out var a, out var b, out var c, out var d);
            var first = other * PointTree.LeafPoints;
            var own = leaf * PointTree.LeafPoints + q;
            var cores = _forest.Cores + first;
            var components = _forest.Component + first;
            var component = _forest.Component[own];
            var core = Vector512.Create(_forest.Cores[own]);
            var bound = Vector512.Create(_bounds[q]);
            var same = Vector512.Create(component);
            var candidates = Candidates(a, bound, cores, core, components, same) | (Candidates(b, bound, cores + 16, core, components + 16, same) << 16)
                | (Candidates(c, bound, cores + 32, core, components + 32, same) << 32) | (Candidates(d, bound, cores + 48, core, components + 48, same) << 48);
            if (candidates == 0)
                return;
            var values = stackalloc float[PointTree.LeafPoints];
            a.Store(values);
            b.Store(values + 16);
            c.Store(values + 32);
            d.Store(values + 48);
            var best = default(ReachabilityEdge);
            var found = false;
            for (; candidates != 0; candidates &= candidates - 1)
            {
                var p = BitOperations.TrailingZeroCount(candidates);
                var reachability = Math.Max(values[p], Math.Max(cores[p], _forest.Cores[own]));
                var edge = ReachabilityEdge.Between(reachability, values[p], _tree.Numbers[own], _tree.Numbers[first + p]);
                if (!found || edge.CompareTo(best) < 0)
                    (best, found) = (edge, true);
            }

            if (best.Key > Volatile.Read(ref _round._keys[component]))
                return;
            _round.Offer(component, best);
            _bounds[q] = best.Reachability;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong Candidates(
            Vector512<float> distances, Vector512<float> bound, float* cores, Vector512<float> core, int* components, Vector512<int> same) =>
            Vector512.LessThanOrEqual(Vector512.Max(distances, Vector512.Max(Vector512.Load(cores), core)), bound).ExtractMostSignificantBits()
            & ~Vector512.Equals(Vector512.Load(components), same).ExtractMostSignificantBits() & 0xFFFF;
    }
}
