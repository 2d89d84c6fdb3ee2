namespace Spoco.Kernels.Primitives;

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
