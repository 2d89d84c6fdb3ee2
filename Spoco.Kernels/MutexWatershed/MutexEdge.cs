namespace Spoco.Kernels.Primitives;

/// <summary>An edge of a list.</summary>
internal struct MutexEdge(int u, int v, ulong key, int place)
{
    /// <summary>One end.</summary>
    public int U = u;

    /// <summary>The other end.</summary>
    public int V = v;

    /// <summary>See <see cref="EdgeKey"/>.</summary>
    public ulong Key = key;

    /// <summary>Where the edge came from: its index in the list of the round, or its slot in a table of pairs.</summary>
    public int Place = place;
}
