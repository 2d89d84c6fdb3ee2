using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Boruvka's tree on a device; see <see cref="MutexTreeHost"/>. (Kernel arguments must be public.)</summary>
public struct MutexTreeView
{
    /// <summary>The parent of each node; -1 at a root.</summary>
    public ArrayView<int> Parent;

    /// <summary>The key of each node's strongest edge; 0 = none.</summary>
    public ArrayView<ulong> Best;

    /// <summary>Scratch: where a node's strongest edge leads, then the root of its group.</summary>
    public ArrayView<int> Hook;

    /// <summary>The index of each node's strongest edge in the list of the round; unused on grids.</summary>
    public ArrayView<int> Place;
}

/// <summary>The kernels that grow and climb the tree. Unless said otherwise a thread takes one node or one edge.</summary>
internal static class MutexTreeKernels
{
    /// <summary>Elements that one thread compacts: it reserves room for all of them at once.</summary>
    public const int Strip = 16;

    /// <summary>Elements that one thread counts and numbers.</summary>
    public const int Run = 64;

    /// <summary>Threads of the group that scans.</summary>
    public const int ScanGroup = 64;

    /// <summary>Of two nodes that are each other's strongest the smaller is the root; so is a node without edges.</summary>
    public static void Link(Index1D i, int start, MutexTreeView tree)
    {
        var node = start + i.X;
        var best = tree.Best[node];
        if (best == EdgeKey.None)
        {
            tree.Hook[node] = node;
            return;
        }

        var other = tree.Hook[node];
        if (node < other && best == tree.Best[other])
            tree.Hook[node] = node;
    }

    /// <summary>A thread counts the roots of a run of nodes.</summary>
    public static void CountRoots(Index1D run, int start, int count, MutexTreeView tree, ArrayView<int> counts)
    {
        var roots = 0;
        for (var i = run.X * Run; i < count && i < (run.X + 1) * Run; i++)
            if (tree.Hook[start + i] == start + i && tree.Best[start + i] != EdgeKey.None)
                roots++;
        counts[run] = roots;
    }

    /// <summary>One group turns counts into the sums of those before; the total stands behind them.</summary>
    public static void Scan(ArrayView<int> counts, int count)
    {
        var sums = SharedMemory.Allocate1D<int>(ScanGroup);
        var share = (count + Group.DimX - 1) / Group.DimX;
        var (from, until) = (Group.IdxX * share, IntrinsicMath.Min((Group.IdxX + 1) * share, count));
        var sum = 0;
        for (var i = from; i < until; i++)
            sum += counts[i];
        sums[Group.IdxX] = sum;
        Group.Barrier();
        var before = 0;
        for (var t = 0; t < Group.IdxX; t++)
            before += sums[t];
        for (var i = from; i < until; i++)
        {
            var own = counts[i];
            counts[i] = before;
            before += own;
        }

        if (Group.IdxX == Group.DimX - 1)
            counts[count] = before;
    }

    /// <summary>A thread numbers the roots of a run: their parents are the nodes of the next level.</summary>
    public static void NumberRoots(Index1D run, int start, int count, int next, MutexTreeView tree, ArrayView<int> counts)
    {
        var parent = next + counts[run];
        for (var i = run.X * Run; i < count && i < (run.X + 1) * Run; i++)
            if (tree.Hook[start + i] == start + i)
                tree.Parent[start + i] = tree.Best[start + i] != EdgeKey.None ? parent++ : -1;
    }

    /// <summary>
    /// A node that is no root takes the parent of its root. Threads halve paths that others walk through, and what they read of it may be old: why that is
    /// right is said at <see cref="Find"/>. Parents of roots are written in the launch before, those of other nodes by their own thread.
    /// </summary>
    public static void Adopt(Index1D i, int start, MutexTreeView tree)
    {
        var node = start + i.X;
        if (tree.Hook[node] != node)
            tree.Parent[node] = tree.Parent[Find(tree.Hook, node)];
    }

    public static void Copy(Index1D e, ArrayView<MutexEdge> list, ArrayView<MutexEdge> edges)
    {
        var edge = list[e];
        edge.Place = e.X;
        edges[e] = edge;
    }

    public static void RaiseEnds<TAtomics>(Index1D e, ArrayView<MutexEdge> edges, MutexTreeView tree, int pass, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var edge = edges[e];
        atomics.Raise(tree.Best, edge.U, edge.Key, pass);
        atomics.Raise(tree.Best, edge.V, edge.Key, pass);
    }

    public static void Partners(Index1D e, ArrayView<MutexEdge> edges, MutexTreeView tree)
    {
        var edge = edges[e];
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

    /// <summary>A thread moves a strip of edges up to the groups of their ends; those within a group leave the list.</summary>
    public static void Lift(
        Index1D strip, ArrayView<MutexEdge> edges, int count, MutexTreeView tree, ArrayView<MutexEdge> next, ArrayView<int> length)
    {
        var kept = 0;
        for (var e = strip.X * Strip; e < count && e < (strip.X + 1) * Strip; e++)
            if (tree.Parent[edges[e].U] != tree.Parent[edges[e].V])
                kept++;
        if (kept == 0)
            return;
        var at = Atomic.Add(ref length[0], kept);
        for (var e = strip.X * Strip; e < count && e < (strip.X + 1) * Strip; e++)
        {
            var edge = edges[e];
            edge.U = tree.Parent[edge.U];
            edge.V = tree.Parent[edge.V];
            if (edge.U != edge.V)
                next[at++] = edge;
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

    /// <summary>
    /// The root of a node of a forest; halves the path. Threads may do so at once, and their loads may be stale, while others link roots by compare-and-swap:
    /// what was ever stored for a node that is no root is a proper ancestor of it, for only ancestors of ancestors are stored; a node that
    /// is no root never becomes one; and a root's own entry is written by compare-and-swap alone. So a walk only ever climbs, and ends. It ends at a node that was
    /// a root when its entry was stored: where roots are linked meanwhile, at one that no longer is, perhaps. An entry may at any time go back from a
    /// farther ancestor to a nearer one, by a store that comes late: nobody may rely on an entry being the root.
    /// (One exit: loops with several confuse compilers of OpenCL for the CPU.)
    /// </summary>
    public static int Find(ArrayView<int> parent, int node)
    {
        var up = parent[node];
        while (up != node)
        {
            var above = parent[up];
            parent[node] = above;
            node = above;
            up = parent[node];
        }

        return node;
    }
}
