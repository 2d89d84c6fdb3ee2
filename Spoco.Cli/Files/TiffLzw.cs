namespace Spoco.Cli.Files;

/// <summary>LZW as TIFF has it: codes of 9 to 12 bits, most significant bit first, each width left one code early.</summary>
internal static class TiffLzw
{
    private const int Clear = 256, End = 257, First = 258, MaxCodes = 4096;

    /// <summary>Whether the data is of the first versions of libtiff, whose bits run the other way.</summary>
    public static bool IsOldStyle(ReadOnlySpan<byte> data) => data.Length >= 2 && data[0] == 0 && (data[1] & 1) == 1;

    /// <summary>Fills a block; false where the data is damaged or too short.</summary>
    public static bool Decode(ReadOnlySpan<byte> data, Span<byte> block)
    {
        // Each code's string has been written before: here it starts, this long.
        Span<int> starts = stackalloc int[MaxCodes];
        Span<int> lengths = stackalloc int[MaxCodes];
        var (width, next, previous) = (9, First, -1);
        long bit = 0;
        for (var to = 0; to < block.Length;)
        {
            var code = Read(data, bit, width);
            bit += width;
            if (code is < 0 or End)
                return false;
            if (code == Clear)
            {
                (width, next, previous) = (9, First, -1);
                continue;
            }
            var start = to;
            if (code < Clear)
                block[to++] = (byte)code;
            else if (code < next || (code == next && previous >= 0))
            {
                // The code about to be made is the string before and one byte more, which is its own first.
                if (code == next)
                    (starts[code], lengths[code]) = (start - previous, previous + 1);
                for (var i = 0; i < lengths[code] && to < block.Length; i++)
                    block[to++] = block[starts[code] + i];
            }
            else
                return false;
            if (previous >= 0 && next < MaxCodes)
            {
                (starts[next], lengths[next]) = (start - previous, previous + 1);
                next++;
            }
            previous = to - start;
            if (next >= (1 << width) - 1 && width < 12)
                width++;
        }
        return true;
    }

    private static int Read(ReadOnlySpan<byte> data, long bit, int width)
    {
        var at = (int)(bit >> 3);
        if (bit + width > data.Length * 8L)
            return -1;
        var word = data[at] << 16 | data[at + 1] << 8 | (at + 2 < data.Length ? data[at + 2] : 0);
        return word >> (24 - width - (int)(bit & 7)) & (1 << width) - 1;
    }
}
