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
