namespace Spoco.Kernels.Primitives;

/// <summary>
/// The sequential rule on a part of a larger graph, as far as it is certain. Edges are taken in their order, those that leave the part among them. A cluster is
/// <em>open</em> once something outside may have joined it; one that is not open is known with all its exclusions. docs/mutex-watershed.md has the proof.
/// </summary>
internal sealed unsafe class MutexOpenHost
{
    // In place of the second end of an edge that leaves the part.
    private const int Outside = -1;

    private readonly HostScratch _scratch;
    private readonly MutexSets _forest;
    private readonly bool[] _open;
    private readonly bool[] _excludesOutside;
    private readonly uint _firstRepulsive;
    private MutexEdge* _left;
    private int _leftCount;

    private MutexOpenHost(HostScratch scratch, int nodes, uint firstRepulsive)
    {
        (_scratch, _forest, _firstRepulsive) = (scratch, new MutexSets(nodes), firstRepulsive);
        (_open, _excludesOutside) = (new bool[nodes], new bool[nodes]);
    }

    /// <summary>Contracts a graph.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="lists">The graph. The memory is returned.</param>
    /// <param name="firstRepulsive">Edges with this id or a larger one are repulsive.</param>
    /// <param name="exits">Edges that leave it.</param>
    /// <param name="map">Receives the cluster of each node: first the open ones, those of the lists, then those that are finished.</param>
    /// <param name="clusters">Receives the number of clusters.</param>
    /// <param name="cancellation">Stops before the edges are taken.</param>
    /// <returns>What is left between open clusters.</returns>
    public static MutexLists Contract(
        HostScratch scratch, MutexLists lists, uint firstRepulsive, MutexExits exits, int* map, out int clusters, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var run = new MutexOpenHost(scratch, lists.Nodes, firstRepulsive);
        run.Take(lists, exits);
        var open = run.Number(lists.Nodes, map, out clusters);
        var kept = 0;
        for (var e = 0; e < run._leftCount; e++)
            if (map[run._left[e].U] < open && map[run._left[e].V] < open)
                run._left[kept++] = run._left[e];
        var pairs = MutexPairsHost.Of(scratch, open, run._left, kept, map);
        scratch.Return(run._left);
        var left = pairs.ToLists(firstRepulsive);
        pairs.Release();
        return left;
    }

    private void Take(MutexLists lists, MutexExits exits)
    {
        var nodes = lists.Nodes;
        var leaving = 0;
        for (var i = 0; i < nodes; i++)
            leaving += (exits.Attractive[i] == EdgeKey.None ? 0 : 1) + (exits.Repulsive[i] == EdgeKey.None ? 0 : 1);
        _left = _scratch.Take<MutexEdge>(lists.Edges);
        var count = 0;
        var edges = _scratch.Take<MutexEdge>((long)lists.AttractiveCount + lists.RepulsiveCount + leaving);
        for (var e = 0; e < lists.AttractiveCount; e++)
            edges[count++] = lists.Attractive[e];
        for (var e = 0; e < lists.RepulsiveCount; e++)
            edges[count++] = lists.Repulsive[e];
        for (var i = 0; i < nodes; i++)
        {
            // The place tells attractive ones from repulsive ones.
            if (exits.Attractive[i] != EdgeKey.None)
                edges[count++] = new MutexEdge(i, Outside, exits.Attractive[i], 1);
            if (exits.Repulsive[i] != EdgeKey.None)
                edges[count++] = new MutexEdge(i, Outside, exits.Repulsive[i], 0);
        }

        for (var e = 0; e < lists.MutexCount; e++)
            Exclude(lists.Mutexes[e]);
        lists.Release();
        new Span<MutexEdge>(edges, count).Sort(default(InOrder));
        for (var e = 0; e < count; e++)
            Take(edges[e]);
        _scratch.Return(edges);
    }

    private void Take(MutexEdge edge)
    {
        var a = _forest.Find(edge.U);
        if (edge.V == Outside)
        {
            (edge.Place == 1 ? _open : _excludesOutside)[a] = true;
            return;
        }

        var b = _forest.Find(edge.V);
        if (a == b)
            return;
        if (EdgeKey.Edge(edge.Key) >= _firstRepulsive)
        {
            // Two open clusters may be one by now; any others are two.
            if (_open[a] && _open[b])
                _left[_leftCount++] = edge;
            else
                Exclude(edge with { Key = EdgeKey.Mutex });
            return;
        }

        if (_forest.Exclude(a, b))
            return;
        if (_open[a] || _open[b])
        {
            // What has joined the open cluster may be excluded by the other one, or exclude it.
            var closed = _open[a] ? b : a;
            if (_open[closed] || _excludesOutside[closed] || _forest.ExcludesAny(closed, _open))
            {
                _left[_leftCount++] = edge;
                _open[a] = _open[b] = true;
                return;
            }
        }

        var (open, excludes) = (_open[a] || _open[b], _excludesOutside[a] || _excludesOutside[b]);
        _forest.Attract(a, b);
        var joined = _forest.Find(a);
        (_open[joined], _excludesOutside[joined]) = (open, excludes);
    }

    private void Exclude(MutexEdge mutex)
    {
        _forest.Repel(mutex.U, mutex.V);
        _left[_leftCount++] = mutex;
    }

    private int Number(int nodes, int* map, out int clusters)
    {
        var numbers = new int[nodes];
        clusters = 0;
        for (var kind = 0; kind < 2; kind++)
            for (var i = 0; i < nodes; i++)
                if (_forest.Find(i) == i && _open[i] == (kind == 0))
                    numbers[i] = clusters++;
        var open = 0;
        for (var i = 0; i < nodes; i++)
        {
            open += _forest.Find(i) == i && _open[i] ? 1 : 0;
            map[i] = numbers[_forest.Find(i)];
        }

        return open;
    }

    // An edge that leaves the part comes before others of its priority: where its key has been rounded up, that leaves less certain.
    private readonly struct InOrder : IComparer<MutexEdge>
    {
        public int Compare(MutexEdge a, MutexEdge b) => a.Key != b.Key ? b.Key.CompareTo(a.Key) : a.V.CompareTo(b.V);
    }
}
