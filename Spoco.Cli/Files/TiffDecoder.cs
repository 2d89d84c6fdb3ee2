using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads the planes of one TIFF into a volume.</summary>
internal sealed class TiffDecoder<T>(string path, TiffReader reader, Stream stream, int? ignored = null) where T : unmanaged
{
    private VolumeBuilder<T> _builder = null!;
    private ImageAxes _axes = null!;

    /// <summary>Red, green and blue, 8 bits each, of the numbers that an image's pixels are; none where pixels are values.</summary>
    private byte[]? _palette;

    /// <summary>How large the image is; none of its pixels is decoded.</summary>
    public ImageHeader Describe()
    {
        var (_, _, layout, channels) = Plan();
        // Orientations from 5 on lie on their side.
        var (height, width) = layout.Orientation >= 5 ? (layout.Width, layout.Height) : (layout.Height, layout.Width);
        return new ImageHeader((long)_axes.Slices * layout.Depth, height, width, checked((int)channels),
            layout.Type.IsFloat() || layout.Type.Size() > 2 ? sizeof(float) : layout.Type.Size());
    }

    public Volume<T> Decode()
    {
        var (pages, first, layout, channels) = Plan();
        if (typeof(T) == typeof(int) && layout.Compression == TiffCompression.Jpeg)
            throw new InputException(
                $"{path}: holds JPEG, which does not keep numbers as they are: no labels. Save labels without loss, such as with LZW.");
        _builder = new VolumeBuilder<T>(
            path, (long)_axes.Slices * layout.Depth, layout.Height, layout.Width, channels, _axes.VoxelSize, ignored);
        if (_axes.Others > 0)
            InputNotes.Once($"{path}: holds {_axes.Others + 1} images or more; the first is read.");
        if (_axes.Follow)
            DecodeFollowing(layout, first);
        else
            for (var z = 0; z < _axes.Slices; z++)
                for (var c = 0; c < _axes.Channels; c++)
                    DecodePage(layout, pages[_axes.Plane(z, c)], z, c);
        return TiffOrientation.Apply(_builder.Volume, layout.Orientation);
    }

    private (List<TiffDirectory> Pages, TiffDirectory First, TiffLayout Layout, long Channels) Plan()
    {
        var pages = TiffStructure.Pages(reader);
        var full = TiffStructure.FullResolution(pages);
        var first = full[0];
        var layout = TiffLayout.Of(path, first);
        CheckSize(layout, 1);
        _axes = ImageAxes.Of(path, first, new StoredPlanes(
            [.. full.Select(page => page.Index)], pages.Count, layout.Width, layout.Height, layout.Depth, layout.Samples, layout.Planar,
            full.Count == 1 ? Following(layout, first) : 1));
        if (!_axes.Follow && pages[_axes.Planes[0]] != first)
            (first, layout) = (pages[_axes.Planes[0]], TiffLayout.Of(path, pages[_axes.Planes[0]]));
        CheckSize(layout, _axes.Planes.Length);
        _palette = Palette(first, layout);
        return (pages, first, layout, (long)(_palette is null ? layout.Channels : 3) * _axes.Channels);
    }

    private void DecodePage(TiffLayout first, TiffDirectory page, int slice, int channel)
    {
        var layout = TiffLayout.Of(path, page);
        if (layout.Pixels != first.Pixels || layout.Orientation != first.Orientation)
            throw new InputException($"{path}: page {page.Index} is {layout.Pixels}, the first is {first.Pixels}: "
                + "save pages of one kind as a file, such as: tiffcp IN,0 OUT.");
        CheckSize(layout, 1);
        var (offsets, counts) = Blocks(layout, page);
        var block = new byte[layout.RowBytes * layout.BlockHeight * layout.BlockDepth];
        var tables = layout.Compression == TiffCompression.Jpeg ? page.Bytes(TiffTag.JPEGTABLES) : [];
        for (var number = 0; number < offsets.Length; number++)
        {
            var x = number % layout.Across * layout.BlockWidth;
            var y = number / layout.Across % layout.Down * layout.BlockHeight;
            var deep = (layout.Depth - 1) / layout.BlockDepth + 1;
            var z = number / layout.Across / layout.Down % deep * layout.BlockDepth;
            var plane = number / layout.Across / layout.Down / deep;
            if (plane >= layout.Channels)
                break;
            var rows = Math.Min(layout.BlockHeight, layout.Height - y);
            // The last strip ends with the page; tiles are always whole.
            var filled = block.AsSpan(0, checked((int)(layout.RowBytes * (layout.Tiled ? layout.BlockHeight : rows) * layout.BlockDepth)));
            ReadBlock(layout, page.Index, number, offsets[number], counts[number], tables, filled);
            var columns = Math.Min(layout.BlockWidth, layout.Width - x);
            for (var dz = 0; dz < Math.Min(layout.BlockDepth, layout.Depth - z); dz++)
                for (var dy = 0; dy < rows; dy++)
                {
                    var row = block.AsSpan((int)((dz * layout.BlockHeight + dy) * layout.RowBytes), (int)layout.RowBytes);
                    StoreRow(layout, row, slice * layout.Depth + z + dz, y + dy, x, columns, channel, plane);
                }
        }
    }

