using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>Builds a <see cref="PointTree"/>: the nodes of a level at once, as many workers as there are nodes.</summary>
internal sealed unsafe class PointTreeBuilder
{
    private readonly HostScratch _scratch;
    private readonly PointTree _tree;
    private readonly float* _values;
    private readonly int _dimensions;
    private readonly int* _order;
    private readonly ulong* _keys;

    /// <summary>A builder that fills this tree from points [n, d].</summary>
    public PointTreeBuilder(HostScratch scratch, PointTree tree, float* values)
    {
        _scratch = scratch;
        _tree = tree;
        _values = values;
        _dimensions = tree.Dimensions;
        _order = scratch.Take<int>(tree.Count);
        _keys = scratch.Take<ulong>(tree.Count);
    }

    /// <summary>Builds the tree, and returns the memory that it took for that.</summary>
    public void Build()
    {
        _scratch.Run(_tree.Count, (from, until, _) =>
        {
            for (var i = from; i < until; i++)
                _order[i] = i;
        });
        _tree.FirstLeaf[0] = 0;
        _tree.NodeLeaves[0] = _tree.Leaves;
        for (var level = new List<int> { 0 }; level.Count > 0;)
        {
            var nodes = level;
            _scratch.Run(nodes.Count, (from, until, _) =>
            {
                for (var i = from; i < until; i++)
                    Split(nodes[i]);
            }, 1);
            level = [.. nodes.Where(n => _tree.NodeLeaves[n] > 1).SelectMany(n => new[] { n + 1, _tree.SecondChild(n) })];
        }

        _scratch.Return(_keys);
        _scratch.Return(_order);
    }

    private int FirstPoint(int node) => _tree.FirstLeaf[node] * PointTree.LeafPoints;

    private void Split(int node)
    {
        var leaves = _tree.NodeLeaves[node];
        var first = FirstPoint(node);
        var count = Math.Min(leaves * PointTree.LeafPoints, _tree.Count - first);
        var widest = Enclose(_order + first, count, _tree.Box(node));
        if (leaves == 1)
        {
            _tree.LeafNodes[_tree.FirstLeaf[node]] = node;
            Fill(_tree.FirstLeaf[node], _order + first, count);
            return;
        }

        var half = PointTree.FirstHalf(leaves);
        _tree.FirstLeaf[node + 1] = _tree.FirstLeaf[node];
        _tree.NodeLeaves[node + 1] = half;
        var second = _tree.SecondChild(node);
        _tree.FirstLeaf[second] = _tree.FirstLeaf[node] + half;
        _tree.NodeLeaves[second] = leaves - half;

        var keys = _keys + first;
        for (var i = 0; i < count; i++)
            keys[i] = Key(_values[(long)_order[first + i] * _dimensions + widest], _order[first + i]);
        Partition(keys, count, half * PointTree.LeafPoints);
        for (var i = 0; i < count; i++)
            _order[first + i] = (int)(uint)keys[i];
    }

    /// <summary>Writes the box of points and returns its widest component, the first of several.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Enclose(int* order, int count, float* box)
    {
        var stride = _tree.BoxStride;
        new Span<float>(box, 2 * stride).Clear();
        var c = 0;
        for (; c + Vector512<float>.Count <= _dimensions; c += Vector512<float>.Count)
        {
            var least = Vector512.Load(_values + (long)order[0] * _dimensions + c);
            var greatest = least;
            for (var i = 1; i < count; i++)
            {
                var v = Vector512.Load(_values + (long)order[i] * _dimensions + c);
                least = Vector512.Min(least, v);
                greatest = Vector512.Max(greatest, v);
            }

            least.Store(box + c);
            greatest.Store(box + stride + c);
        }

        for (; c < _dimensions; c++)
        {
            var least = _values[(long)order[0] * _dimensions + c];
            var greatest = least;
            for (var i = 1; i < count; i++)
            {
                var v = _values[(long)order[i] * _dimensions + c];
                least = Math.Min(least, v);
                greatest = Math.Max(greatest, v);
            }

            box[c] = least;
            box[stride + c] = greatest;
        }

        var widest = 0;
        for (c = 1; c < _dimensions; c++)
        {
            if (box[stride + c] - box[c] > box[stride + widest] - box[widest])
                widest = c;
        }

        return widest;
    }

    /// <summary>Orders like the values, equal ones by their points; the point is in the lower half.</summary>
    private static ulong Key(float value, int point)
    {
        // + 0 turns -0 into 0.
        var bits = BitConverter.SingleToUInt32Bits(value + 0f);
        bits ^= (uint)((int)bits >> 31) | 0x8000_0000u;
        return ((ulong)bits << 32) | (uint)point;
    }

    /// <summary>Puts the <paramref name="middle"/> smallest keys first (Hoare's selection, with the median of three as pivot); all are different.</summary>
    private static void Partition(ulong* keys, int count, int middle)
    {
        int low = 0, high = count - 1;
        var remaining = 2 * int.Log2(count) + 8;
        while (low < high)
        {
            if (remaining-- == 0)
            {
                // Inputs made against the median of three; the keys are different, so that any sort leaves the same halves.
                new Span<ulong>(keys + low, high - low + 1).Sort();
                return;
            }

            ulong a = keys[low], b = keys[low + ((high - low) >> 1)], c = keys[high];
            var pivot = Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
            int i = low, j = high;
            while (i <= j)
            {
                while (keys[i] < pivot)
                    i++;
                while (keys[j] > pivot)
                    j--;
                if (i <= j)
                {
                    (keys[i], keys[j]) = (keys[j], keys[i]);
                    i++;
                    j--;
                }
            }

            if (middle <= j)
                high = j;
            else if (middle > i)
                low = i;
            else
                return;
        }
    }

    /// <summary>Transposes the points of a leaf, by ascending number.</summary>
    private void Fill(int leaf, int* order, int count)
    {
        new Span<int>(order, count).Sort();
        var numbers = _tree.Numbers + leaf * PointTree.LeafPoints;
        var tile = _tree.Tile(leaf);
        for (var p = 0; p < PointTree.LeafPoints; p++)
        {
            numbers[p] = p < count ? order[p] : -1;
            for (var c = 0; c < _dimensions; c++)
                tile[c * PointTree.LeafPoints + p] = p < count ? _values[(long)order[p] * _dimensions + c] : float.PositiveInfinity;
        }
    }
}
