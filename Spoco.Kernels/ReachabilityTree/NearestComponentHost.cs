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
        LeafSearch.Run(workers, _searches, cancellation);
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

    private sealed class Search(NearestComponentHost round, HostScratch scratch) : LeafSearch(round._forest.Tree, scratch)
    {
        private readonly ReachabilityForest _forest = round._forest;
        private int _node;
        private ulong _bound;

        protected override void Begin()
        {
            _node = Tree.LeafNodes[Leaf];
            FindBounds();
        }

        protected override bool Reaches(int node, float distance)
        {
            var reachability = Math.Max(distance, Math.Max(_forest.LeastCore[node], _forest.LeastCore[_node]));
            if (ReachabilityEdge.KeyOf(reachability, distance) > _bound)
                return false;
            var component = _forest.NodeComponents[node];
            return component == ReachabilityForest.Several || component != _forest.NodeComponents[_node];
        }

        protected override ulong ReachingLanes(int node, int lanes, Vector512<float> distances)
        {
            var reachabilities = Vector512.MaxNative(Vector512.MaxNative(distances, Vector512.Create(_forest.LeastCore[node])), Vector512.Load(_forest.Cores + First + lanes));
            var component = _forest.NodeComponents[node];
            var same = Vector512.Create(component == ReachabilityForest.Several ? int.MinValue : component);
            return Vector512.LessThanOrEqual(reachabilities, Vector512.Load(Bounds + lanes)).ExtractMostSignificantBits()
                & ~Vector512.Equals(Vector512.Load(_forest.Component + First + lanes), same).ExtractMostSignificantBits();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Scan(int leaf, ulong reaching)
        {
            for (; reaching != 0; reaching &= reaching - 1)
                Take(BitOperations.TrailingZeroCount(reaching), leaf);
            FindBounds();
        }

        /// <summary>What each point may still find, by the edges that are known, and the last of these keys.</summary>
        private void FindBounds()
        {
            var bounds = Bounds;
            var components = _forest.Component + First;
            var count = Count;
            var last = 0UL;
            for (var q = 0; q < PointTree.LeafPoints; q++)
            {
                bounds[q] = float.NegativeInfinity;
                if (q >= count)
                    continue;
                var key = Volatile.Read(ref round._keys[components[q]]);
                bounds[q] = ReachabilityEdge.ReachabilityOf(key);
                last = Math.Max(last, key);
            }

            _bound = last;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Take(int q, int leaf)
        {
            var squares = Squares;
            PointDistance.ToTile(Points + q, Tree.Tile(leaf), Tree.Dimensions, squares);
            var first = leaf * PointTree.LeafPoints;
            var own = First + q;
            var cores = _forest.Cores + first;
            var components = _forest.Component + first;
            var component = _forest.Component[own];
            var core = Vector512.Create(_forest.Cores[own]);
            var bound = Vector512.Create(Bounds[q]);
            var same = Vector512.Create(component);
            var candidates = 0UL;
            for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += Vector512<float>.Count)
            {
                var reachabilities = Vector512.MaxNative(Vector512.Load(squares + lanes), Vector512.MaxNative(Vector512.Load(cores + lanes), core));
                candidates |= (Vector512.LessThanOrEqual(reachabilities, bound).ExtractMostSignificantBits()
                    & ~Vector512.Equals(Vector512.Load(components + lanes), same).ExtractMostSignificantBits()) << lanes;
            }

            if (candidates == 0)
                return;
            var best = default(ReachabilityEdge);
            var found = false;
            for (; candidates != 0; candidates &= candidates - 1)
            {
                var p = BitOperations.TrailingZeroCount(candidates);
                var reachability = Math.Max(squares[p], Math.Max(cores[p], _forest.Cores[own]));
                var edge = ReachabilityEdge.Between(reachability, squares[p], Tree.Numbers[own], Tree.Numbers[first + p]);
                if (!found || edge.CompareTo(best) < 0)
                    (best, found) = (edge, true);
            }

            if (best.Key > Volatile.Read(ref round._keys[component]))
                return;
            round.Offer(component, best);
            Bounds[q] = best.Reachability;
        }
    }
}
