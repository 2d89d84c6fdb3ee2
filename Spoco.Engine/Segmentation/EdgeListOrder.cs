using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>Sorts edge lists by descending key.</summary>
internal static class EdgeListOrder
{
    private const int DigitBits = 11;
    private const int Buckets = 1 << DigitBits;

    /// <summary>A radix sort by priority, then a comparison sort within equal priorities. The input is overwritten.</summary>
    public static MutexEdge[] Sort(MutexEdge[] edges)
    {
        if (edges.Length < 2)
            return edges;
        var counts = new int[3 * Buckets];
        foreach (ref var edge in edges.AsSpan())
            for (var pass = 0; pass < 3; pass++)
                counts[pass * Buckets + Digit(edge.Key, pass)]++;
        var (source, target) = (edges, new MutexEdge[edges.Length]);
        for (var pass = 0; pass < 3; pass++)
        {
            var starts = counts.AsSpan(pass * Buckets, Buckets);
            if (starts[Digit(source[0].Key, pass)] == source.Length)
                continue;
            var sum = 0;
            for (var b = 0; b < Buckets; b++)
                (starts[b], sum) = (sum, sum + starts[b]);
            foreach (ref var edge in source.AsSpan())
                target[starts[Digit(edge.Key, pass)]++] = edge;
            (source, target) = (target, source);
        }

        for (var start = 0; start < source.Length;)
        {
            var end = start + 1;
            while (end < source.Length && source[end].Key >> 32 == source[start].Key >> 32)
                end++;
            if (end - start > 1)
                source.AsSpan(start, end - start).Sort(static (a, b) => b.Key.CompareTo(a.Key));
            start = end;
        }

        return source;
    }

    // Complemented: largest first.
    private static int Digit(ulong key, int pass) => (int)(~key >> (32 + pass * DigitBits)) & (Buckets - 1);
}
