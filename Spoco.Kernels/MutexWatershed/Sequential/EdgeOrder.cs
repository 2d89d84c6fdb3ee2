namespace Spoco.Kernels.Primitives;

/// <summary>Brings edges into the order of the Mutex Watershed, which is that of descending keys (<see cref="EdgeKey"/>). The input is overwritten.</summary>
internal static class EdgeOrder
{
    private const int DigitBits = 11;
    private const int Buckets = 1 << DigitBits;

    /// <summary>What has a key.</summary>
    private interface IKeyOf<T>
    {
        static abstract ulong Key(T edge);
    }

    /// <summary>Sorts keys that were written in ascending edge order: of one priority they are in order already.</summary>
    /// <returns>The sorted keys, which lie in <paramref name="keys"/> or in a second buffer.</returns>
    public static Span<ulong> Sort(Span<ulong> keys) => SortByPriority<ulong, OfKey>(keys);

    /// <summary>Sorts edges that were written in any order.</summary>
    /// <returns>The sorted edges, which lie in <paramref name="edges"/> or in a second buffer.</returns>
    public static Span<MutexEdge> Sort(Span<MutexEdge> edges)
    {
        var sorted = SortByPriority<MutexEdge, OfEdge>(edges);
        for (var start = 0; start < sorted.Length;)
        {
            var end = start + 1;
            while (end < sorted.Length && sorted[end].Key >> 32 == sorted[start].Key >> 32)
                end++;
            if (end - start > 1)
                sorted[start..end].Sort(static (a, b) => b.Key.CompareTo(a.Key));
            start = end;
        }

        return sorted;
    }

    // A stable radix sort of the high words; digits that all keys share are skipped.
    private static Span<T> SortByPriority<T, TKey>(Span<T> edges) where T : unmanaged where TKey : struct, IKeyOf<T>
    {
        if (edges.Length < 2)
            return edges;
        Span<int> counts = new int[3 * Buckets];
        foreach (ref var edge in edges)
        {
            var key = TKey.Key(edge);
            counts[Digit(key, 0)]++;
            counts[Buckets + Digit(key, 1)]++;
            counts[2 * Buckets + Digit(key, 2)]++;
        }

        var source = edges;
        Span<T> target = GC.AllocateUninitializedArray<T>(edges.Length);
        for (var pass = 0; pass < 3; pass++)
        {
            var starts = counts.Slice(pass * Buckets, Buckets);
            if (starts[Digit(TKey.Key(source[0]), pass)] == source.Length)
                continue;
            var sum = 0;
            for (var b = 0; b < Buckets; b++)
                (starts[b], sum) = (sum, sum + starts[b]);
            foreach (ref var edge in source)
                target[starts[Digit(TKey.Key(edge), pass)]++] = edge;
            var sorted = target;
            target = source;
            source = sorted;
        }

        return source;
    }

    // Complemented: largest first.
    private static int Digit(ulong key, int pass) => (int)(~key >> (32 + pass * DigitBits)) & (Buckets - 1);

    private readonly struct OfKey : IKeyOf<ulong>
    {
        public static ulong Key(ulong edge) => edge;
    }

    private readonly struct OfEdge : IKeyOf<MutexEdge>
    {
        public static ulong Key(MutexEdge edge) => edge.Key;
    }
}
