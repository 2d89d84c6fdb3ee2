namespace Spoco.Kernels.Primitives;

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
