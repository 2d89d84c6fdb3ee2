namespace Spoco.Kernels.Primitives;

/// <summary>
/// The tree of Boruvka's algorithm over the attractive edges. Its leaves are the nodes of the graph; a node of the next level is a group of nodes
/// that their strongest edges connect. The weakest edge on the tree path between two leaves is the weakest edge on their path in the maximum
/// spanning forest (King 1997), and the path is no longer than the tree is high: at most log2 of the number of leaves. Nodes of one level are
/// numbered in order of their first leaf, so that what lies together in the image lies together in memory.
/// </summary>
internal sealed unsafe class MutexTreeHost
{
    private readonly HostScratch _scratch;
    private readonly int* _hook;
    private readonly List<int> _starts = [0];
    private readonly int[] _counts;

    /// <summary>A tree of <paramref name="leaves"/> leaves without links.</summary>
    public MutexTreeHost(HostScratch scratch, int leaves)
    {
        MutexNodes.Require(leaves);
        _scratch = scratch;
        Leaves = leaves;
        Parent = scratch.Take<int>(2L * leaves);
        Best = scratch.Take<ulong>(2L * leaves);
        _hook = scratch.Take<int>(2L * leaves);
        _counts = new int[scratch.Workers];
        _starts.Add(leaves);
    }

    /// <summary>Number of leaves.</summary>
    public int Leaves { get; }

    /// <summary>Leaves and inner nodes.</summary>
    public int Nodes => _starts[^1];

    /// <summary>The first node of every level, and the end.</summary>
    public IReadOnlyList<int> Starts => _starts;

    /// <summary>The parent of each node; -1 at a root.</summary>
    public int* Parent { get; }

    /// <summary>The key of each node's strongest edge, which links it to its parent.</summary>
    public ulong* Best { get; }

    /// <summary>Where each node's strongest edge came from; null where the key says it.</summary>
    public int* Place { get; private set; }

    /// <summary>Where each node's strongest edge leads; once the tree is built, memory for one int per leaf.</summary>
    public int* Spare => _hook;

    /// <summary>Grows the tree from a list of edges between leaves.</summary>
    public void Grow(MutexEdge* edges, int count)
    {
        Place = _scratch.Take<int>(2L * Leaves);
        _scratch.Clear(Best, Leaves);
        var copy = _scratch.Take<MutexEdge>(count);
        var segments = new MutexTreeEdgesHost(copy, _scratch.Workers);
        _scratch.RunSegments(count, w =>
        {
            var (from, until) = segments.Split(w, count);
            for (var e = from; e < until; e++)
            {
                copy[e] = edges[e] with { Place = (int)e };
                KeyAtomicsHost.Raise(Best + edges[e].U, edges[e].Key);
                KeyAtomicsHost.Raise(Best + edges[e].V, edges[e].Key);
            }

            segments.Set(w, from, (int)(until - from));
        });
        _scratch.RunSegments(count, w => Partners(segments, w));
        Climb(segments);
        _scratch.Return(copy);
    }

    /// <summary>Grows the tree over a grid, whose first level needs no list of edges.</summary>
    public void Grow(MutexGrid grid, float* priorities)
    {
        var first = new MutexGridTreeHost(grid, priorities, this);
        _scratch.Run(Leaves, (from, until, _) => first.StrongestOfVoxels(from, until));
        Link();
        var copy = _scratch.Take<MutexEdge>((long)Leaves * grid.Attractive);
        var segments = new MutexTreeEdgesHost(copy, _scratch.Workers);
        _scratch.RunSegments(Leaves, w => first.EdgesBetweenGroups(segments, w));
        _scratch.RunSegments(segments.Total, w => Partners(segments, w));
        Climb(segments);
        _scratch.Return(copy);
    }

    /// <summary>The weakest edge between two nodes of one level, and their lowest common ancestor: -1 where nothing connects them.</summary>
    public ulong Bottleneck(int a, int b, out int ancestor)
    {
        var best = Best;
        var parent = Parent;
        var weakest = ulong.MaxValue;
        while (a != b)
        {
            weakest = EdgeKey.Weaker(weakest, EdgeKey.Weaker(best[a], best[b]));
            (a, b) = (parent[a], parent[b]);
            if ((a | b) < 0)
            {
                ancestor = -1;
                return 0;
            }
        }

        ancestor = a;
        return weakest;
    }

