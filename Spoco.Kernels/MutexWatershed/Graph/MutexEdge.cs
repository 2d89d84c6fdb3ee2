namespace Spoco.Kernels.Primitives;

/// <summary>An edge of a list.</summary>
/// <param name="u">One end.</param>
/// <param name="v">The other end.</param>
/// <param name="key">Its order.</param>
/// <param name="place">Where it came from.</param>
internal struct MutexEdge(int u, int v, ulong key, int place)
{
    /// <summary>One end.</summary>
    public int U = u;

    /// <summary>The other end.</summary>
    public int V = v;

    /// <summary>Its order: larger = earlier.</summary>
    public ulong Key = key;

    /// <summary>Where the edge came from: its index in the list of the round, or its slot in a table of pairs.</summary>
    public int Place = place;
}
