namespace Spoco.Engine.Segmentation;

/// <summary>
/// Edges as 64-bit keys whose ascending order is the order of the Mutex Watershed: descending priority, then ascending edge id.
/// High word: the priority's bits, complemented so that larger floats come first; low word: the edge id.
/// </summary>
internal static class EdgeOrder
{
    private const int DigitBits = 11;
    private const int Buckets = 1 << DigitBits;

    /// <summary>The key of an edge; -0 counts as +0. The priority must not be NaN.</summary>
    public static ulong Key(float priority, uint edge)
    {
        var bits = BitConverter.SingleToUInt32Bits(priority + 0f);
        var ascending = bits ^ ((uint)((int)bits >> 31) | 0x80000000u);
        return ((ulong)~ascending << 32) | edge;
    }

    /// <summary>
    /// Sorts keys that were written in ascending edge order. A stable radix sort of the high word is therefore enough; digits all keys share are
    /// skipped. Returns the sorted keys, which lie in <paramref name="keys"/> or in a second buffer.
    /// </summary>
    public static ReadOnlySpan<ulong> Sort(Span<ulong> keys)
    {
        if (keys.Length < 2)
            return keys;
        Span<int> counts = new int[3 * Buckets];
        foreach (var key in keys)
        {
            counts[Digit(key, 0)]++;
            counts[Buckets + Digit(key, 1)]++;
            counts[2 * Buckets + Digit(key, 2)]++;
        }
        var source = keys;
        Span<ulong> target = GC.AllocateUninitializedArray<ulong>(keys.Length);
        for (var pass = 0; pass < 3; pass++)
        {
            var starts = counts.Slice(pass * Buckets, Buckets);
            if (starts[Digit(source[0], pass)] == source.Length)
                continue;
            var sum = 0;
            for (var b = 0; b < Buckets; b++)
                (starts[b], sum) = (sum, sum + starts[b]);
            foreach (var key in source)
                target[starts[Digit(key, pass)]++] = key;
            var sorted = target;
            target = source;
            source = sorted;
        }
        return source;
    }

    private static int Digit(ulong key, int pass) => (int)(key >> (32 + pass * DigitBits)) & (Buckets - 1);
}
