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
        var searches = new Search[scratch.Workers];
        for (var w = 0; w < searches.Length; w++)
            searches[w] = new Search(forest, scratch);
        LeafSearch.Run(workers, searches, cancellation);
    }

    private sealed class Search(ReachabilityForest forest, HostScratch scratch) : LeafSearch(forest.Tree, scratch)
    {
        private readonly int[] _best = new int[PointTree.LeafPoints];
        private readonly int[] _bestNumber = new int[PointTree.LeafPoints];
        private float _densest;
        private float _bound;
        private int _number;

        protected override void Begin()
        {
            _densest = 0;
            for (var q = 0; q < PointTree.LeafPoints; q++)
            {
                var core = forest.Cores[First + q];
                Bounds[q] = q < Count ? core : float.NegativeInfinity;
                _densest = q < Count ? Math.Max(_densest, core) : _densest;
                _best[q] = -1;
                _bestNumber[q] = int.MaxValue;
            }

            FindFarthest();
        }

        protected override bool Reaches(int node, float distance) =>
            !(distance > _bound || (distance == _bound && forest.LeastNumber[node] >= _number) || forest.LeastCore[node] > _densest);

        protected override bool SecondIsFirst(int first, int second) => forest.LeastNumber[second] < forest.LeastNumber[first];

        protected override ulong ReachingLanes(int node, int lanes, Vector512<float> distances) =>
            (Vector512.LessThanOrEqual(distances, Vector512.Load(Bounds + lanes))
                & Vector512.LessThanOrEqual(Vector512.Create(forest.LeastCore[node]), Vector512.Load(forest.Cores + First + lanes))).ExtractMostSignificantBits();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Scan(int leaf, ulong reaching)
        {
            for (; reaching != 0; reaching &= reaching - 1)
                Take(BitOperations.TrailingZeroCount(reaching), leaf);
            FindFarthest();
        }

        protected override void End()
        {
            for (var q = 0; q < Count; q++)
            {
                forest.Denser[First + q] = _best[q];
                forest.DenserDistance[First + q] = Bounds[q];
            }
        }

        /// <summary>The largest bound, and among the points that have it the largest number that could still be replaced.</summary>
        private void FindFarthest()
        {
            var bounds = Bounds;
            var count = Count;
            var bound = float.NegativeInfinity;
            var number = 0;
            for (var q = 0; q < count; q++)
            {
                if (bounds[q] > bound)
                    (bound, number) = (bounds[q], _bestNumber[q]);
                else if (bounds[q] == bound)
                    number = Math.Max(number, _bestNumber[q]);
            }

            (_bound, _number) = (bound, number);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Take(int q, int leaf)
        {
            var squares = Squares;
            PointDistance.ToTile(Points + q, Tree.Tile(leaf), Tree.Dimensions, squares);
            var first = leaf * PointTree.LeafPoints;
            var own = First + q;
            var cores = forest.Cores + first;
            var core = Vector512.Create(forest.Cores[own]);
            var bound = Vector512.Create(Bounds[q]);
            var candidates = 0UL;
            for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += Vector512<float>.Count)
            {
                candidates |= (Vector512.LessThanOrEqual(Vector512.Load(squares + lanes), bound)
                    & Vector512.LessThanOrEqual(Vector512.Load(cores + lanes), core)).ExtractMostSignificantBits() << lanes;
            }

            for (; candidates != 0; candidates &= candidates - 1)
            {
                var p = BitOperations.TrailingZeroCount(candidates);
                var number = Tree.Numbers[first + p];
                if (first + p == own)
                    continue;
                if (squares[p] < Bounds[q] || (squares[p] == Bounds[q] && number < _bestNumber[q]))
                    (Bounds[q], _best[q], _bestNumber[q]) = (squares[p], first + p, number);
            }
        }
    }
}
