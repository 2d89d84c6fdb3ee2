using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The edges between clusters, one per pair, listed at the smaller end and sorted by the larger. Of several edges between two clusters only the first
/// in order can act. If it is attractive, it joins the two or finds them exclusive; if it is repulsive, it excludes them or finds them joined; either
/// way the others find nothing left to do. A known mutex is the strongest edge of all. Built in two passes over the same edges: the first counts,
/// the second puts them in place.
/// </summary>
internal sealed unsafe class PairListHost
{
    private readonly HostScratch _scratch;
    private readonly int _nodes;
    private readonly int* _ends;
    private int* _counts;
    private Entry* _entries;

    /// <summary>A list for <paramref name="nodes"/> clusters, ready to count.</summary>
    public PairListHost(HostScratch scratch, int nodes)
    {
        (_scratch, _nodes) = (scratch, nodes);
        _ends = scratch.Take<int>(nodes);
        scratch.Clear(_ends, nodes);
    }

    /// <summary>The pairs of a list of edges; loops have no effect, and edges may repeat.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="clusters">Number of clusters.</param>
    /// <param name="edges">The list.</param>
    /// <param name="count">Its length.</param>
    /// <param name="map">The cluster of each node; null = each is its own.</param>
    /// <param name="seeds">Given segments; null = none.</param>
    public static PairListHost Of(HostScratch scratch, int clusters, MutexEdge* edges, int count, int* map = null, MutexSeeds? seeds = null)
    {
        var pairs = new PairListHost(scratch, clusters);
        scratch.Run(count, (from, until, _) =>
        {
            for (var e = from; e < until; e++)
                if (Cluster(map, edges[e].U) is var u && Cluster(map, edges[e].V) is var v && u != v)
                    pairs.Count(u, v);
        });
        seeds?.ForEachPair(pairs.Count);
        pairs.Allocate();
        scratch.Run(count, (from, until, _) =>
        {
            for (var e = from; e < until; e++)
                if (Cluster(map, edges[e].U) is var u && Cluster(map, edges[e].V) is var v && u != v)
                    pairs.Put(u, v, edges[e].Key);
        });
        seeds?.ForEachPair((u, v) => pairs.Put(u, v, EdgeKey.Mutex));
        pairs.Merge();
        return pairs;
    }

    /// <summary>Counts an edge between two different clusters.</summary>
    public void Count(int u, int v) => Interlocked.Increment(ref _ends[Math.Min(u, v)]);

    /// <summary>Ends the counting.</summary>
    public void Allocate()
    {
        var sum = 0;
        for (var i = 0; i < _nodes; i++)
        {
            var count = _ends[i];
            _ends[i] = sum;
            sum = checked(sum + count);
        }

        _entries = _scratch.Take<Entry>(sum);
    }

    /// <summary>Puts an edge in place; afterwards each node's counter stands at its end.</summary>
    public void Put(int u, int v, ulong key) =>
        _entries[Interlocked.Increment(ref _ends[Math.Min(u, v)]) - 1] = new Entry { Other = Math.Max(u, v), Key = key };

    /// <summary>Ends the second pass: keeps the strongest edge of each pair, and sorts.</summary>
    public void Merge()
    {
        _counts = _scratch.Take<int>(_nodes);
        _scratch.Run(_nodes, (from, until, _) =>
        {
            var buckets = new int[64];
            for (var node = from; node < until; node++)
                _counts[node] = Merge(Start(node), _ends[node], ref buckets);
        });
    }

    /// <summary>The strongest edge at a place of the list.</summary>
    public ref ulong Key(int place) => ref _entries[place].Key;

    /// <summary>Whether two clusters exclude each other.</summary>
    public bool IsMutex(int u, int v)
    {
        var (node, other) = (Math.Min(u, v), Math.Max(u, v));
        var first = Start(node);
        var last = first + _counts[node] - 1;
        while (first <= last)
        {
            var middle = (first + last) >> 1;
            if (_entries[middle].Other == other)
                return _entries[middle].Key == EdgeKey.Mutex;
            if (_entries[middle].Other < other)
                first = middle + 1;
            else
                last = middle - 1;
        }

        return false;
    }

    /// <summary>The edges by kind; repulsive are those whose id is at least <paramref name="firstRepulsive"/>.</summary>
    public MutexLists ToLists(uint firstRepulsive)
    {
        var counts = new int[3][];
        for (var kind = 0; kind < 3; kind++)
            counts[kind] = new int[_scratch.Workers];
        _scratch.Run(_nodes, (from, until, worker) =>
        {
            Span<int> found = stackalloc int[3];
            for (var node = from; node < until; node++)
                for (var e = Start(node); e < Start(node) + _counts[node]; e++)
                    found[Kind(_entries[e].Key, firstRepulsive)]++;
            for (var kind = 0; kind < 3; kind++)
                counts[kind][worker] = found[kind];
        });
        var totals = Array.ConvertAll(counts, HostScratch.Offsets);
        var lists = new MutexLists(_nodes, _scratch, totals[0], totals[1], totals[2]);
        _scratch.Run(_nodes, (from, until, worker) =>
        {
            var (attractive, repulsive, mutexes) = (counts[0][worker], counts[1][worker], counts[2][worker]);
            for (var node = from; node < until; node++)
            {
                for (var e = Start(node); e < Start(node) + _counts[node]; e++)
                {
                    var edge = new MutexEdge(node, _entries[e].Other, _entries[e].Key, e);
                    switch (Kind(edge.Key, firstRepulsive))
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
            }
        });
        return lists;
    }

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        _scratch.Return(_ends);
        _scratch.Return(_counts);
        _scratch.Return(_entries);
    }

    private static int Kind(ulong key, uint firstRepulsive) => key == EdgeKey.Mutex ? 2 : EdgeKey.Edge(key) >= firstRepulsive ? 1 : 0;

    private static int Cluster(int* map, int node) => map == null ? node : map[node];

    private int Start(int node) => node == 0 ? 0 : _ends[node - 1];

    // A hash table of the partners of one node, in buckets that stay in cache.
    private int Merge(int start, int end, ref int[] buckets)
    {
        var bits = Math.Max(2, 32 - BitOperations.LeadingZeroCount((uint)(2 * (end - start))));
        if (buckets.Length < 1 << bits)
            buckets = new int[1 << bits];
        var (mask, shift, kept) = ((1 << bits) - 1, 32 - bits, start);
        buckets.AsSpan(0, 1 << bits).Fill(-1);
        for (var e = start; e < end; e++)
        {
            var entry = _entries[e];
            var bucket = (int)((uint)entry.Other * 0x9E3779B9u >> shift);
            while (buckets[bucket] >= 0 && _entries[buckets[bucket]].Other != entry.Other)
                bucket = (bucket + 1) & mask;
            if (buckets[bucket] < 0)
            {
                buckets[bucket] = kept;
                _entries[kept++] = entry;
            }
            else
            {
                ref var strongest = ref _entries[buckets[bucket]].Key;
                strongest = Math.Max(strongest, entry.Key);
            }
        }

        new Span<Entry>(_entries + start, kept - start).Sort();
        return kept - start;
    }

    private struct Entry : IComparable<Entry>
    {
        public int Other;
        public ulong Key;

        public readonly int CompareTo(Entry other) => Other.CompareTo(other.Other);
    }
}
