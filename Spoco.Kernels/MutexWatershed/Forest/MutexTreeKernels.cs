using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Boruvka's tree on a device; see <see cref="MutexTreeHost"/>.</summary>
internal struct MutexTreeView
{
    /// <summary>The parent of each node; -1 at a root.</summary>
    public ArrayView<int> Parent;

    /// <summary>The key of each node's strongest edge; 0 = none.</summary>
    public ArrayView<ulong> Best;

    /// <summary>Scratch: where a node's strongest edge leads; undefined where it has none.</summary>
    public ArrayView<int> Hook;

    /// <summary>The index of each node's strongest edge in the list of the round; unused on grids.</summary>
    public ArrayView<int> Place;

    /// <summary>Where each level starts: 0, the number of leaves, and so on. The host knows no more than that levels at least halve.</summary>
    public ArrayView<int> Starts;
}

/// <summary>Edges in strips of sixteen, each shrunk by its own thread: no list, no common counter.</summary>
internal struct MutexStripView
{
    /// <summary>Room for the edges.</summary>
    public ArrayView<MutexEdge> Edges;

    /// <summary>How many there are in each strip, at its start.</summary>
    public ArrayView<int> Counts;
}

/// <summary>
/// The nodes of a level that are the roots of groups, which become the nodes of the next: of two that are each other's strongest the smaller. Asking a root makes it its own hook.
///
/// </summary>
internal struct MutexRoots(MutexTreeView tree, int level) : ISelection
{
    private MutexTreeView _tree = tree;
    private int _level = level;

    /// <inheritdoc/>
    public readonly int Count => _tree.Starts[_level + 1] - _tree.Starts[_level];

    /// <inheritdoc/>
    public bool Includes(int row, int i)
    {
        var node = _tree.Starts[_level] + i;
        var best = _tree.Best[node];
        if (best == EdgeKey.None)
            return false;
        var other = _tree.Hook[node];
        if (node > other || best != _tree.Best[other])
            return false;
        _tree.Hook[node] = node;
        return true;
    }
}

/// <summary>
/// The kernels that grow and climb the tree. Unless said otherwise a thread takes one node, one edge or one strip of edges; there may be more threads than nodes of a level.
/// </summary>
internal static class MutexTreeKernels
{
    /// <summary>Edges that one thread goes through.</summary>
    public const int Strip = 16;

    /// <summary>Before the first level: no node has an edge.</summary>
    public static void Begin(Index1D i, int leaves, MutexTreeView tree)
    {
        tree.Best[i] = EdgeKey.None;
        if (i.X < 2)
            tree.Starts[i] = i.X * leaves;
    }

    /// <summary>
    /// The parents of a level: that of a root is its number among them, on the next level; other nodes take that of their root; nodes without edges have none. Threads halve paths that
    /// others walk through, and what they read of it may be old: why that is right is said at <see cref="ConcurrentSetsSimt.Find"/>.
    /// </summary>
    public static void Adopt(Index1D i, int level, MutexTreeView tree, SelectedView roots, ArrayView<int> groups)
    {
        var start = tree.Starts[level];
        var next = tree.Starts[level + 1];
        if (i.X == 0)
            tree.Starts[level + 2] = next + groups[1];
        var node = start + i.X;
        if (node < next)
            tree.Parent[node] = tree.Best[node] == EdgeKey.None ? -1 : next + roots.Rank(0, ConcurrentSetsSimt.Find(tree.Hook, node) - start);
    }

    /// <summary>Copies a list to strips, and remembers the places of its edges.</summary>
    public static void Cut<TAtomics>(Index1D strip, ArrayView<MutexEdge> list, MutexStripView strips, MutexTreeView tree, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var first = (long)strip.X * Strip;
        var until = IntrinsicMath.Min(first + Strip, list.Length);
        for (var e = first; e < until; e++)
        {
            var edge = list[e];
            edge.Place = (int)e;
            strips.Edges[e] = edge;
            atomics.Raise(tree.Best, edge.U, edge.Key, 0);
            atomics.Raise(tree.Best, edge.V, edge.Key, 0);
        }

        strips.Counts[strip] = (int)(until - first);
    }

    /// <summary>Moves the edges up to the groups of their ends; those within a group leave their strip.</summary>
    public static void Lift<TAtomics>(Index1D strip, MutexStripView strips, MutexTreeView tree, TAtomics atomics) where TAtomics : unmanaged, IKeyAtomics
    {
        var first = (long)strip.X * Strip;
        var count = strips.Counts[strip];
        var kept = 0;
        for (var k = 0; k < count; k++)
        {
            var edge = strips.Edges[first + k];
            edge.U = tree.Parent[edge.U];
            edge.V = tree.Parent[edge.V];
            if (edge.U == edge.V)
                continue;
            strips.Edges[first + kept++] = edge;
            atomics.Raise(tree.Best, edge.U, edge.Key, 0);
            atomics.Raise(tree.Best, edge.V, edge.Key, 0);
        }

        strips.Counts[strip] = kept;
    }

    /// <summary>The second pass of those that raise keys in two.</summary>
    public static void RaiseAgain<TAtomics>(Index1D strip, MutexStripView strips, MutexTreeView tree, TAtomics atomics) where TAtomics : unmanaged, IKeyAtomics
    {
        var first = (long)strip.X * Strip;
        for (var k = 0; k < strips.Counts[strip]; k++)
        {
            var edge = strips.Edges[first + k];
            atomics.Raise(tree.Best, edge.U, edge.Key, 1);
            atomics.Raise(tree.Best, edge.V, edge.Key, 1);
        }
    }

    /// <summary>Hooks each node to the other end of its strongest edge.</summary>
    public static void Partners(Index1D strip, MutexStripView strips, MutexTreeView tree)
    {
        var first = (long)strip.X * Strip;
        for (var k = 0; k < strips.Counts[strip]; k++)
        {
            var edge = strips.Edges[first + k];
            if (tree.Best[edge.U] == edge.Key)
            {
                tree.Hook[edge.U] = edge.V;
                tree.Place[edge.U] = edge.Place;
            }

            if (tree.Best[edge.V] == edge.Key)
            {
                tree.Hook[edge.V] = edge.U;
                tree.Place[edge.V] = edge.Place;
            }
        }
    }

    /// <summary>The lowest common ancestor of two nodes of one level, -1 where nothing connects them; and the weakest edge between them.</summary>
    public static int CommonAncestor(MutexTreeView tree, int a, int b, out ulong weakest)
    {
        var lowest = ulong.MaxValue;
        while (a != b && a >= 0 && b >= 0)
        {
            lowest = IntrinsicMath.Min(lowest, IntrinsicMath.Min(tree.Best[a], tree.Best[b]));
            a = tree.Parent[a];
            b = tree.Parent[b];
        }

        weakest = lowest;
        return IntrinsicMath.Min(a, b);
    }
}
