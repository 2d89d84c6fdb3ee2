using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// A hash table of the pairs of clusters, in open addressing. A slot holds the number of one edge of its pair plus one, so that 32-bit atomics are
/// enough to fill it; beside it stands the strongest key of the pair. (Kernel arguments must be public.)
/// </summary>
public struct MutexPairView
{
    /// <summary>Edges, repeated pairs included; Place = the slot of the pair.</summary>
    public ArrayView<MutexEdge> Edges;

    /// <summary>A power of two of slots; 0 = free.</summary>
    public ArrayView<int> Slots;

    /// <summary>The strongest key per slot.</summary>
    public ArrayView<ulong> Keys;
}

/// <summary>Kernels of rounds over lists. Unless said otherwise a thread takes one edge.</summary>
internal static class MutexPairKernels
{
    public static void Insert(Index1D e, MutexPairView pairs)
    {
        var u = pairs.Edges[e].U;
        var v = pairs.Edges[e].V;
        var mask = pairs.Slots.IntLength - 1;
        var slot = Hash(u, v) & mask;
        var found = false;
        while (!found)
        {
            var owner = Atomic.CompareExchange(ref pairs.Slots[slot], 0, e.X + 1);
            found = owner == 0 || IsOwner(pairs, owner, u, v);
            if (!found)
                slot = (slot + 1) & mask;
        }

        pairs.Edges[e].Place = slot;
    }

    public static void Raise<TAtomics>(Index1D e, MutexPairView pairs, int pass, TAtomics atomics) where TAtomics : unmanaged, IKeyAtomics =>
        atomics.Raise(pairs.Keys, pairs.Edges[e].Place, pairs.Edges[e].Key, pass);

    /// <summary>A thread sorts a strip of slots by kind: 0 attractive, 1 repulsive, 2 mutex; on the first of two launches it counts them.</summary>
    public static void Extract(
        Index1D strip, MutexPairView pairs, uint firstRepulsive, int kind, ArrayView<MutexEdge> list, ArrayView<int> lengths, int countOnly)
    {
        var kept = 0;
        var until = IntrinsicMath.Min((strip.X + 1) * MutexTreeKernels.Strip, pairs.Slots.IntLength);
        for (var slot = strip.X * MutexTreeKernels.Strip; slot < until; slot++)
            if (pairs.Slots[slot] != 0 && Kind(pairs.Keys[slot], firstRepulsive) == kind)
                kept++;
        if (kept == 0)
            return;
        var at = Atomic.Add(ref lengths[kind], kept);
        if (countOnly != 0)
            return;
        for (var slot = strip.X * MutexTreeKernels.Strip; slot < until; slot++)
        {
            if (pairs.Slots[slot] == 0 || Kind(pairs.Keys[slot], firstRepulsive) != kind)
                continue;
            var edge = pairs.Edges[pairs.Slots[slot] - 1];
            list[at++] = new MutexEdge(edge.U, edge.V, pairs.Keys[slot], slot);
        }
    }

    /// <summary>
    /// As <see cref="MutexListHost"/>: afterwards a mutex holds the bottleneck instead of its key, and the complement of its place.
    /// </summary>
    public static void Commit<TAtomics>(
        Index1D e, ArrayView<MutexEdge> list, int areMutexes, MutexTreeView tree, ArrayView<ulong> dirty, MutexPairView pairs, int pass, int isLast,
        TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var edge = list[e];
        if (edge.Key == EdgeKey.None)
            return;
        var common = MutexTreeKernels.CommonAncestor(tree, edge.U, edge.V, out var bottleneck);
        if (common < 0)
        {
            list[e].Key = EdgeKey.None;
            return;
        }

        if (areMutexes == 0 && edge.Key < bottleneck)
            return;
        atomics.Raise(dirty, common, bottleneck, pass);
        if (isLast == 0)
            return;
        pairs.Keys[edge.Place] = EdgeKey.Mutex;
        list[e].Key = bottleneck;
        list[e].Place = ~edge.Place;
    }

    public static void Block(
        Index1D e, ArrayView<MutexEdge> list, MutexTreeView tree, ArrayView<MutexEdge> attractive, MutexPairView pairs, ArrayView<byte> blocked)
    {
        var edge = list[e];
        if (edge.Place >= 0 || edge.Key == EdgeKey.None)
            return;
        if (edge.Key == tree.Best[edge.U] && !IsMutex(pairs, edge.V, Neighbour(tree, attractive, edge.U)))
            blocked[edge.U] = 1;
        if (edge.Key == tree.Best[edge.V] && !IsMutex(pairs, edge.U, Neighbour(tree, attractive, edge.V)))
            blocked[edge.V] = 1;
    }

    /// <summary>A thread maps a strip of edges to clusters and keeps those between different ones; on the first of two launches it counts them.</summary>
    public static void Map(
        Index1D strip, ArrayView<MutexEdge> list, int count, ArrayView<int> map, ArrayView<MutexEdge> edges, ArrayView<int> length, int countOnly)
    {
        var kept = 0;
        var until = IntrinsicMath.Min((strip.X + 1) * MutexTreeKernels.Strip, count);
        for (var e = strip.X * MutexTreeKernels.Strip; e < until; e++)
            if (list[e].Key != EdgeKey.None && map[list[e].U] != map[list[e].V])
                kept++;
        if (kept == 0)
            return;
        var at = Atomic.Add(ref length[0], kept);
        if (countOnly != 0)
            return;
        for (var e = strip.X * MutexTreeKernels.Strip; e < until; e++)
        {
            var edge = list[e];
            if (edge.Key != EdgeKey.None && map[edge.U] != map[edge.V])
                edges[at++] = new MutexEdge(map[edge.U], map[edge.V], edge.Place < 0 ? EdgeKey.Mutex : edge.Key, 0);
        }
    }

    private static bool IsMutex(MutexPairView pairs, int u, int v)
    {
        var mask = pairs.Slots.IntLength - 1;
        var slot = Hash(u, v) & mask;
        var owner = pairs.Slots[slot];
        while (owner != 0 && !IsOwner(pairs, owner, u, v))
        {
            slot = (slot + 1) & mask;
            owner = pairs.Slots[slot];
        }

        return owner != 0 && pairs.Keys[slot] == EdgeKey.Mutex;
    }

    private static int Neighbour(MutexTreeView tree, ArrayView<MutexEdge> attractive, int node)
    {
        var edge = attractive[tree.Place[node]];
        return edge.U == node ? edge.V : edge.U;
    }

    // Of an owner's edge only the ends are read: in Insert its thread may be setting the place. (The index is in range where there is no owner, too.)
    private static bool IsOwner(MutexPairView pairs, int owner, int u, int v)
    {
        var edge = IntrinsicMath.Max(owner - 1, 0);
        var first = pairs.Edges[edge].U;
        var second = pairs.Edges[edge].V;
        return (first == u && second == v) || (first == v && second == u);
    }

    private static int Kind(ulong key, uint firstRepulsive) => key == EdgeKey.Mutex ? 2 : EdgeKey.Edge(key) >= firstRepulsive ? 1 : 0;

    private static int Hash(int u, int v)
    {
        var pair = ((ulong)(uint)IntrinsicMath.Min(u, v) << 32) | (uint)IntrinsicMath.Max(u, v);
        return (int)(((pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15ul) >> 33);
    }
}
