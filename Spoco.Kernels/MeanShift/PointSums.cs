using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums over points of a <see cref="PointTree"/>, in double precision and in an order that the chosen points alone decide: those of a leaf by ascending slot, and at a node the sum of its
/// first child plus that of its second one. Equal choices have equal bits, whether a sum is looked up or added up.
/// </summary>
internal sealed unsafe class PointSums
{
    /// <summary>Doubles of a register; rows are padded to a multiple, with zeros.</summary>
    private static int Lanes => Vector512<double>.Count;

    private readonly PointTree _tree;
    private readonly float* _rows;
    private readonly double* _nodes;
    private readonly float* _diagonals;

    /// <summary>Sums of all nodes.</summary>
    public PointSums(HostScratch scratch, PointTree tree)
    {
        _tree = tree;
        Stride = (tree.Dimensions + Lanes - 1) / Lanes * Lanes;
        _rows = scratch.Take<float>((long)tree.Slots * Stride);
        _nodes = scratch.Take<double>((long)tree.Nodes * Stride);
        _diagonals = scratch.Take<float>(tree.Nodes);
        scratch.Run(tree.Leaves, (from, until, _) =>
        {
            for (var leaf = from; leaf < until; leaf++)
                Fill(leaf);
        }, 32);

        // Children come behind their node.
        for (var node = tree.Nodes - 1; node >= 0; node--)
        {
            _diagonals[node] = Diagonal(tree.Box(node));
            if (tree.NodeLeaves[node] == 1)
                continue;
            Copy(Of(node + 1), Of(node));
            Add(Of(tree.SecondChild(node)), Of(node));
        }
    }

    /// <summary>Numbers of a sum: d, padded.</summary>
    public int Stride { get; }

    /// <summary>The sum of all points below a node.</summary>
    public double* Of(int node) => _nodes + (long)node * Stride;

    /// <summary>Points below a node.</summary>
    public int CountOf(int node) => Math.Min(_tree.NodeLeaves[node] * PointTree.LeafPoints, _tree.Count - _tree.FirstLeaf[node] * PointTree.LeafPoints);

    /// <summary>The squared distance between the corners of a node's box.</summary>
    public float DiagonalOf(int node) => _diagonals[node];

    /// <summary>The sum of some points of a leaf.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="chosen">A bit per slot.</param>
    /// <param name="total">Receives the sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void OfLeaf(int leaf, ulong chosen, double* total)
    {
        var rows = _rows + (long)leaf * PointTree.LeafPoints * Stride;
        var c = 0;
        for (; c + 2 * Lanes <= Stride; c += 2 * Lanes)
        {
            Vector512<double> a = default, b = default;
            for (var rest = chosen; rest != 0; rest &= rest - 1)
            {
                var row = Vector512.Load(rows + (long)ulong.TrailingZeroCount(rest) * Stride + c);
                a += Vector512.WidenLower(row);
                b += Vector512.WidenUpper(row);
            }

            a.Store(total + c);
            b.Store(total + c + Lanes);
        }

        if (c < Stride)
        {
            Vector512<double> a = default;
            for (var rest = chosen; rest != 0; rest &= rest - 1)
                a += Widen(rows + (long)ulong.TrailingZeroCount(rest) * Stride + c);
            a.Store(total + c);
        }
    }

    /// <summary>Asks for the rows of a leaf before they are needed.</summary>
    public void Fetch(int leaf)
    {
        var rows = _rows + (long)leaf * PointTree.LeafPoints * Stride;
        for (var c = 0; c < PointTree.LeafPoints * Stride; c += CacheLine.Floats)
            CacheLine.Fetch(rows + c);
    }

    /// <summary>to += from.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(double* from, double* to)
    {
        for (var c = 0; c < Stride; c += Lanes)
            (Vector512.Load(to + c) + Vector512.Load(from + c)).Store(to + c);
    }

    /// <summary>to = from.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(double* from, double* to)
    {
        for (var c = 0; c < Stride; c += Lanes)
            Vector512.Load(from + c).Store(to + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Widen(float* values)
    {
        var v = Vector256.Load(values);
        return Vector512.Create(Vector256.WidenLower(v), Vector256.WidenUpper(v));
    }

    private float Diagonal(float* box)
    {
        var sum = 0f;
        for (var c = 0; c < _tree.Dimensions; c++)
            sum += (box[_tree.BoxStride + c] - box[c]) * (box[_tree.BoxStride + c] - box[c]);
        return sum;
    }

    private void Fill(int leaf)
    {
        var tile = _tree.Tile(leaf);
        for (var p = 0; p < PointTree.LeafPoints; p++)
        {
            var row = _rows + ((long)leaf * PointTree.LeafPoints + p) * Stride;
            for (var c = 0; c < Stride; c++)
                row[c] = p < _tree.LeafCount(leaf) && c < _tree.Dimensions ? tile[c * PointTree.LeafPoints + p] : 0;
        }

        OfLeaf(leaf, _tree.All(leaf), Of(_tree.LeafNodes[leaf]));
    }
}
