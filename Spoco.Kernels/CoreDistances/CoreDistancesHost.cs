using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Core distances on the host: the points of a leaf search together, nodes near to far. Each keeps the squared distances below its bound; when its memory is full, the bound becomes
/// their k-th smallest or a little more, and those above are dropped. A node, and then a point of the leaf with respect to a leaf, is skipped where its box is no nearer than the bound.
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
        var searches = new Search[host.Workers.Workers];
        for (var w = 0; w < searches.Length; w++)
            searches[w] = new Search(tree.Host, neighbours, scratch);
        host.Workers.RunPieces(tree.Host.Leaves, new Body(searches, squares.HostAddress, cancellation), 4);
        cancellation.ThrowIfCancellationRequested();
    }

    private readonly struct Body(Search[] searches, float* squares, CancellationToken cancellation) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var leaf = from; leaf < until && !cancellation.IsCancellationRequested; leaf++)
                searches[worker].Leaf(leaf, squares + leaf * PointTree.LeafPoints);
        }
    }

    /// <summary>One worker's search.</summary>
    private sealed class Search
    {
        /// <summary>Distances that are taken beyond the k smallest before they are looked through.</summary>
        private const int Slack = 256;

        private readonly PointTree _tree;
        private readonly int _neighbours;
        private readonly int _capacity;
        private readonly float _safe;
        private readonly float* _kept;
        private readonly int[] _counts = new int[PointTree.LeafPoints];
        private readonly float* _bounds;
        private readonly (int Node, float Distance)[] _stack;

        public Search(PointTree tree, int neighbours, HostScratch scratch)
        {
            _tree = tree;
            _neighbours = neighbours;
            _safe = PointDistance.Safe(tree.Dimensions);
            _capacity = (int)Math.Min(neighbours + Slack + PointTree.LeafPoints, tree.Slots + PointTree.LeafPoints);
            _capacity = (_capacity + 15) / 16 * 16;
            _kept = scratch.Take<float>((long)_capacity * PointTree.LeafPoints);
            _bounds = scratch.Take<float>(PointTree.LeafPoints);
            _stack = new (int, float)[2 * BitOperations.Log2((uint)tree.Leaves) + 4];
        }

        /// <summary>Writes the squared core distances of the points of a leaf.</summary>
        public void Leaf(int leaf, float* squares)
        {
            var tree = _tree;
            var count = tree.LeafCount(leaf);
            Array.Clear(_counts);
            for (var q = 0; q < PointTree.LeafPoints; q++)
                _bounds[q] = q < count ? float.PositiveInfinity : float.NegativeInfinity;
            var box = tree.Box(tree.LeafNodes[leaf]);
            var top = 0;
            _stack[top++] = (0, 0);
            var bound = float.PositiveInfinity;
            while (top > 0)
            {
                var (node, distance) = _stack[--top];
                if (distance >= bound)
                    continue;
                if (tree.NodeLeaves[node] == 1)
                {
                    Scan(leaf, node);
                    bound = Largest();
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

            for (var q = 0; q < PointTree.LeafPoints; q++)
                squares[q] = q < count ? OrderStatistic.Of(_kept + q * _capacity, _counts[q], _neighbours, 0).Value : float.PositiveInfinity;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Scan(int leaf, int node)
        {
            var tree = _tree;
            var queries = tree.Tile(leaf);
            var tile = tree.Tile(tree.FirstLeaf[node]);
            var box = tree.Box(node);
            var safe = Vector512.Create(_safe);
            for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += 16)
            {
                var reached = Vector512.LessThan(
                    PointDistance.ToBox(queries + lanes, box, tree.BoxStride, tree.Dimensions) * safe, Vector512.Load(_bounds + lanes)).ExtractMostSignificantBits();
                for (; reached != 0; reached &= reached - 1)
                    Take(lanes + BitOperations.TrailingZeroCount(reached), queries, tile);
            }
        }

        /// <summary>Adds the distances of a point to all of a leaf that are below its bound.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Take(int q, float* queries, float* tile)
        {
            PointDistance.ToTile(queries + q, tile, _tree.Dimensions, out var a, out var b, out var c, out var d);
            var bound = Vector512.Create(_bounds[q]);
            var nearer = Vector512.LessThan(a, bound).ExtractMostSignificantBits() | (Vector512.LessThan(b, bound).ExtractMostSignificantBits() << 16)
                | (Vector512.LessThan(c, bound).ExtractMostSignificantBits() << 32) | (Vector512.LessThan(d, bound).ExtractMostSignificantBits() << 48);
            if (nearer == 0)
                return;
            var kept = _kept + q * _capacity;
            var n = _counts[q];
            var values = stackalloc float[PointTree.LeafPoints];
            a.Store(values);
            b.Store(values + 16);
            c.Store(values + 32);
            d.Store(values + 48);
            for (; nearer != 0; nearer &= nearer - 1)
                kept[n++] = values[BitOperations.TrailingZeroCount(nearer)];
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

            _bounds[q] = bound;
            return n;
        }

        private float Largest()
        {
            var v = Vector512.Max(
                Vector512.Max(Vector512.Load(_bounds), Vector512.Load(_bounds + 16)), Vector512.Max(Vector512.Load(_bounds + 32), Vector512.Load(_bounds + 48)));
            var largest = v[0];
            for (var i = 1; i < Vector512<float>.Count; i++)
                largest = Math.Max(largest, v[i]);
            return largest;
        }
    }
}
