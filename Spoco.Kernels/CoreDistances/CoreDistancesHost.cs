using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Core distances on the host: a <see cref="LeafSearch"/> in which each point keeps the squared distances below its bound; when its memory is full, the bound becomes their k-th smallest
/// or a little more, and those above are dropped.
/// </summary>
internal sealed unsafe class CoreDistancesHost : CoreDistancesAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PointTreeShape tree) => device.OnHost;

    /// <inheritdoc/>
    public override void Compute(PointTreeViews tree, int neighbours, DeviceBuffer<float> squares, CancellationToken cancellation)
    {
        var host = squares.Device.Host;
        using var scratch = new HostScratch(host, nameof(CoreDistances));
        var searches = new Search[scratch.Workers];
        for (var w = 0; w < searches.Length; w++)
            searches[w] = new Search(tree.Host, neighbours, squares.HostAddress, scratch);
        LeafSearch.Run(host.Workers, searches, cancellation);
    }

    private sealed class Search : LeafSearch
    {
        /// <summary>Distances that are taken beyond the k smallest before they are looked through.</summary>
        private const int Slack = 256;

        private readonly int _neighbours;
        private readonly float* _results;
        private readonly int _capacity;
        private readonly float* _kept;
        private readonly int[] _counts = new int[PointTree.LeafPoints];
        private float _bound;

        public Search(PointTree tree, int neighbours, float* results, HostScratch scratch)
            : base(tree, scratch)
        {
            _neighbours = neighbours;
            _results = results;
            _capacity = (int)Math.Min(neighbours + Slack + PointTree.LeafPoints, tree.Slots + PointTree.LeafPoints);
            _capacity = (_capacity + 15) / 16 * 16;
            _kept = scratch.Take<float>((long)_capacity * PointTree.LeafPoints);
        }

        protected override void Begin()
        {
            Array.Clear(_counts);
            for (var q = 0; q < PointTree.LeafPoints; q++)
                Bounds[q] = q < Count ? float.PositiveInfinity : float.NegativeInfinity;
            _bound = float.PositiveInfinity;
        }

        protected override bool Reaches(int node, float distance) => distance < _bound;

        protected override ulong ReachingLanes(int node, int lanes, Vector512<float> distances) =>
            Vector512.LessThan(distances, Vector512.Load(Bounds + lanes)).ExtractMostSignificantBits();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Scan(int leaf, ulong reaching)
        {
            for (; reaching != 0; reaching &= reaching - 1)
                Take(BitOperations.TrailingZeroCount(reaching), leaf);
            _bound = Largest();
        }

        protected override void End()
        {
            for (var q = 0; q < PointTree.LeafPoints; q++)
                _results[First + q] = q < Count ? OrderStatistic.Of(_kept + q * _capacity, _counts[q], _neighbours, 0).Value : float.PositiveInfinity;
        }

        /// <summary>Adds the distances of a point to all of a leaf that are below its bound.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Take(int q, int leaf)
        {
            var squares = Squares;
            PointDistance.ToTile(Points + q, Tree.Tile(leaf), Tree.Dimensions, squares);
            var bound = Vector512.Create(Bounds[q]);
            var nearer = 0UL;
            for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += Vector512<float>.Count)
                nearer |= Vector512.LessThan(Vector512.Load(squares + lanes), bound).ExtractMostSignificantBits() << lanes;
            if (nearer == 0)
                return;
            var kept = _kept + q * _capacity;
            var n = _counts[q];
            for (; nearer != 0; nearer &= nearer - 1)
                kept[n++] = squares[BitOperations.TrailingZeroCount(nearer)];
            if (n > _capacity - PointTree.LeafPoints)
                n = Drop(q, kept, n);
            _counts[q] = n;
        }

        /// <summary>Lowers the bound of a point to about its k-th distance and drops the distances above.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private int Drop(int q, float* kept, int count)
        {
            var (bound, within) = OrderStatistic.Of(kept, count, _neighbours, Slack / 4);
            var n = 0;
            if (within <= _neighbours + (Slack / 4))
            {
                for (var i = 0; i < count; i++)
                {
                    kept[n] = kept[i];
                    n += kept[i] <= bound ? 1 : 0;
                }
            }
            else
            {
                // The bound is the k-th distance itself, and more have it than are needed.
                for (var i = 0; i < count; i++)
                {
                    kept[n] = kept[i];
                    n += kept[i] < bound ? 1 : 0;
                }

                new Span<float>(kept + n, _neighbours - n).Fill(bound);
                n = _neighbours;
            }

            Bounds[q] = bound;
            return n;
        }

        private float Largest()
        {
            var v = Vector512.MaxNative(
                Vector512.MaxNative(Vector512.Load(Bounds), Vector512.Load(Bounds + 16)), Vector512.MaxNative(Vector512.Load(Bounds + 32), Vector512.Load(Bounds + 48)));
            var largest = v[0];
            for (var i = 1; i < Vector512<float>.Count; i++)
                largest = Math.Max(largest, v[i]);
            return largest;
        }
    }
}
