using System.Numerics;

namespace Spoco.Cli.Files;

/// <summary>Rows as PNG and TIFF pack them.</summary>
internal static class PackedSamples
{
    /// <summary>Spreads 1-, 2- or 4-bit samples, most significant first, to one byte each.</summary>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<byte> samples)
    {
        var perByte = 8 / bits;
        var mask = (1 << bits) - 1;
        for (var i = 0; i < samples.Length; i++)
            samples[i] = (byte)(packed[i / perByte] >> (8 - bits * (i % perByte + 1)) & mask);
    }

    /// <summary>Spreads samples of any width up to 31 bits, most significant first, to two or four bytes each.</summary>
    public static void Unpack<T>(ReadOnlySpan<byte> packed, int bits, Span<T> samples) where T : unmanaged, IBinaryInteger<T>
    {
        long bit = 0;
        for (var i = 0; i < samples.Length; i++, bit += bits)
        {
            ulong word = 0;
            var (first, end) = (bit >> 3, (bit + bits + 7) >> 3);
            for (var at = first; at < end; at++)
                word = word << 8 | packed[(int)at];
            samples[i] = T.CreateTruncating(word >> (int)(end * 8 - bit - bits) & (1UL << bits) - 1);
        }
    }

    /// <summary>Keeps the first <paramref name="kept"/> of every <paramref name="all"/> samples, in place; returns what is left.</summary>
    public static Span<byte> KeepChannels(Span<byte> row, int all, int kept, int sampleBytes)
    {
        if (all == kept)
            return row;
        var pixels = row.Length / (all * sampleBytes);
        for (var i = 1; i < pixels; i++)
            row.Slice(i * all * sampleBytes, kept * sampleBytes).CopyTo(row[(i * kept * sampleBytes)..]);
        return row[..(pixels * kept * sampleBytes)];
    }
}
