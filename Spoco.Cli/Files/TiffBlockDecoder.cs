using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads, decompresses and puts in order one block of a TIFF.</summary>
internal sealed class TiffBlockDecoder(TiffReader reader)
{
    // A block as it is stored; the memory serves them all.
    private byte[] _stored = [];

    /// <summary>Decodes a block.</summary>
    /// <param name="page">Its page.</param>
    /// <param name="number">Its number.</param>
    /// <param name="block">Receives its rows of native-endian samples, <see cref="TiffLayout.FilledBytes"/> in all.</param>
    /// <exception cref="InputException">It is damaged, or of a kind that is not read.</exception>
    public void Decode(TiffPage page, long number, Span<byte> block)
    {
        var (layout, path) = (page.Layout, reader.Path);
        var count = (int)Math.Min(page.Count(number), Array.MaxLength);
        if (_stored.Length < count)
            _stored = new byte[count];
        var data = _stored.AsSpan(0, count);
        reader.Fill(page.Offset(number), data);
        if (layout.Compression == TiffCompression.Lzw && TiffLzw.IsOldStyle(data))
            throw new InputException($"{path}: old-style LZW is not read; convert it with: tiffcp -c lzw IN OUT.");
        if (layout.ReversedBits && layout.Compression != TiffCompression.Jpeg)
            TiffReader.ReverseBits(data);
        var read = layout.Compression == TiffCompression.Jpeg
            ? DecodeJpeg(layout, data, page.Tables, block) : TiffCompression.Decode(layout.Compression, data, block);
        if (!read)
            throw new InputException($"{path}: page {page.Index} is damaged (block {number}).");
        if (layout.Predictor != TiffPredictor.FloatingPoint)
            reader.MakeNative(block, layout.SampleBytes);
        if (layout.Predictor != TiffPredictor.None)
            for (var at = 0; at < block.Length; at += (int)layout.RowBytes)
            {
                var row = block.Slice(at, (int)layout.RowBytes);
                if (layout.Predictor == TiffPredictor.Horizontal)
                    TiffPredictor.Sum(row, layout.SampleBytes, layout.BlockSamples);
                else
                    TiffPredictor.Join(row, layout.SampleBytes, layout.BlockSamples);
            }
    }

    private bool DecodeJpeg(TiffLayout layout, ReadOnlySpan<byte> data, byte[] tables, Span<byte> block)
    {
        if (TiffJpeg.Header(data) is not { } header)
            return false;
        if (header.Bits != 8 || layout.BitDepth != 8 || header.Lossless)
            throw new InputException($"{reader.Path}: JPEG of {header.Bits} bits{(header.Lossless ? ", lossless," : "")} inside TIFF is not read; "
                + "open it in Fiji (File > Import > Bio-Formats) and save it as TIFF.");
        // The last strip's JPEG may be as high as the others.
        if (header.Width != layout.BlockWidth || header.Samples != layout.BlockSamples
            || header.Height > (long)layout.BlockHeight * layout.BlockDepth || header.Height < block.Length / layout.RowBytes)
            return false;
        if (TiffJpeg.Decode(data, tables, header, layout.Photometric) is not { } pixels)
            return false;
        pixels.AsSpan(0, block.Length).CopyTo(block);
        return true;
    }
}
