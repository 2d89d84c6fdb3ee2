using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// One worker's searches in a <see cref="PointTree"/> on the host: the points of a leaf search together, nodes near to far, and those that none of them reaches are left out. At a leaf, the
/// points whose bounds reach its box are compared with all of its points, one after the other.
/// </summary>
internal abstract unsafe class LeafSearch
{
    /// <summary>Leaves that a worker takes at a time.</summary>
    private const int Leaves = 4;

    private readonly float _safe;
    private readonly (int Node, float Distance)[] _stack;

    /// <summary>A search in a tree.</summary>
    protected LeafSearch(PointTree tree, HostScratch scratch)
    {
        Tree = tree;
        Bounds = scratch.Take<float>(PointTree.LeafPoints);
        Squares = scratch.Take<float>(PointTree.LeafPoints);
        _safe = PointDistance.Safe(tree.Dimensions);
        _stack = new (int, float)[2 * BitOperations.Log2((uint)tree.Leaves) + 4];
    }

    /// <summary>The points.</summary>
    protected PointTree Tree { get; }

    /// <summary>The leaf whose points search.</summary>
    protected int Leaf { get; private set; }

    /// <summary>How many points search.</summary>
    protected int Count => Tree.LeafCount(Leaf);

    /// <summary>The slot of the first of them.</summary>
    protected int First => Leaf * PointTree.LeafPoints;

    /// <summary>Their tile.</summary>
    protected float* Points { get; private set; }

    /// <summary>[<see cref="PointTree.LeafPoints"/>]: how far each of them looks, squared; minus infinity in slots without a point.</summary>
    protected float* Bounds { get; }

    /// <summary>[<see cref="PointTree.LeafPoints"/>]: memory for <see cref="PointDistance.ToTile"/>.</summary>
    protected float* Squares { get; }

    /// <summary>Searches for all points, on all workers.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="searches">One for each, all in one tree.</param>
    /// <param name="cancellation">Looked at before each leaf.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static void Run(WorkerPool workers, LeafSearch[] searches, CancellationToken cancellation)
    {
        workers.RunPieces(searches[0].Tree.Leaves, new Body(searches, cancellation), Leaves);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Sets the bounds of the points of <see cref="Leaf"/>, which begin to search.</summary>
    protected abstract void Begin();

    /// <summary>Whether there may be something to find below a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="distance">A lower bound of the squared distance of its points to those that search.</param>
    protected abstract bool Reaches(int node, float distance);

    /// <summary>Whether the second child of a node comes before the first one where both are equally near: as a rule, where the points that search are below it.</summary>
    protected virtual bool SecondIsFirst(int first, int second) => Leaf >= Tree.FirstLeaf[second];

    /// <summary>A bit for each of 16 points that may find something in a leaf.</summary>
    /// <param name="node">The node of the leaf.</param>
    /// <param name="lanes">The first of the points, by its number within <see cref="Leaf"/>.</param>
    /// <param name="distances">Lower bounds of their squared distances to the points of the leaf.</param>
    protected abstract ulong ReachingLanes(int node, int lanes, Vector512<float> distances);

    /// <summary>Compares points with all of a leaf.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="reaching">A bit for each point that may find something there.</param>
    protected abstract void Scan(int leaf, ulong reaching);

    /// <summary>Writes what was found, where that is not done as it is found.</summary>
    protected virtual void End()
    {
    }

    private void Search(int leaf)
    {
        var tree = Tree;
        Leaf = leaf;
        Points = tree.Tile(leaf);
        Begin();
        var box = tree.Box(tree.LeafNodes[leaf]);
        var top = 0;
        _stack[top++] = (0, 0);
        while (top > 0)
        {
            var (node, distance) = _stack[--top];
            if (!Reaches(node, distance))
                continue;
            if (tree.NodeLeaves[node] == 1)
            {
                Scan(tree.FirstLeaf[node], ReachingPoints(node));
                continue;
            }

            int near = node + 1, far = tree.SecondChild(node);
            var nearDistance = PointDistance.BetweenBoxes(box, tree.Box(near), tree.BoxStride) * _safe;
            var farDistance = PointDistance.BetweenBoxes(box, tree.Box(far), tree.BoxStride) * _safe;
            if (farDistance < nearDistance || (farDistance == nearDistance && SecondIsFirst(near, far)))
                (near, far, nearDistance, farDistance) = (far, near, farDistance, nearDistance);
            _stack[top++] = (far, farDistance);
            _stack[top++] = (near, nearDistance);
        }

        End();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong ReachingPoints(int node)
    {
        PointDistance.ToBox(Points, Tree.Box(node), Tree.BoxStride, Tree.Dimensions, Squares);
        var reaching = 0UL;
        for (var lanes = 0; lanes < PointTree.LeafPoints; lanes += Vector512<float>.Count)
            reaching |= ReachingLanes(node, lanes, Vector512.Load(Squares + lanes) * _safe) << lanes;
        return reaching;
    }

    private readonly struct Body(LeafSearch[] searches, CancellationToken cancellation) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var leaf = from; leaf < until && !cancellation.IsCancellationRequested; leaf++)
                searches[worker].Search(leaf);
        }
    }
}
