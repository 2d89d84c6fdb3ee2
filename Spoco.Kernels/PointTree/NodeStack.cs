using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The nodes of a <see cref="PointTree"/> that a thread has still to look at, near ones on top, with lower bounds of their squared distances. Each thread of a group has a column of its own in
/// shared memory.
/// </summary>
internal struct NodeStack
{
    /// <summary>Most threads of a group.</summary>
    public const int Threads = 64;

    /// <summary>Nodes that wait at once: at most one per level, and a tree of 2^30 points has fewer levels.</summary>
    private const int Length = 28;

    private readonly ArrayView<int> _nodes;
    private readonly ArrayView<float> _distances;
    private int _count;

    private NodeStack(ArrayView<int> nodes, ArrayView<float> distances)
    {
        _nodes = nodes;
        _distances = distances;
        _count = 0;
    }

    /// <summary>The calling thread's, empty; all threads of the group call it.</summary>
    public static NodeStack OfThread() => new(SharedMemory.Allocate<int>(Length * Threads), SharedMemory.Allocate<float>(Length * Threads));

    /// <summary>Puts the root on it.</summary>
    public void PushRoot() => Push(0, 0);

    /// <summary>Puts the children of a node on it, the nearer one on top.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="point">The point that they are near to.</param>
    /// <param name="node">The node.</param>
    /// <param name="safe"><see cref="PointDistance.Safe"/>.</param>
    /// <param name="ranks">[nodes]: of children that are equally near, the one with the smaller value comes first, else the first child.</param>
    public void PushChildren(PointTreeView tree, PointView point, int node, float safe, ArrayView<int> ranks)
    {
        int near = node + 1, far = tree.SecondChild(node);
        float nearDistance = tree.ToBox(point, near) * safe, farDistance = tree.ToBox(point, far) * safe;
        var swap = farDistance < nearDistance || (farDistance == nearDistance && ranks[far] < ranks[near]);
        Push(swap ? near : far, swap ? nearDistance : farDistance);
        Push(swap ? far : near, swap ? farDistance : nearDistance);
    }

    /// <summary>Takes the uppermost node off; false where there is none.</summary>
    public bool Pop(out int node, out float distance)
    {
        node = 0;
        distance = 0;
        if (_count == 0)
            return false;
        _count--;
        node = _nodes[Place];
        distance = _distances[Place];
        return true;
    }

    private readonly int Place => _count * Threads + Group.IdxX;

    private void Push(int node, float distance)
    {
        _nodes[Place] = node;
        _distances[Place] = distance;
        _count++;
    }
}
