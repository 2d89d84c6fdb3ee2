using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>An edge between clusters of blocks, the strongest of all between the two.</summary>
internal struct BlockEdge
{
    /// <summary>The id of an exclusion, which is stronger than all edges.</summary>
    public const ulong Mutex = ulong.MaxValue;

    /// <summary>The end in the block that holds the edge.</summary>
    public int U;

    /// <summary>The end in <see cref="Block"/>.</summary>
    public int V;

    /// <summary>The edge's id in the whole image: larger = later among equal priorities.</summary>
    public ulong Edge;

    /// <summary>The priority as the high word of an <see cref="EdgeKey"/>: larger = earlier.</summary>
    public uint Priority;

    /// <summary>The block of the second end: the same, or one before it.</summary>
    public int Block;
}

/// <summary>The strongest edges that lead from a cluster to another block.</summary>
internal struct BlockExit
{
    /// <summary>The cluster.</summary>
    public int Node;

    /// <summary>The other block.</summary>
    public int Block;

    /// <summary>Priority of the strongest attractive edge; 0 = none.</summary>
    public uint Attractive;

    /// <summary>Priority of the strongest repulsive edge; 0 = none.</summary>
    public uint Repulsive;
}

/// <summary>An edge with one end in a block.</summary>
internal struct CrossingEdge
{
    /// <summary>Its id in the whole image.</summary>
    public ulong Edge;

    /// <summary>Its priority, as in <see cref="BlockEdge"/>.</summary>
    public uint Priority;

    /// <summary>The end in the block: a voxel of it.</summary>
    public int Inner;
}

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
