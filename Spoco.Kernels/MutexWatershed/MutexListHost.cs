using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>A round on the host over a graph given as a list of pairs.</summary>
internal sealed unsafe class MutexListHost(HostScratch scratch, MutexLists lists, PairListHost pairs, MutexExits? exits = null)
{
    /// <summary>
    /// The share of the edges that a round must not leave, to be followed by another. A monotone path contracts a fifth of its nodes in a round: still worth it.
    /// </summary>
    public const double LeastProgress = 0.9;

    private readonly MutexTreeHost _tree = new(scratch, lists.Nodes);
    private readonly int* _neighbour = scratch.Take<int>(lists.Nodes);

    /// <summary>Contracts the graph to one of fewer nodes. Returns the memory of the lists.</summary>
    /// <param name="map">Receives the cluster of each node.</param>
    /// <param name="trace">Takes the times, where given.</param>
    public (int Clusters, PairListHost Edges) Contract(int* map, MutexTrace? trace)
    {
        _tree.Grow(lists.Attractive, lists.AttractiveCount);
        trace?.Phase("later forests");
        var contraction = new MutexContractionHost(scratch, _tree, exits);
        scratch.Run(lists.Nodes, FindNeighbours);
        var repulsive = lists.Repulsive;
        var mutexes = lists.Mutexes;
        scratch.Run(lists.RepulsiveCount, (from, until, _) => Commit(contraction, repulsive, from, until));
        scratch.Run(lists.MutexCount, (from, until, _) => BlockMutexes(contraction, mutexes, from, until));
        scratch.Run(lists.RepulsiveCount, (from, until, _) => BlockCommitted(contraction, repulsive, from, until));
        trace?.Phase("later exclusions");
        var clusters = contraction.Contract(Ends, null, map);
        trace?.Phase("later contractions");
        pairs.Release();
        var next = new PairListHost(scratch, clusters);
        scratch.Run(lists.AttractiveCount, (from, until, worker) => Add(next.Gatherer(worker), map, lists.Attractive, from, until));
        scratch.Run(lists.RepulsiveCount, (from, until, worker) => Add(next.Gatherer(worker), map, lists.Repulsive, from, until));
        scratch.Run(lists.MutexCount, (from, until, worker) => Add(next.Gatherer(worker), map, lists.Mutexes, from, until));
        next.Merge();
        lists.Release();
        _tree.Release();
        scratch.Return(_neighbour);
        trace?.Phase("later reductions");
        return (clusters, next);
    }

    // Afterwards an edge that is no mutex keeps its place; one that is holds the bound of its paths instead of its key, and the complement of its place.
    private void Commit(MutexContractionHost contraction, MutexEdge* edges, int from, int until)
    {
        var path = new MutexTreePath(_tree, stackalloc MutexTreePath.Step[MutexTreePath.Longest]);
        for (var e = from; e < until; e++)
        {
            ref var edge = ref edges[e];
            if (!FindBound(contraction, ref path, ref edge, out var bound, out var bottleneck, out var common) || edge.Key <= bound)
                continue;
            if (common >= 0)
                HostAtomic.Raise(contraction.Dirty + common, bottleneck);
            pairs.Key(edge.Place) = EdgeKey.Mutex;
            edge.Key = bound;
            edge.Place = ~edge.Place;
        }
    }

    private void BlockMutexes(MutexContractionHost contraction, MutexEdge* edges, int from, int until)
    {
        var path = new MutexTreePath(_tree, stackalloc MutexTreePath.Step[MutexTreePath.Longest]);
        for (var e = from; e < until; e++)
        {
            ref var edge = ref edges[e];
            if (!FindBound(contraction, ref path, ref edge, out var bound, out var bottleneck, out var common))
                continue;
            if (common >= 0)
                HostAtomic.Raise(contraction.Dirty + common, bottleneck);
            Block(contraction, edge.U, edge.V, bound);
        }
    }

    private void BlockCommitted(MutexContractionHost contraction, MutexEdge* edges, int from, int until)
    {
        for (var e = from; e < until; e++)
            if (edges[e].Place < 0)
                Block(contraction, edges[e].U, edges[e].V, edges[e].Key);
    }

    // The strongest path there may be between the ends of an edge. Where there is none the edge loses its key: it has nothing to exclude.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool FindBound(
        MutexContractionHost contraction, ref MutexTreePath path, ref MutexEdge edge, out ulong bound, out ulong bottleneck, out int common)
    {
        path.Start(edge.U);
        bottleneck = path.Bottleneck(edge.V, out common);
        var outside = contraction.Outside(edge.U, edge.V);
        bound = Math.Max(bottleneck, outside);
        if (common >= 0 || outside != EdgeKey.None)
            return true;
        edge.Key = EdgeKey.None;
        return false;
    }

    // A node with a partner behind its strongest edge may follow that edge only to a node that excludes the partner, too.
    private void Block(MutexContractionHost contraction, int u, int v, ulong bound)
    {
        var blocked = contraction.Blocked;
        if (blocked[u] == 0 && IsBehind(u, bound) && !pairs.IsMutex(v, _neighbour[u]))
            blocked[u] = 1;
        if (blocked[v] == 0 && IsBehind(v, bound) && !pairs.IsMutex(u, _neighbour[v]))
            blocked[v] = 1;
    }

    private bool IsBehind(int node, ulong bound) => _tree.Best[node] is var best && best != EdgeKey.None && best <= bound;

    // The other end of each node's strongest edge.
    private void FindNeighbours(int from, int until, int worker)
    {
        for (var node = from; node < until; node++)
            if (_tree.Best[node] != EdgeKey.None && Ends(node) is var (u, v))
                _neighbour[node] = u == node ? v : u;
    }

    private (int U, int V) Ends(int node)
    {
        ref var edge = ref lists.Attractive[_tree.Place[node]];
        return (edge.U, edge.V);
    }

    private static void Add(PairGatherer next, int* map, MutexEdge* edges, int from, int until)
    {
        for (var e = from; e < until; e++)
        {
            var edge = edges[e];
            var (u, v) = (map[edge.U], map[edge.V]);
            if (u != v && edge.Key != EdgeKey.None)
                next.Add(u, v, edge.Place < 0 ? EdgeKey.Mutex : edge.Key);
        }
    }
}
