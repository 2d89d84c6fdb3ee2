namespace Spoco.Kernels.Primitives;

/// <summary>A graph in host memory: nodes, attractive and repulsive edges, and mutexes that are there from the start.</summary>
internal sealed unsafe class MutexLists(int nodes, HostScratch scratch, int attractive, int repulsive, int mutexes)
{
    /// <summary>Number of nodes.</summary>
    public int Nodes { get; } = nodes;

    /// <summary>Number of attractive edges.</summary>
    public int AttractiveCount { get; } = attractive;

    /// <summary>Number of repulsive edges.</summary>
    public int RepulsiveCount { get; } = repulsive;

    /// <summary>Number of mutexes.</summary>
    public int MutexCount { get; } = mutexes;

    /// <summary>Edges and mutexes together.</summary>
    public long Edges => (long)AttractiveCount + RepulsiveCount + MutexCount;

    /// <summary>The attractive edges.</summary>
    public MutexEdge* Attractive { get; } = scratch.Take<MutexEdge>(attractive);

    /// <summary>The repulsive edges.</summary>
    public MutexEdge* Repulsive { get; } = scratch.Take<MutexEdge>(repulsive);

    /// <summary>The mutexes.</summary>
    public MutexEdge* Mutexes { get; } = scratch.Take<MutexEdge>(mutexes);

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        scratch.Return(Attractive);
        scratch.Return(Repulsive);
        scratch.Return(Mutexes);
    }
}
