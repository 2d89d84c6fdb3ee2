using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>What excludes in a later round, on a list of pairs on the host; on devices: <see cref="MutexListExclusionsSimt"/>.</summary>
/// <param name="scratch">Memory and workers.</param>
/// <param name="lists">The graph.</param>
/// <param name="pairs">The pairs that its edges are from.</param>
/// <param name="tree">Its tree.</param>
/// <param name="contraction">Receives the conflicts.</param>
internal sealed unsafe class MutexListExclusionsHost(HostScratch scratch, MutexLists lists, MutexPairsHost pairs, MutexTreeHost tree, MutexContractionHost contraction)
{
    private readonly int* _neighbour = scratch.Take<int>(lists.Nodes);

    /// <summary>Commits the repulsive edges of the lists, or drops them, and says which nodes exclusions block.</summary>
    public void Commit()
    {
        scratch.Run(lists.Nodes, FindNeighbours);
        var repulsive = lists.Repulsive;
        var mutexes = lists.Mutexes;
        scratch.Run(lists.RepulsiveCount, (from, until, _) => Commit(repulsive, from, until));
        scratch.Run(lists.MutexCount, (from, until, _) => BlockMutexes(mutexes, from, until));
        scratch.Run(lists.RepulsiveCount, (from, until, _) => BlockCommitted(repulsive, from, until));
        scratch.Return(_neighbour);
    }

    // Afterwards an edge that is no mutex keeps its place; one that is holds the bound of its paths instead of its key, and the complement of its place.
    private void Commit(MutexEdge* edges, int from, int until)
    {
        var path = new MutexTreePathHost(tree, stackalloc MutexTreePathHost.Step[MutexTreePathHost.Longest]);
        for (var e = from; e < until; e++)
        {
            ref var edge = ref edges[e];
            if (!FindBound(ref path, ref edge, out var bound, out var bottleneck, out var common) || edge.Key <= bound)
                continue;
            if (common >= 0)
                KeyAtomicsHost.Raise(contraction.Dirty + common, bottleneck);
            pairs.Key(edge.Place) = EdgeKey.Mutex;
            edge.Key = bound;
            edge.Place = ~edge.Place;
        }
    }

    private void BlockMutexes(MutexEdge* edges, int from, int until)
    {
        var path = new MutexTreePathHost(tree, stackalloc MutexTreePathHost.Step[MutexTreePathHost.Longest]);
        for (var e = from; e < until; e++)
        {
            ref var edge = ref edges[e];
            if (!FindBound(ref path, ref edge, out var bound, out var bottleneck, out var common))
                continue;
            if (common >= 0)
                KeyAtomicsHost.Raise(contraction.Dirty + common, bottleneck);
            Block(edge.U, edge.V, bound);
        }
    }

    private void BlockCommitted(MutexEdge* edges, int from, int until)
    {
        for (var e = from; e < until; e++)
            if (edges[e].Place < 0)
                Block(edges[e].U, edges[e].V, edges[e].Key);
    }

    // The strongest path there may be between the ends of an edge. Where there is none the edge loses its key: it has nothing to exclude.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool FindBound(
        ref MutexTreePathHost path, ref MutexEdge edge, out ulong bound, out ulong bottleneck, out int common)
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
    private void Block(int u, int v, ulong bound)
    {
        var blocked = contraction.Blocked;
        if (blocked[u] == 0 && IsBehind(u, bound) && !pairs.IsMutex(v, _neighbour[u]))
            blocked[u] = 1;
        if (blocked[v] == 0 && IsBehind(v, bound) && !pairs.IsMutex(u, _neighbour[v]))
            blocked[v] = 1;
    }

    private bool IsBehind(int node, ulong bound) => tree.Best[node] is var best && best != EdgeKey.None && best <= bound;

    // The other end of each node's strongest edge.
    private void FindNeighbours(int from, int until, int worker)
    {
        for (var node = from; node < until; node++)
            if (tree.Best[node] != EdgeKey.None)
            {
                ref var edge = ref lists.Attractive[tree.Place[node]];
                _neighbour[node] = edge.U == node ? edge.V : edge.U;
            }
    }
}
