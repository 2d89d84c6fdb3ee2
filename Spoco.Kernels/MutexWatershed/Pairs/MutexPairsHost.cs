using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The edges between clusters, one per pair, listed at the larger end: large clusters have small numbers, as they begin early, so
/// that lists are short. Of several edges between two clusters only the first
/// in order can act. If it is attractive, it joins the two or finds them exclusive; if it is repulsive, it excludes them or finds them joined; either
/// way the others find nothing left to do. A known mutex is the strongest edge of all. Built in one pass over the edges: every worker gathers its own,
/// and those that are left are put in place at the end.
/// </summary>
internal sealed unsafe class MutexPairsHost
{
    // Searching a list this short costs less than sorting it.
    private const int ShortList = 32;

    private readonly HostScratch _scratch;
    private readonly int _nodes;
    private readonly int* _ends;
    private readonly MutexPairGathererHost?[] _gatherers;
    private int* _counts;
    private Entry* _entries;

    /// <summary>An empty list for <paramref name="nodes"/> clusters.</summary>
    public MutexPairsHost(HostScratch scratch, int nodes)
    {
        (_scratch, _nodes) = (scratch, nodes);
        _ends = scratch.Take<int>(nodes);
        _gatherers = new MutexPairGathererHost[scratch.Workers];
        scratch.Clear(_ends, nodes);
    }

    /// <summary>The pairs of a list of edges; loops have no effect, and edges may repeat.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="clusters">Number of clusters.</param>
    /// <param name="edges">The list.</param>
    /// <param name="count">Its length.</param>
    /// <param name="map">The cluster of each node; null = each is its own.</param>
    /// <param name="seeds">Given segments; null = none.</param>
    public static MutexPairsHost Of(HostScratch scratch, int clusters, MutexEdge* edges, int count, int* map = null, MutexSeeds? seeds = null)
    {
        var pairs = new MutexPairsHost(scratch, clusters);
        scratch.Run(count, (from, until, worker) =>
        {
            var gatherer = pairs.Gatherer(worker);
            for (var e = from; e < until; e++)
                if (Cluster(map, edges[e].U) is var u && Cluster(map, edges[e].V) is var v && u != v)
                    gatherer.Add(u, v, edges[e].Key);
        });
        pairs.Merge(seeds);
        return pairs;
    }

    /// <summary>What takes the edges of one worker.</summary>
    public MutexPairGathererHost Gatherer(int worker) => _gatherers[worker] ??= new MutexPairGathererHost(_scratch, _ends, _nodes);

    /// <summary>Ends the gathering: keeps the strongest edge of each pair, and sorts.</summary>
    /// <param name="seeds">Given segments, which exclude each other; null = none.</param>
    public void Merge(MutexSeeds? seeds = null)
    {
        seeds?.ForEachPair((u, v) => Gatherer(0).Add(u, v, EdgeKey.Mutex));
        _scratch.RunSegments(long.MaxValue, w => _gatherers[w]?.Flush());
        var sum = 0;
        for (var i = 0; i < _nodes; i++)
            (_ends[i], sum) = (sum, checked(sum + _ends[i]));
        _entries = _scratch.Take<Entry>(sum);
        _scratch.RunSegments(sum, w => _gatherers[w]?.ForEach(Put));
        foreach (var gatherer in _gatherers)
            gatherer?.Release();
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
        var (node, other) = (Math.Max(u, v), Math.Min(u, v));
        var first = Start(node);
        var last = first + _counts[node] - 1;
        if (last - first < ShortList)
        {
            while (first <= last && _entries[first].Other != other)
                first++;
            return first <= last && _entries[first].Key == EdgeKey.Mutex;
        }

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

    // Afterwards each node's counter stands at its end.
    private void Put(GatheredPair* pairs, int count)
    {
        for (var p = pairs; p < pairs + count; p++)
            _entries[Interlocked.Increment(ref _ends[p->Larger]) - 1] = new Entry { Other = p->Smaller, Key = p->Key };
    }

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

        if (kept - start > ShortList)
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
