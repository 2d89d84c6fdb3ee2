namespace Spoco.Kernels.Primitives;

/// <summary>
/// The edges that leave a part of a larger graph, at their inner ends: per node the strongest attractive and the strongest repulsive one. Keys may be
/// rounded up, which leaves less certain, but nothing wrong.
/// </summary>
internal sealed unsafe class MutexExits
{
    private readonly HostScratch _scratch;
    private readonly int _nodes;

    /// <summary>Without edges.</summary>
    public MutexExits(HostScratch scratch, int nodes)
    {
        (_scratch, _nodes) = (scratch, nodes);
        Attractive = scratch.Take<ulong>(nodes);
        Repulsive = scratch.Take<ulong>(nodes);
        scratch.Clear(Attractive, nodes);
        scratch.Clear(Repulsive, nodes);
    }

    /// <summary>The strongest attractive edge that leaves from each node.</summary>
    public ulong* Attractive { get; }

    /// <summary>The strongest repulsive edge that leaves from each node.</summary>
    public ulong* Repulsive { get; }

    /// <summary>Adds an edge of which only the high word of the key is known.</summary>
    public void Add(int node, uint priority, bool isAttractive) =>
        KeyAtomicsHost.Raise((isAttractive ? Attractive : Repulsive) + node, ((ulong)priority << 32) | uint.MaxValue);

    /// <summary>The same edges at the clusters of the nodes. Returns the memory of this.</summary>
    public MutexExits Contract(int* map, int clusters)
    {
        var contracted = new MutexExits(_scratch, clusters);
        _scratch.Run(_nodes, (from, until, _) =>
        {
            for (var i = from; i < until; i++)
            {
                if (map[i] < 0)
                    continue;
                if (Attractive[i] != EdgeKey.None)
                    KeyAtomicsHost.Raise(contracted.Attractive + map[i], Attractive[i]);
                if (Repulsive[i] != EdgeKey.None)
                    KeyAtomicsHost.Raise(contracted.Repulsive + map[i], Repulsive[i]);
            }
        });
        Release();
        return contracted;
    }

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        _scratch.Return(Attractive);
        _scratch.Return(Repulsive);
    }
}
