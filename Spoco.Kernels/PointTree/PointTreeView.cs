using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>A <see cref="PointTree"/> as kernels see it: a thread searches for one point, nodes near to far (<see cref="NodeStack"/>).</summary>
internal readonly struct PointTreeView(
    PointTreeShape shape, ArrayView<float> tiles, ArrayView<int> numbers, ArrayView<float> boxes, ArrayView<int> nodeLeaves, ArrayView<int> firstLeaves)
{
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

    /// <summary>Threads of a search: groups of up to <see cref="NodeStack.Threads"/>, as many as there are points and a few more, which do nothing.</summary>
    public static KernelConfig Groups(IlgpuDevice gpu, int points)
    {
        var size = Math.Min(GroupSum.Size(gpu), NodeStack.Threads);
        return (DeviceScratch.Pieces(points, size), size);
    }

    /// <summary>The point in a slot.</summary>
    public PointView Point(int slot) =>
        new(Tiles, (long)(slot / PointTree.LeafPoints) * PointTree.LeafPoints * Shape.Dimensions + slot % PointTree.LeafPoints, PointTree.LeafPoints);

    /// <summary>The second child of a node that is no leaf.</summary>
    public int SecondChild(int node) => node + 2 * ((NodeLeaves[node] + 1) / 2);

    /// <summary>The squared distance of a point to the box of a node: no point below it is nearer, up to <see cref="PointDistance.Safe"/>.</summary>
    public float ToBox(PointView point, int node)
    {
        var x = point.First;
        var box = 2L * node * Shape.BoxStride;
        var sum = 0f;
        for (var c = 0; c < Shape.Dimensions; c++)
        {
            var gap = XMath.Max(XMath.Max(Boxes[box + c] - point.Values[x], point.Values[x] - Boxes[box + Shape.BoxStride + c]), 0f);
            sum += gap * gap;
            x += point.Stride;
        }

        return sum;
    }
}
