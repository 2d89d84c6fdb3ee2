using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>A <see cref="PointTree"/> as kernels see it: a thread searches for one point, nodes near to far, with a stack of its own in shared memory.</summary>
internal readonly struct PointTreeView(
    PointTreeShape shape, ArrayView<float> tiles, ArrayView<int> numbers, ArrayView<float> boxes, ArrayView<int> nodeLeaves, ArrayView<int> firstLeaves)
{
    /// <summary>Nodes that wait at once: at most one per level, and a tree of 2^30 points has fewer levels.</summary>
    public const int StackLength = 28;

    /// <summary>Most threads of a group: each has a column of the stacks in shared memory.</summary>
    public const int GroupThreads = 64;

    /// <summary>The geometry.</summary>
    public readonly PointTreeShape Shape = shape;

    /// <summary><see cref="PointTree.Tiles"/>.</summary>
    public readonly ArrayView<float> Tiles = tiles;

    /// <summary><see cref="PointTree.Numbers"/>.</summary>
    public readonly ArrayView<int> Numbers = numbers;

    /// <summary><see cref="PointTree.Boxes"/>.</summary>
    public readonly ArrayView<float> Boxes = boxes;

    /// <summary><see cref="PointTree.NodeLeaves"/>.</summary>
    public readonly ArrayView<int> NodeLeaves = nodeLeaves;

    /// <summary><see cref="PointTree.FirstLeaf"/>.</summary>
    public readonly ArrayView<int> FirstLeaves = firstLeaves;

    /// <summary>Threads of a search: groups of up to <see cref="GroupThreads"/>, as many as there are points and a few more, which do nothing.</summary>
    public static KernelConfig Groups(IlgpuDevice gpu, int points)
    {
        var size = Math.Min(GroupSum.Size(gpu), GroupThreads);
        return (DeviceScratch.Pieces(points, size), size);
    }

    /// <summary>Where the first component of a slot is; the next follow in steps of <see cref="PointTree.LeafPoints"/>.</summary>
    public long Place(int slot) => (long)(slot / PointTree.LeafPoints) * PointTree.LeafPoints * Shape.Dimensions + slot % PointTree.LeafPoints;

    /// <summary>The second child of a node that is no leaf.</summary>
    public int SecondChild(int node) => node + 2 * ((NodeLeaves[node] + 1) / 2);

    /// <summary>The squared distance between two slots.</summary>
    public float Between(int one, int other)
    {
        long a = Place(one), b = Place(other);
        var sum = 0f;
        for (var c = 0; c < Shape.Dimensions; c++)
        {
            var difference = Tiles[a] - Tiles[b];
            sum += difference * difference;
            a += PointTree.LeafPoints;
            b += PointTree.LeafPoints;
        }

        return sum;
    }

    /// <summary>No point below a node has a smaller squared distance to a slot; <paramref name="safe"/> is <see cref="PointDistance.Safe"/>.</summary>
    public float ToNode(int slot, int node, float safe)
    {
        var x = Place(slot);
        var box = 2L * node * Shape.BoxStride;
        var sum = 0f;
        for (var c = 0; c < Shape.Dimensions; c++)
        {
            var gap = XMath.Max(XMath.Max(Boxes[box + c] - Tiles[x], Tiles[x] - Boxes[box + Shape.BoxStride + c]), 0f);
            sum += gap * gap;
            x += PointTree.LeafPoints;
        }

        return sum * safe;
    }
}
