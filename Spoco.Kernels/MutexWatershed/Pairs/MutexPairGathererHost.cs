using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Two clusters, the larger first, and the strongest edge between them that was seen while they were remembered.</summary>
internal struct GatheredPair
{
    /// <summary>Both clusters in one word; 0 = none, as the larger is not 0.</summary>
    public ulong Pair;

    /// <summary>The strongest edge.</summary>
    public ulong Key;

    /// <summary>The cluster of the larger number.</summary>
    public readonly int Larger => (int)(Pair >> 32);

    /// <summary>The cluster of the smaller number.</summary>
    public readonly int Smaller => (int)(uint)Pair;
}

/// <summary>
/// Takes the edges between clusters that one worker meets. Edges between the same two clusters come close together, so that a small table of the last
/// pairs merges most of them before they take memory. A pair may be listed more than once.
/// </summary>
internal sealed unsafe class MutexPairGathererHost
{
    /// <summary>Bytes that it takes at least, once it has listed a pair of many clusters.</summary>
    public const int LeastBytes = ((1 << MostRememberedBits) + PairsPerChunk) * 16;

    private const int MostRememberedBits = 13;
    private const int PairsPerChunk = 1 << 13;

    private readonly HostScratch _scratch;
    private readonly int* _counts;
    private readonly GatheredPair* _remembered;
    private readonly int _rememberedBits;
    private readonly List<nint> _chunks = [];
    private GatheredPair* _last;
    private int _used = PairsPerChunk;

    /// <summary>An empty list.</summary>
    /// <param name="scratch">Memory.</param>
    /// <param name="counts">Counts the listed pairs by their larger cluster; shared with other workers.</param>
    /// <param name="nodes">Number of clusters: few of them need no large table.</param>
    public MutexPairGathererHost(HostScratch scratch, int* counts, int nodes)
    {
        _scratch = scratch;
        _counts = counts;
        _rememberedBits = Math.Min(MostRememberedBits, BitOperations.Log2((uint)nodes) + 2);
        _remembered = scratch.Take<GatheredPair>(1 << _rememberedBits);
        new Span<GatheredPair>(_remembered, 1 << _rememberedBits).Clear();
    }

    /// <summary>Takes an edge between two different clusters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int u, int v, ulong key)
    {
        var pair = ((ulong)(uint)Math.Max(u, v) << 32) | (uint)Math.Min(u, v);
        var seen = _remembered + (int)((pair * 0x9E3779B97F4A7C15ul) >> (64 - _rememberedBits));
        if (seen->Pair == pair)
        {
            seen->Key ^= key ^ EdgeKey.Weaker(seen->Key, key);
            return;
        }

        if (seen->Pair != 0)
            List(seen);
        (seen->Pair, seen->Key) = (pair, key);
    }

    /// <summary>Lists what the table remembers.</summary>
    public void Flush()
    {
        for (var seen = _remembered; seen < _remembered + (1 << _rememberedBits); seen++)
            if (seen->Pair != 0)
                List(seen);
    }

    /// <summary>Goes through the listed pairs.</summary>
    public void ForEach(PairAction action)
    {
        foreach (var chunk in _chunks)
            action((GatheredPair*)chunk, chunk == (nint)_last ? _used : PairsPerChunk);
    }

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        _scratch.Return(_remembered);
        foreach (var chunk in _chunks)
            _scratch.Return((GatheredPair*)chunk);
    }

    private void List(GatheredPair* pair)
    {
        if (_used == PairsPerChunk)
        {
            _last = _scratch.Take<GatheredPair>(PairsPerChunk);
            _chunks.Add((nint)_last);
            _used = 0;
        }

        _last[_used++] = *pair;
        Interlocked.Increment(ref _counts[pair->Larger]);
    }
}

/// <summary>What is done with listed pairs.</summary>
internal unsafe delegate void PairAction(GatheredPair* pairs, int count);