    /// <summary>Reads, decompresses and puts in order one block.</summary>
    private void ReadBlock(TiffLayout layout, int page, int number, long offset, long count, byte[] tables, Span<byte> block)
    {
        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Min(count, Array.MaxLength));
        try
        {
            var data = rented.AsSpan(0, (int)Math.Min(count, Array.MaxLength));
            reader.Fill(offset, data);
            if (layout.Compression == TiffCompression.Lzw && TiffLzw.IsOldStyle(data))
                throw new InputException($"{path}: old-style LZW is not read; convert it with: tiffcp -c lzw IN OUT.");
            if (layout.ReversedBits && layout.Compression != TiffCompression.Jpeg)
                foreach (ref var bits in data)
                    bits = (byte)((bits * 0x0202020202UL & 0x010884422010UL) % 1023);
            var read = layout.Compression == TiffCompression.Jpeg
                ? DecodeJpeg(layout, data, tables, block) : TiffCompression.Decode(layout.Compression, data, block);
            if (!read)
                throw new InputException($"{path}: page {page} is damaged (block {number}).");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        var sampleBytes = layout.BitDepth % 8 == 0 ? layout.BitDepth / 8 : 1;
        if (reader.BigEndian == BitConverter.IsLittleEndian && layout.Predictor != TiffPredictor.FloatingPoint)
            SwapBytes(block, sampleBytes);
        if (layout.Predictor != TiffPredictor.None)
            for (var at = 0; at < block.Length; at += (int)layout.RowBytes)
            {
                var row = block.Slice(at, (int)layout.RowBytes);
                if (layout.Predictor == TiffPredictor.Horizontal)
                    TiffPredictor.Sum(row, sampleBytes, layout.BlockSamples);
                else
                    TiffPredictor.Join(row, sampleBytes, layout.BlockSamples);
            }
    }

