namespace Spoco.Kernels.Primitives;

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