    /// <summary>
    /// Carries marks over the tree, up and then down, each cut to the keys of the links it passes: afterwards every node has the strongest that reaches it.
    /// </summary>
    /// <param name="marks">A key per node; 0 = none.</param>
    /// <param name="firstLevel">The lowest level that has marks.</param>
    public void Spread(ulong* marks, int firstLevel)
    {
        var parent = Parent;
        var best = Best;
        for (var level = firstLevel; level < _starts.Count - 1; level++)
        {
            var start = _starts[level];
            _scratch.Run(_starts[level + 1] - start, (from, until, _) =>
            {
                for (var x = start + from; x < start + until; x++)
                    if (parent[x] >= 0 && marks[x] != 0)
                        KeyAtomicsHost.Raise(marks + parent[x], EdgeKey.Weaker(marks[x], best[x]));
            });
        }

        for (var level = _starts.Count - 2; level >= 0; level--)
        {
            var start = _starts[level];
            _scratch.Run(_starts[level + 1] - start, (from, until, _) =>
            {
                for (var x = start + from; x < start + until; x++)
                    if (parent[x] >= 0)
                        marks[x] = Math.Max(marks[x], Math.Min(marks[parent[x]], best[x]));
            });
        }
    }

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        _scratch.Return(Parent);
        _scratch.Return(Best);
        _scratch.Return(_hook);
        _scratch.Return(Place);
    }

    private void Climb(MutexTreeEdgesHost segments)
    {
        while (segments.Total > 0)
        {
            Link();
            var total = segments.Total;
            _scratch.RunSegments(total, w => Lift(segments, w));
            _scratch.RunSegments(total, w => Partners(segments, w));
        }

        Link();
    }

    private void Partners(MutexTreeEdgesHost segments, int segment)
    {
        var best = Best;
        var hook = _hook;
        var place = Place;
        var edges = segments.Edges + segments.Start(segment);
        for (var e = 0; e < segments.Count(segment); e++)
        {
            var edge = edges[e];
            if (best[edge.U] == edge.Key)
            {
                hook[edge.U] = edge.V;
                if (place != null)
                    place[edge.U] = edge.Place;
            }

            if (best[edge.V] == edge.Key)
            {
                hook[edge.V] = edge.U;
                if (place != null)
                    place[edge.V] = edge.Place;
            }
        }
    }

    // Edges move up to the groups of their ends; those within a group leave the list.
    private void Lift(MutexTreeEdgesHost segments, int segment)
    {
        var parent = Parent;
        var best = Best;
        var edges = segments.Edges + segments.Start(segment);
        var kept = 0;
        for (var e = 0; e < segments.Count(segment); e++)
        {
            var edge = edges[e];
            (edge.U, edge.V) = (parent[edge.U], parent[edge.V]);
            if (edge.U == edge.V)
                continue;
            edges[kept++] = edge;
            KeyAtomicsHost.Raise(best + edge.U, edge.Key);
            KeyAtomicsHost.Raise(best + edge.V, edge.Key);
        }

        segments.Set(segment, segments.Start(segment), kept);
    }

    // Nodes whose strongest edges connect them become one node of the next level. Of two that are each other's strongest the smaller is the root.
    // Why no schedule of the workers breaks it:
    // First pass: a worker writes the hooks of its own nodes and reads no other's; the keys do not change. Afterwards the hooks are a forest H: keys grow along
    // them, and of two that are equal one is the root. Second pass: one writer per parent; the hooks do not change.
    // Third pass: the walks to the roots halve the paths of nodes that others walk through, so that a long path is not walked by each of them. All they
    // store, and thus all that anyone reads, is for each node that is no root a proper ancestor of it in H (ConcurrentSetsHost.Find), and roots keep
    // their own hook: so every walk ends, and it ends at the root, whatever it reads of what the others store. Nothing asks for more: what a node takes is the
    // parent of the root where its own walk ended, and the parents of roots are written in the second pass alone, those of all others by their own worker.
    private void Link()
    {
        var (start, end) = (_starts[^2], _starts[^1]);
        var parent = Parent;
        var best = Best;
        var hook = _hook;
        _counts.AsSpan().Clear();
        _scratch.Run(end - start, (from, until, worker) =>
        {
            var groups = 0;
            for (var i = start + from; i < start + until; i++)
            {
                var other = hook[i];
                if (best[i] == EdgeKey.None)
                    hook[i] = i;
                else if (i < other && best[i] == best[other])
                    (hook[i], groups) = (i, groups + 1);
            }

            _counts[worker] = groups;
        });
        var groups = HostScratch.Offsets(_counts);
        _scratch.Run(end - start, (from, until, worker) =>
        {
            var next = end + _counts[worker];
            for (var i = start + from; i < start + until; i++)
                if (hook[i] == i)
                    parent[i] = best[i] == EdgeKey.None ? -1 : next++;
        });
        _scratch.Run(end - start, (from, until, _) =>
        {
            for (var i = start + from; i < start + until; i++)
                if (hook[i] != i)
                    parent[i] = parent[ConcurrentSetsHost.Find(hook, i)];
        });
        _scratch.Clear(best + end, groups);
        if (groups > 0)
            _starts.Add(end + groups);
    }
}
