namespace Spoco.Cli.Files;

/// <summary>
/// Gives rows of the blocks of a TIFF. Blocks that are compressed are decoded whole and kept for a while; rows of others are read from the file where
/// they are asked for, some ahead.
/// </summary>
/// <param name="reader">The file.</param>
/// <param name="capacity">The most bytes that decoded blocks take together; one is kept whatever it takes.</param>
internal sealed class TiffBlocks(TiffReader reader, long capacity)
{
    /// <summary>Bytes of rows that are read ahead; a longer row is read alone.</summary>
    public const int AheadBytes = 1 << 18;

    private readonly TiffBlockDecoder _decoder = new(reader);
    private readonly BlockCache _cache = new(capacity);

    // The block that rows were last taken of: decoded or, of one that is not compressed, some bytes from a place within it on.
    private (int Page, long Number) _last = (-1, -1);
    private byte[] _decoded = [];
    private byte[] _ahead = [];
    private long _aheadStart, _aheadEnd;

    /// <summary>Some pixels of a row, native-endian where samples are whole bytes. They hold until the next call.</summary>
    /// <param name="page">The page.</param>
    /// <param name="number">The block's number.</param>
    /// <param name="row">The row in the block, counted through its slices.</param>
    /// <param name="column">The first pixel in the block's row; the bits of those before it fill whole bytes.</param>
    /// <param name="columns">Number of pixels.</param>
    /// <exception cref="Spoco.Engine.InputException">The block is damaged.</exception>
    public ReadOnlySpan<byte> Row(TiffPage page, long number, long row, int column, int columns)
    {
        var layout = page.Layout;
        var pixelBits = (long)layout.BitDepth * layout.BlockSamples;
        var start = row * layout.RowBytes + column * pixelBits / 8;
        var length = (int)((columns * pixelBits + 7) / 8);
        return page.IsDirect
            ? ReadAhead(page, number, row, start, length, wholeRows: 3L * columns >= layout.BlockWidth)
            : Decoded(page, number).AsSpan((int)start, length);
    }

    private byte[] Decoded(TiffPage page, long number)
    {
        if (_last == (page.Index, number))
            return _decoded;
        if (_cache.Find(page.Index, number) is not { } block)
        {
            // Of a lower last block the end stays unused, so that its memory serves any other.
            block = _cache.MakeRoom(checked((int)page.Layout.BlockBytes));
            // What it held is none of the last block's any more.
            _last = (-1, -1);
            _decoder.Decode(page, number, block.AsSpan(0, (int)page.Layout.FilledBytes(number)));
            _cache.Add(page.Index, number, block);
        }
        (_last, _decoded) = ((page.Index, number), block);
        return block;
    }

    private ReadOnlySpan<byte> ReadAhead(TiffPage page, long number, long row, long start, int length, bool wholeRows)
    {
        if (_last != (page.Index, number) || start < _aheadStart || start + length > _aheadEnd)
        {
            var layout = page.Layout;
            var (from, count) = (start, (long)length);
            if (wholeRows)
                (from, count) = (row * layout.RowBytes, Math.Min(
                    Math.Max(1, AheadBytes / layout.RowBytes) * layout.RowBytes, layout.FilledBytes(number) - row * layout.RowBytes));
            if (_ahead.Length < count)
                _ahead = new byte[count];
            // What a read that fails leaves is nothing.
            _last = (-1, -1);
            var bytes = _ahead.AsSpan(0, (int)count);
            reader.Fill(page.Offset(number) + from, bytes);
            if (layout.ReversedBits)
                TiffReader.ReverseBits(bytes);
            reader.MakeNative(bytes, layout.SampleBytes);
            (_last, _aheadStart, _aheadEnd) = ((page.Index, number), from, from + count);
        }
        return _ahead.AsSpan((int)(start - _aheadStart), length);
    }
}
