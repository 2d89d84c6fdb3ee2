namespace Spoco.Kernels.Primitives;

/// <summary>The results of blocks that are done, which are kept outside of memory.</summary>
internal interface IBlockResults
{
    /// <summary>Opens the result of a block, to be disposed of by the caller.</summary>
    IStoredBlock Open(int block);
}

/// <summary>A <see cref="BlockResult"/> that is kept outside of memory. What is read is checked against the numbers of clusters and blocks.</summary>
internal interface IStoredBlock : IDisposable
{
    /// <summary>Number of clusters.</summary>
    int Clusters { get; }

    /// <summary>How many of them, the first ones, something outside the block may join.</summary>
    int OpenClusters { get; }

    /// <summary>Number of exits.</summary>
    int Exits { get; }

    /// <summary>Number of edges.</summary>
    int Edges { get; }

    /// <summary>Reads the edges to other blocks that are strongest.</summary>
    void ReadExits(Span<BlockExit> exits);

    /// <summary>Reads the edges; the clusters of <see cref="BlockEdge.V"/> are checked by the caller, who knows their number.</summary>
    void ReadEdges(Span<BlockEdge> edges);

    /// <summary>Reads clusters of voxels.</summary>
    /// <param name="first">The first voxel's index in the block.</param>
    /// <param name="map">Receives a cluster per voxel, -1 outside the mask.</param>
    void ReadMap(long first, Span<int> map);

    /// <summary>The refusal of this result.</summary>
    Exception Damaged();
}
