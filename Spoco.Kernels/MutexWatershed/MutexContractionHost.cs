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

    /// <summary>Without conflicts.</summary>
    public MutexContractionHost(HostScratch scratch, MutexTreeHost tree)
    {
        (_scratch, _tree) = (scratch, tree);
        Dirty = scratch.Take<ulong>(tree.Nodes);
        Blocked = scratch.Take<byte>(tree.Leaves);
        scratch.Clear(Dirty, tree.Nodes);
        scratch.Clear(Blocked, tree.Leaves);
    }

    /// <summary>The strongest conflict that reaches each node of the tree.</summary>
    public ulong* Dirty { get; }

    /// <summary>Leaves that must not follow their strongest edge.</summary>
    public byte* Blocked { get; }

    /// <summary>Joins what is certain to be joined and numbers the clusters in order of their first leaf.</summary>
    /// <param name="ends">The ends of a tree node's strongest edge.</param>
    /// <param name="mask">Leaves that are 0 here are in no cluster (-1); null = all count.</param>
    /// <param name="map">Receives the cluster of each leaf.</param>
    /// <returns>Number of clusters.</returns>
    public int Contract(Func<int, (int U, int V)> ends, byte* mask, int* map)
    {
        Spread();
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
                HostAtomic.Unite(cluster, u, v);
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
                    map[i] = map[HostAtomic.Find(cluster, i)];
        });
        _scratch.Return(Dirty);
        _scratch.Return(Blocked);
        return clusters;
    }

    private void Spread()
    {
        var starts = _tree.Starts;
        var parent = _tree.Parent;
        var best = _tree.Best;
        var dirty = Dirty;
        for (var level = 1; level < starts.Count - 1; level++)
        {
            var start = starts[level];
            _scratch.Run(starts[level + 1] - start, (from, until, _) =>
            {
                for (var x = start + from; x < start + until; x++)
                    if (parent[x] >= 0 && dirty[x] != 0)
                        HostAtomic.Raise(dirty + parent[x], Math.Min(dirty[x], best[x]));
            });
        }

        for (var level = starts.Count - 2; level >= 0; level--)
        {
            var start = starts[level];
            _scratch.Run(starts[level + 1] - start, (from, until, _) =>
            {
                for (var x = start + from; x < start + until; x++)
                    if (parent[x] >= 0)
                        dirty[x] = Math.Max(dirty[x], Math.Min(dirty[parent[x]], best[x]));
            });
        }
    }
}