    private bool DecodeJpeg(TiffLayout layout, ReadOnlySpan<byte> data, byte[] tables, Span<byte> block)
    {
        if (TiffJpeg.Header(data) is not { } header)
            return false;
        if (header.Bits != 8 || layout.BitDepth != 8 || header.Lossless)
            throw new InputException($"{path}: JPEG of {header.Bits} bits{(header.Lossless ? ", lossless," : "")} inside TIFF is not read; "
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

    private void StoreRow(TiffLayout layout, Span<byte> row, int z, int y, int x, int columns, int channel, int plane)
    {
        var samples = layout.BlockSamples;
        row = Unpacked(layout, row, columns * samples);
        var sampleBytes = layout.Type.Size();
        var kept = layout.Planar ? 1 : layout.Channels;
        row = PackedSamples.KeepChannels(row[..(columns * samples * sampleBytes)], samples, kept, sampleBytes);
        var volume = _builder.Volume;
        var pixel = ((long)z * layout.Height + y) * layout.Width + x;
        if (_palette is null)
        {
            _builder.Store(row, layout.Type, pixel * volume.Channels + channel * layout.Channels + plane, kept, volume.Channels);
            return;
        }
        var colours = new byte[3 * columns];
        for (var i = 0; i < columns; i++)
            _palette.AsSpan(3 * row[i], 3).CopyTo(colours.AsSpan(3 * i));
        _builder.Store(colours, SampleType.UInt8, pixel * volume.Channels + 3 * channel, 3, volume.Channels);
    }

    /// <summary>The samples of a row in whole bytes.</summary>
    private static Span<byte> Unpacked(TiffLayout layout, Span<byte> row, int samples)
    {
        if (layout.BitDepth % 8 == 0)
            return row;
        var unpacked = new byte[samples * layout.Type.Size()];
        switch (layout.Type)
        {
            case SampleType.UInt8: PackedSamples.Unpack<byte>(row, layout.BitDepth, unpacked); break;
            case SampleType.UInt16: PackedSamples.Unpack(row, layout.BitDepth, MemoryMarshal.Cast<byte, ushort>(unpacked.AsSpan())); break;
            default: PackedSamples.Unpack(row, layout.BitDepth, MemoryMarshal.Cast<byte, uint>(unpacked.AsSpan())); break;
        }
        return unpacked;
    }

    /// <summary>Planes whose data follows the first page's; ImageJ writes stacks beyond 4 GiB so.</summary>
    private void DecodeFollowing(TiffLayout layout, TiffDirectory first)
    {
        var start = first.Numbers(TiffTag.STRIPOFFSETS)[0];
        var row = new byte[layout.RowBytes];
        for (var z = 0; z < _axes.Slices; z++)
            for (var c = 0; c < _axes.Channels; c++)
                for (var y = 0; y < layout.Height; y++)
                {
                    reader.Fill(start + ((long)_axes.Plane(z, c) * layout.Height + y) * row.Length, row);
                    if (reader.BigEndian == BitConverter.IsLittleEndian)
                        SwapBytes(row, layout.BitDepth / 8);
                    StoreRow(layout, row, z, y, 0, layout.Width, c, plane: 0);
                }
    }

    /// <summary>How many planes the file has room for from the first one's data on.</summary>
    private long Following(TiffLayout layout, TiffDirectory first) =>
        layout.IsPlain && first.Numbers(TiffTag.STRIPOFFSETS) is [var start, ..] && start >= 0 && start < stream.Length
            ? (stream.Length - start) / (layout.RowBytes * layout.Height) : 1;

    /// <summary>
    /// The colours of an image's numbers. Labels are the numbers themselves, and so are intensities whose colours only display them:
    /// ImageJ's, or a table whose columns never fall.
    /// </summary>
    private static byte[]? Palette(TiffDirectory page, TiffLayout layout)
    {
        if (typeof(T) == typeof(int) || layout.Photometric != Photometric.PALETTE || layout.Samples != 1 || layout.Type != SampleType.UInt8
            || ImageJDescription.IsIt(page.Text(TiffTag.IMAGEDESCRIPTION)))
            return null;
        var table = page.Numbers(TiffTag.COLORMAP);
        var size = 1 << layout.BitDepth;
        if (table.Length != 3 * size || Array.TrueForAll([0, 1, 2], column => Rises(table.AsSpan(column * size, size))))
            return null;
        var colours = new byte[table.Length];
        for (var i = 0; i < size; i++)
            for (var column = 0; column < 3; column++)
                colours[3 * i + column] = (byte)(table[column * size + i] >> 8);
        return colours;

        static bool Rises(ReadOnlySpan<long> column)
        {
            for (var i = 1; i < column.Length; i++)
                if (column[i] < column[i - 1])
                    return false;
            return true;
        }
    }

    /// <summary>Refuses pages that declare more than the file can hold, before anything is allocated for them.</summary>
    private void CheckSize(TiffLayout layout, int planes)
    {
        var ratio = (UInt128)TiffCompression.MaxRatio(layout.Compression, path);
        var block = (UInt128)layout.RowBytes * (ulong)layout.BlockHeight * (ulong)layout.BlockDepth;
        // A tile may reach beyond a small page, but then it is stored whole.
        if (layout.Bytes * (ulong)planes > (ulong)stream.Length * ratio || block > (ulong)stream.Length * ratio || block > (ulong)Array.MaxLength)
            throw new InputException($"{path}: declares {planes} x {layout.Pixels} but has only {stream.Length} bytes.");
    }

    /// <summary>Where the blocks of a page are and how many bytes they have; each must hold what its pixels need.</summary>
    private (long[] Offsets, long[] Counts) Blocks(TiffLayout layout, TiffDirectory page)
    {
        var (offsetTag, countTag) = layout.Tiled && page.Has(TiffTag.TILEOFFSETS)
            ? (TiffTag.TILEOFFSETS, TiffTag.TILEBYTECOUNTS) : (TiffTag.STRIPOFFSETS, TiffTag.STRIPBYTECOUNTS);
        var (listed, sizes) = (page.Count(offsetTag), page.Count(countTag));
        var whole = layout.RowBytes * layout.BlockHeight * layout.BlockDepth;
        // Old programs leave out the sizes of blocks that are not compressed.
        var sized = sizes > 0 || layout.Compression != TiffCompression.None;
        if (listed < layout.Blocks || (sized && sizes < layout.Blocks))
            throw new InputException(
                $"{path}: damaged TIFF (page {page.Index} of {layout.Blocks} blocks lists {Math.Min(listed, sized ? sizes : listed)}).");
        var offsets = page.Numbers(offsetTag).AsSpan(0, (int)layout.Blocks).ToArray();
        var counts = sized ? page.Numbers(countTag).AsSpan(0, offsets.Length).ToArray() : new long[offsets.Length];
        for (var i = 0; i < offsets.Length; i++)
        {
            var rows = Math.Min(layout.BlockHeight, layout.Height - i / layout.Across % layout.Down * layout.BlockHeight);
            var wanted = layout.Tiled ? whole : layout.RowBytes * rows * layout.BlockDepth;
            if (!sized)
                counts[i] = wanted;
            if (counts[i] == 0)
                throw new InputException($"{path}: block {i} of page {page.Index} is empty; save the image again with all its blocks.");
            if (offsets[i] < 0 || counts[i] < 0 || offsets[i] > stream.Length || counts[i] > stream.Length - offsets[i])
                throw new InputException($"{path}: TIFF is cut off or damaged (data at {offsets[i]}, the file has {stream.Length} bytes).");
            if ((UInt128)counts[i] * (ulong)TiffCompression.MaxRatio(layout.Compression, path) < (ulong)wanted)
                throw new InputException($"{path}: damaged TIFF (block {i} of page {page.Index} has {counts[i]} bytes for {wanted}).");
        }
        return (offsets, counts);
    }

    private static void SwapBytes(Span<byte> row, int sampleBytes)
    {
        switch (sampleBytes)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, ushort>(row);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = MemoryMarshal.Cast<byte, uint>(row);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(row);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }
}
