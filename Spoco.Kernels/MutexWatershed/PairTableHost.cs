using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The edges between clusters, one per pair: a hash table with open addressing. Of several edges between two clusters only the first in order can act.
/// If it is attractive, it joins the two or finds them exclusive; if it is repulsive, it excludes them or finds them joined; either way the others
/// find nothing left to do. A known mutex is the strongest edge of all.
/// </summary>
internal sealed unsafe class PairTableHost
{
    private readonly HostScratch _scratch;
    private readonly Slot* _slots;
    private readonly int _shift;

    /// <summary>A table for at most <paramref name="pairs"/> different pairs.</summary>
    public PairTableHost(HostScratch scratch, int pairs)
    {
        _scratch = scratch;
        var bits = Math.Max(4, 64 - (int)long.LeadingZeroCount(2L * pairs - 1));
        Slots = checked((int)(1L << bits));
        _shift = 64 - bits;
        _slots = scratch.Take<Slot>(Slots);
        scratch.Clear(_slots, Slots);
    }

    /// <summary>Slots, filled or not.</summary>
    public int Slots { get; }

    /// <summary>The strongest edge of a slot's pair.</summary>
    public ref ulong Key(int slot) => ref _slots[slot].Key;

    /// <summary>Adds an edge between two different clusters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int u, int v, ulong key)
    {
        var pair = Pair(u, v);
        for (var i = First(pair); ; i = (i + 1) & (Slots - 1))
        {
            var seen = Volatile.Read(ref _slots[i].Pair);
            if (seen == 0)
                seen = Interlocked.CompareExchange(ref _slots[i].Pair, pair, 0);
            if (seen != 0 && seen != pair)
                continue;
            HostAtomic.Raise(&_slots[i].Key, key);
            return;
        }
    }

    /// <summary>Whether two clusters exclude each other.</summary>
    public bool IsMutex(int u, int v)
    {
        var pair = Pair(u, v);
        for (var i = First(pair); _slots[i].Pair != 0; i = (i + 1) & (Slots - 1))
            if (_slots[i].Pair == pair)
                return _slots[i].Key == EdgeKey.Mutex;
        return false;
    }

    /// <summary>The edges by kind; repulsive are those whose id is at least <paramref name="firstRepulsive"/>.</summary>
    public MutexLists ToLists(int nodes, uint firstRepulsive)
    {
        var counts = new int[3][];
        for (var kind = 0; kind < 3; kind++)
            counts[kind] = new int[_scratch.Workers];
        _scratch.Run(Slots, (from, until, worker) =>
        {
            Span<int> found = stackalloc int[3];
            for (var i = from; i < until; i++)
                if (_slots[i].Pair != 0)
                    found[Kind(_slots[i].Key, firstRepulsive)]++;
            for (var kind = 0; kind < 3; kind++)
                counts[kind][worker] = found[kind];
        });
        var totals = Array.ConvertAll(counts, HostScratch.Offsets);
        var lists = new MutexLists(nodes, _scratch, totals[0], totals[1], totals[2]);
        _scratch.Run(Slots, (from, until, worker) =>
        {
            var (attractive, repulsive, mutexes) = (counts[0][worker], counts[1][worker], counts[2][worker]);
            for (var i = from; i < until; i++)
            {
                var slot = _slots[i];
                if (slot.Pair == 0)
                    continue;
                var edge = new MutexEdge((int)(slot.Pair >> 32), (int)(uint)slot.Pair, slot.Key, i);
                switch (Kind(slot.Key, firstRepulsive))
                {
                    case 0:
                        lists.Attractive[attractive++] = edge;
                        break;
                    case 1:
                        lists.Repulsive[repulsive++] = edge;
                        break;
                    default:
                        lists.Mutexes[mutexes++] = edge;
                        break;
                }
            }
        });
        return lists;
    }

    /// <summary>Returns the memory.</summary>
    public void Release() => _scratch.Return(_slots);

    private static int Kind(ulong key, uint firstRepulsive) => key == EdgeKey.Mutex ? 2 : EdgeKey.Edge(key) >= firstRepulsive ? 1 : 0;

    // The larger end is at least 1, so that no pair is 0 = empty.
    private static ulong Pair(int u, int v) => u < v ? ((ulong)u << 32) | (uint)v : ((ulong)v << 32) | (uint)u;

    private int First(ulong pair) => (int)(((pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15ul) >> _shift);

    private struct Slot
    {
        public ulong Pair;
        public ulong Key;
    }
}
