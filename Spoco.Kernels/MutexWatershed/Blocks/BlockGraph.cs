namespace Spoco.Kernels.Primitives;

/// <summary>Brings lists of a block graph into order, and leaves one entry per pair.</summary>
internal static class BlockGraph
{
    /// <summary>One edge per pair of clusters, the strongest. Returns how many remain, in front.</summary>
    public static int Reduce(Span<BlockEdge> edges)
    {
        edges.Sort(default(ByEnds));
        var kept = 0;
        foreach (var edge in edges)
            if (kept == 0 || edges[kept - 1].U != edge.U || edges[kept - 1].Block != edge.Block || edges[kept - 1].V != edge.V)
                edges[kept++] = edge;
        return kept;
    }

    /// <summary>One entry per cluster and block. Returns how many remain, in front.</summary>
    public static int Reduce(Span<BlockExit> exits)
    {
        exits.Sort(default(ByNode));
        var kept = 0;
        foreach (var exit in exits)
        {
            if (kept == 0 || exits[kept - 1].Node != exit.Node || exits[kept - 1].Block != exit.Block)
            {
                exits[kept++] = exit;
                continue;
            }

            ref var last = ref exits[kept - 1];
            (last.Attractive, last.Repulsive) = (Math.Max(last.Attractive, exit.Attractive), Math.Max(last.Repulsive, exit.Repulsive));
        }

        return kept;
    }

    /// <summary>Exclusions to the end, all others by ascending id. Returns how many those are.</summary>
    public static int SortById(Span<BlockEdge> edges)
    {
        var kept = 0;
        for (var e = 0; e < edges.Length; e++)
        {
            if (edges[e].Edge == BlockEdge.Mutex)
                continue;
            (edges[kept], edges[e]) = (edges[e], edges[kept]);
            kept++;
        }

        edges[..kept].Sort(default(ById));
        return kept;
    }

    private readonly struct ByEnds : IComparer<BlockEdge>
    {
        public int Compare(BlockEdge a, BlockEdge b) =>
            a.U != b.U ? a.U.CompareTo(b.U)
            : a.Block != b.Block ? a.Block.CompareTo(b.Block)
            : a.V != b.V ? a.V.CompareTo(b.V)
            : a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Edge.CompareTo(b.Edge);
    }

    private readonly struct ById : IComparer<BlockEdge>
    {
        public int Compare(BlockEdge a, BlockEdge b) => a.Edge.CompareTo(b.Edge);
    }

    private readonly struct ByNode : IComparer<BlockExit>
    {
        public int Compare(BlockExit a, BlockExit b) => a.Node != b.Node ? a.Node.CompareTo(b.Node) : a.Block.CompareTo(b.Block);
    }
}
