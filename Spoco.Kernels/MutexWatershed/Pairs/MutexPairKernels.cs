using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// A hash table of the pairs of clusters, in open addressing. A slot holds the number of one edge of its pair plus one, so that 32-bit atomics are
/// enough to fill it; beside it stands the strongest key of the pair.
/// </summary>
internal struct MutexPairView
{
    /// <summary>Edges, repeated pairs included; Place = the slot of the pair.</summary>
    public ArrayView<MutexEdge> Edges;

    /// <summary>The last element is the number of edges.</summary>
    public ArrayView<int> Ends;

    /// <summary>A power of two of slots; 0 = free.</summary>
    public ArrayView<int> Slots;

    /// <summary>The strongest key per slot.</summary>
    public ArrayView<ulong> Keys;

    /// <summary>Number of edges.</summary>
    public readonly int Count => Ends[Ends.Length - 1];
}

/// <summary>The slots that are taken, those of attractive pairs in the first row, the others in the second, to be listed.</summary>
internal struct MutexStrongest(MutexPairView pairs, uint firstRepulsive, ArrayView<MutexEdge> list) : ICompaction
{
    private MutexPairView _pairs = pairs;
    private uint _firstRepulsive = firstRepulsive;
    private ArrayView<MutexEdge> _list = list;

    /// <inheritdoc/>
    public readonly int Count => _pairs.Slots.IntLength;

    /// <inheritdoc/>
    public readonly bool Includes(int row, int i)
    {
        if (_pairs.Slots[i] == 0)
            return false;
        var key = _pairs.Keys[i];
        var isRepulsive = key == EdgeKey.Mutex || EdgeKey.Edge(key) >= _firstRepulsive;
        return isRepulsive == (row != 0);
    }

    /// <inheritdoc/>
    public void Keep(int row, int i, int place)
    {
        var edge = _pairs.Edges[_pairs.Slots[i] - 1];
        _list[place] = new MutexEdge(edge.U, edge.V, _pairs.Keys[i], i);
    }
}

/// <summary>The kernels that fill the table. A thread takes one edge; there may be more threads than edges.</summary>
internal static class MutexPairKernels
{
    /// <summary>Finds the slot of an edge's pair, and raises its key.</summary>
    public static void Insert<TAtomics>(Index1D e, MutexPairView pairs, TAtomics atomics) where TAtomics : unmanaged, IKeyAtomics
    {
        if (e.X >= pairs.Count)
            return;
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
        atomics.Raise(pairs.Keys, slot, pairs.Edges[e].Key, 0);
    }

    /// <summary>The second pass of those that raise keys in two.</summary>
    public static void RaiseAgain<TAtomics>(Index1D e, MutexPairView pairs, TAtomics atomics) where TAtomics : unmanaged, IKeyAtomics
    {
        if (e.X < pairs.Count)
            atomics.Raise(pairs.Keys, pairs.Edges[e].Place, pairs.Edges[e].Key, 1);
    }

    /// <summary>Whether two clusters exclude each other.</summary>
    public static bool IsMutex(MutexPairView pairs, int u, int v)
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

    // Of an owner's edge only the ends are read: in Insert its thread may be setting the place. (The index is in range where there is no owner, too.)
    private static bool IsOwner(MutexPairView pairs, int owner, int u, int v)
    {
        var edge = IntrinsicMath.Max(owner - 1, 0);
        var first = pairs.Edges[edge].U;
        var second = pairs.Edges[edge].V;
        return (first == u && second == v) || (first == v && second == u);
    }

    private static int Hash(int u, int v)
    {
        var pair = ((ulong)(uint)IntrinsicMath.Min(u, v) << 32) | (uint)IntrinsicMath.Max(u, v);
        return (int)(((pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15ul) >> 33);
    }
}
