namespace Spoco.Kernels.Primitives;

/// <summary>
/// An edge between two points. Edges are ordered by mutual reachability, then by distance, then by the smaller and the larger number of their ends: no two are equal, so that there is one
/// minimum spanning tree, and all devices find it.
/// </summary>
/// <param name="Reachability">Mutual reachability, squared: max(core(u)^2, core(v)^2, |u - v|^2).</param>
/// <param name="Distance">|u - v|^2.</param>
/// <param name="U">The end with the smaller number.</param>
/// <param name="V">The end with the larger number.</param>
internal readonly record struct ReachabilityEdge(float Reachability, float Distance, int U, int V) : IComparable<ReachabilityEdge>
{
    /// <summary>An edge between these two, in whatever order.</summary>
    public static ReachabilityEdge Between(float reachability, float distance, int one, int other) =>
        new(reachability, distance, Math.Min(one, other), Math.Max(one, other));

    /// <summary>In place of a key where no edge is known: behind all others.</summary>
    public const ulong NoKey = ulong.MaxValue;

    /// <summary>Orders like reachability and then distance: the bits of floats that are not negative order like integers.</summary>
    public ulong Key => KeyOf(Reachability, Distance);

    /// <summary>The key of an edge with this reachability and this distance.</summary>
    public static ulong KeyOf(float reachability, float distance) =>
        ((ulong)BitConverter.SingleToUInt32Bits(reachability) << 32) | BitConverter.SingleToUInt32Bits(distance);

    /// <summary>The reachability in a key; in <see cref="NoKey"/> the largest there is, which slots without a point exceed.</summary>
    public static float ReachabilityOf(ulong key) => key == NoKey ? float.MaxValue : BitConverter.UInt32BitsToSingle((uint)(key >> 32));

    /// <inheritdoc/>
    public int CompareTo(ReachabilityEdge other)
    {
        var order = Key.CompareTo(other.Key);
        return order != 0 ? order : U != other.U ? U.CompareTo(other.U) : V.CompareTo(other.V);
    }
}
