namespace Spoco.Kernels.Primitives;

/// <summary>A round on the host over a graph given as a list of pairs.</summary>
internal sealed unsafe class MutexListHost(HostScratch scratch, MutexLists lists, PairListHost pairs, MutexExits? exits = null)
{
    /// <summary>
    /// The share of the edges that a round must not leave, to be followed by another. A monotone path contracts a fifth of its nodes in a round: still worth it.
    /// </summary>
    public const double LeastProgress = 0.9;

    private readonly MutexTreeHost _tree = new(scratch, lists.Nodes);

    /// <summary>Contracts the graph to one of fewer nodes. Returns the memory of the lists.</summary>
    /// <param name="map">Receives the cluster of each node.</param>
    /// <param name="trace">Takes the times, where given.</param>
    public (int Clusters, PairListHost Edges) Contract(int* map, MutexTrace? trace)
    {
        _tree.Grow(lists.Attractive, lists.AttractiveCount);
        trace?.Phase("later forests");
        var contraction = new MutexContractionHost(scratch, _tree, exits);
        var repulsive = lists.Repulsive;
        var mutexes = lists.Mutexes;
        scratch.Run(lists.RepulsiveCount, (from, until, _) => Commit(contraction, repulsive, from, until, false));
        scratch.Run(lists.MutexCount, (from, until, _) => Commit(contraction, mutexes, from, until, true));
        scratch.Run(lists.RepulsiveCount, (from, until, _) => Block(contraction, repulsive, from, until));
        scratch.Run(lists.MutexCount, (from, until, _) => Block(contraction, mutexes, from, until));
        trace?.Phase("later exclusions");
        var clusters = contraction.Contract(Ends, null, map);
        trace?.Phase("later contractions");
        pairs.Release();
        var next = new PairListHost(scratch, clusters);
        AddAll(next, map, count: true);
        next.Allocate();
        AddAll(next, map, count: false);
        next.Merge();
        lists.Release();
        _tree.Release();
        trace?.Phase("later reductions");
        return (clusters, next);
    }

    // Afterwards an edge that is no mutex keeps its place; one that is holds the bound of its paths instead of its key, and the complement of its place.
    private void Commit(MutexContractionHost contraction, MutexEdge* edges, int from, int until, bool areMutexes)
    {
        for (var e = from; e < until; e++)
        {
            ref var edge = ref edges[e];
            var bottleneck = _tree.Bottleneck(edge.U, edge.V, out var common);
            var outside = contraction.Outside(edge.U, edge.V);
            if (common < 0 && outside == EdgeKey.None)
            {
                edge.Key = EdgeKey.None;
                continue;
            }

            var bound = Math.Max(bottleneck, outside);
            if (!areMutexes && edge.Key <= bound)
                continue;
            if (common >= 0)
                HostAtomic.Raise(contraction.Dirty + common, bottleneck);
            pairs.Key(edge.Place) = EdgeKey.Mutex;
            edge.Key = bound;
            edge.Place = ~edge.Place;
        }
    }

    // A node with a partner behind its strongest edge may follow that edge only to a node that excludes the partner, too.
    private void Block(MutexContractionHost contraction, MutexEdge* edges, int from, int until)
    {
        for (var e = from; e < until; e++)
        {
            var edge = edges[e];
            if (edge.Place >= 0 || edge.Key == EdgeKey.None)
                continue;
            if (IsBehind(edge.U, edge.Key) && !pairs.IsMutex(edge.V, Neighbour(edge.U)))
                contraction.Blocked[edge.U] = 1;
            if (IsBehind(edge.V, edge.Key) && !pairs.IsMutex(edge.U, Neighbour(edge.V)))
                contraction.Blocked[edge.V] = 1;
        }
    }

    private bool IsBehind(int node, ulong bound) => _tree.Best[node] is var best && best != EdgeKey.None && best <= bound;

    private int Neighbour(int node)
    {
        var (u, v) = Ends(node);
        return u == node ? v : u;
    }

    private (int U, int V) Ends(int node)
    {
        ref var edge = ref lists.Attractive[_tree.Place[node]];
        return (edge.U, edge.V);
    }

    private void AddAll(PairListHost next, int* map, bool count)
    {
        scratch.Run(lists.AttractiveCount, (from, until, _) => Add(next, map, lists.Attractive, from, until, count));
        scratch.Run(lists.RepulsiveCount, (from, until, _) => Add(next, map, lists.Repulsive, from, until, count));
        scratch.Run(lists.MutexCount, (from, until, _) => Add(next, map, lists.Mutexes, from, until, count));
    }

    private static void Add(PairListHost next, int* map, MutexEdge* edges, int from, int until, bool count)
    {
        for (var e = from; e < until; e++)
        {
            var edge = edges[e];
            var (u, v) = (map[edge.U], map[edge.V]);
            if (u == v || edge.Key == EdgeKey.None)
                continue;
            if (count)
                next.Count(u, v);
            else
                next.Put(u, v, edge.Place < 0 ? EdgeKey.Mutex : edge.Key);
        }
    }
}
