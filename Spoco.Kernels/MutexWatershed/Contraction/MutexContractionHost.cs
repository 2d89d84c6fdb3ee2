using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The second half of a round, common to grids and lists. Conflicts stand at the lowest common ancestors of their ends; they spread over the tree,
/// and every tree edge stronger than all conflicts that reach it joins its ends in the sequential rule, too (the clean-subtree certificate), as does the
/// strongest edge of a leaf that no exclusion blocks (the one-sided certificate). Those are contracted together.
/// </summary>
internal sealed unsafe class MutexContractionHost
{
    private readonly HostScratch _scratch;
    private readonly MutexTreeHost _tree;

    /// <summary>Without conflicts but those with the outside.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="exits">Edges that leave the graph; null where it is the whole.</param>
    public MutexContractionHost(HostScratch scratch, MutexTreeHost tree, MutexExits? exits)
    {
        (_scratch, _tree) = (scratch, tree);
        Dirty = scratch.Take<ulong>(tree.Nodes);
        Blocked = scratch.Take<byte>(tree.Leaves);
        scratch.Clear(Dirty, tree.Nodes);
        scratch.Clear(Blocked, tree.Leaves);
        if (exits is null)
            return;
        Reach = scratch.Take<ulong>(tree.Nodes);
        Open(exits);
    }

    /// <summary>The strongest conflict that reaches each node of the tree.</summary>
    public ulong* Dirty { get; }

    /// <summary>Leaves that must not follow their strongest edge.</summary>
    public byte* Blocked { get; }

    /// <summary>The strongest way from each node of the tree to the outside: its weakest edge. Null where there is no outside.</summary>
    public ulong* Reach { get; }

    /// <summary>The strongest path between two leaves that the outside could offer: no stronger than either end's way out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Outside(int u, int v) => Reach == null ? EdgeKey.None : Math.Min(Reach[u], Reach[v]);

    /// <summary>Joins what is certain to be joined and numbers the clusters in order of their first leaf.</summary>
    /// <param name="ends">The ends of a tree node's strongest edge.</param>
    /// <param name="mask">Leaves that are 0 here are in no cluster (-1); null = all count.</param>
    /// <param name="map">Receives the cluster of each leaf.</param>
    /// <returns>Number of clusters.</returns>
    public int Contract(Func<int, (int U, int V)> ends, byte* mask, int* map)
    {
        _tree.Spread(Dirty, firstLevel: 1);
        var (tree, leaves) = (_tree, _tree.Leaves);
        var cluster = tree.Spare;
        _scratch.Run(leaves, (from, until, _) =>
        {
            for (var i = from; i < until; i++)
                cluster[i] = i;
        });
        _scratch.Run(tree.Nodes, (from, until, _) =>
        {
            var best = tree.Best;
            var dirty = Dirty;
            var blocked = Blocked;
            for (var x = from; x < until; x++)
            {
                if (best[x] == EdgeKey.None || (best[x] <= dirty[x] && (x >= leaves || blocked[x] != 0)))
                    continue;
                var (u, v) = ends(x);
                ConcurrentSetsHost.Unite(cluster, u, v);
            }
        });
        var counts = new int[_scratch.Workers];
        _scratch.Run(leaves, (from, until, worker) =>
        {
            var roots = 0;
            for (var i = from; i < until; i++)
                if (cluster[i] == i && (mask == null || mask[i] != 0))
                    roots++;
            counts[worker] = roots;
        });
        var clusters = HostScratch.Offsets(counts);
        _scratch.Run(leaves, (from, until, worker) =>
        {
            var next = counts[worker];
            for (var i = from; i < until; i++)
                if (cluster[i] == i)
                    map[i] = mask == null || mask[i] != 0 ? next++ : -1;
        });
        _scratch.Run(leaves, (from, until, _) =>
        {
            for (var i = from; i < until; i++)
                if (cluster[i] != i)
                    map[i] = map[ConcurrentSetsHost.Find(cluster, i)];
        });
        _scratch.Return(Dirty);
        _scratch.Return(Blocked);
        if (Reach != null)
            _scratch.Return(Reach);
        return clusters;
    }

    // Nothing is certain about an edge whose component, in the edges at least as strong, has a way out; and a leaf may follow its strongest edge only if
    // no edge that leaves is stronger, nor one that excludes it from something the other end could be joined to out there.
    private void Open(MutexExits exits)
    {
        var leaves = _tree.Leaves;
        var best = _tree.Best;
        var dirty = Dirty;
        var reach = Reach;
        var blocked = Blocked;
        _scratch.Clear(Reach + leaves, _tree.Nodes - leaves);
        _scratch.Run(leaves, (from, until, _) => new Span<ulong>(exits.Attractive + from, until - from).CopyTo(new Span<ulong>(reach + from, until - from)));
        _tree.Spread(Reach, firstLevel: 0);
        _scratch.Run(_tree.Nodes, (from, until, _) => new Span<ulong>(reach + from, until - from).CopyTo(new Span<ulong>(dirty + from, until - from)));
        _scratch.Run(leaves, (from, until, _) =>
        {
            for (var i = from; i < until; i++)
                if (exits.Attractive[i] >= best[i] || (exits.Repulsive[i] >= best[i] && reach[i] >= best[i]))
                    blocked[i] = 1;
        });
    }
}
