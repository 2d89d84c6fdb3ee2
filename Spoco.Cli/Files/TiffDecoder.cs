using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Reads the pages of one TIFF into a volume.</summary>
internal sealed class TiffDecoder<T>(string path, Tiff tiff, Stream stream, int pages, int? ignored = null) where T : unmanaged
{
    private VolumeBuilder<T> _builder = null!;

    /// <summary>Channels of the stack that ImageJ stores as pages of their own (the fastest of its page axes).</summary>
    private int _pageChannels = 1;

    public Volume<T> Decode()
    {
        var first = ReadLayout(0);
        var description = tiff.GetField(TiffTag.IMAGEDESCRIPTION)?[0].ToString() ?? "";
        // ImageJ writes stacks beyond 4 GiB with one directory, the slices following each other without a gap.
        var images = TiffVoxelSize.Count(description, "images");
        var follow = pages == 1 && images > 1 && first.Samples == 1;
        var slices = follow ? images : pages;
        _pageChannels = TiffVoxelSize.Count(description, "channels");
        if (slices % _pageChannels != 0)
            _pageChannels = 1;

        CheckData(first, slices);
        var depth = slices / _pageChannels;
        _builder = new VolumeBuilder<T>(
            path, depth, first.Height, first.Width, (long)first.Channels * _pageChannels, TiffVoxelSize.Read(tiff, description, depth),
            ignored);
        if (follow)
            DecodeFollowing(first, images);
        else
            for (var page = 0; page < pages; page++)
                DecodePage(first, page);
        return _builder.Volume;
    }

    private void DecodePage(TiffLayout first, int page)
    {
        if (page > 0)
        {
            if (!TiffLog.Listen(tiff.ReadDirectory))
                throw Damaged(page);
            var layout = ReadLayout(page);
            if (layout.Pixels != first.Pixels)
                throw new InputException($"{path}: page {page} is {layout.Pixels}, page 0 is {first.Pixels}.");
            CheckData(layout, slices: 1);
            DecodeBlocks(layout, page);
        }
        else
        {
            DecodeBlocks(first, page);
        }
    }

    /// <summary>Strips or tiles; a strip is a tile as wide as the page.</summary>
    private void DecodeBlocks(TiffLayout page, int index)
    {
        var planes = page.Planar ? page.Samples : 1;
        var samples = page.Planar ? 1 : page.Samples;
        var buffer = new byte[page.BlockBytes];
        var across = (page.Width + page.BlockWidth - 1) / page.BlockWidth;
        var down = (page.Height + page.BlockHeight - 1) / page.BlockHeight;
        for (var block = 0; block < planes * across * down; block++)
        {
            var plane = block / (across * down);
            if (plane >= page.Channels)
                break;
            var x = block % across * page.BlockWidth;
            var y = block / across % down * page.BlockHeight;
            var rows = Math.Min(page.BlockHeight, page.Height - y);
            var wanted = page.Tiled ? page.BlockBytes : (int)page.RowBytes * rows;
            var number = block;
            var read = TiffLog.Listen(() => page.Tiled
                ? tiff.ReadEncodedTile(number, buffer, 0, wanted) : tiff.ReadEncodedStrip(number, buffer, 0, wanted));
            if (read != wanted || TiffLog.Failed)
                throw Damaged(index);
            var columns = Math.Min(page.BlockWidth, page.Width - x);
            for (var row = 0; row < rows; row++)
                StoreRow(page, buffer.AsSpan(row * (int)page.RowBytes, (int)page.RowBytes), samples, index, y + row, x, columns, plane);
        }
    }

    private void StoreRow(TiffLayout page, Span<byte> row, int samples, int index, int y, int x, int columns, int plane)
    {
        if (page.BitDepth < 8)
        {
            var unpacked = new byte[columns * samples];
            PackedSamples.Unpack(row, page.BitDepth, unpacked);
            row = unpacked;
        }
        var sampleBytes = page.Type.Size();
        var kept = page.Planar ? 1 : page.Channels;
        row = PackedSamples.KeepChannels(row[..(columns * samples * sampleBytes)], samples, kept, sampleBytes);
        var volume = _builder.Volume;
        var pixel = ((long)(index / _pageChannels) * page.Height + y) * page.Width + x;
        var channel = index % _pageChannels * page.Channels + plane;
        _builder.Store(row, page.Type, pixel * volume.Channels + channel, kept, volume.Channels);
    }

    /// <summary>The slices of a stack with a single directory, straight from the file.</summary>
    private void DecodeFollowing(TiffLayout page, int images)
    {
        if (page.Compression != Compression.NONE || page.Tiled || page.Planar || page.BitDepth < 8)
            throw new InputException($"{path}: declares {images} images but has one page, and not a plain one.");
        var start = tiff.GetField(TiffTag.STRIPOFFSETS)[0].TolongArray()[0];
        if (start < 0 || start > stream.Length || page.RowBytes * page.Height * images > stream.Length - start)
            throw new InputException($"{path}: declares {images} images but is cut off or has only one.");
        var row = new byte[page.RowBytes];
        var swap = tiff.IsByteSwapped();
        stream.Position = start;
        for (var image = 0; image < images; image++)
            for (var y = 0; y < page.Height; y++)
            {
                stream.ReadExactly(row);
                if (swap)
                    SwapBytes(row, page.Type.Size());
                StoreRow(page, row, page.Samples, image, y, 0, page.Width, plane: 0);
            }
    }

    private static void SwapBytes(Span<byte> row, int sampleBytes)
    {
        switch (sampleBytes)
        {
            case 2: Swap(MemoryMarshal.Cast<byte, ushort>(row)); break;
            case 4: Swap(MemoryMarshal.Cast<byte, uint>(row)); break;
            case 8: Swap(MemoryMarshal.Cast<byte, ulong>(row)); break;
        }

        static void Swap<TSample>(Span<TSample> samples) where TSample : unmanaged
        {
            foreach (ref var sample in samples)
                MemoryMarshal.AsBytes(new Span<TSample>(ref sample)).Reverse();
        }
    }

    private TiffLayout ReadLayout(int page)
    {
        int Field(TiffTag tag, int otherwise) => tiff.GetFieldDefaulted(tag)?[0].ToInt() ?? otherwise;
        var compression = (Compression)Field(TiffTag.COMPRESSION, (int)Compression.NONE);
        if (TiffLayout.MaxRatio(compression) is null)
            throw new InputException(
                $"{path}: compression {compression} (page {page}) is not supported; use none, LZW, deflate or packbits.");
        var bits = Field(TiffTag.BITSPERSAMPLE, 1);
        var format = (SampleFormat)Field(TiffTag.SAMPLEFORMAT, (int)SampleFormat.UINT);
        var type = (bits, format) switch
        {
            (1 or 2 or 4, SampleFormat.UINT or SampleFormat.VOID) => SampleType.UInt8,
            (8 or 16 or 32 or 64, SampleFormat.UINT or SampleFormat.VOID) => SampleTypes.Unsigned(bits / 8),
            (8 or 16 or 32 or 64, SampleFormat.INT) => SampleTypes.Signed(bits / 8),
            (16 or 32 or 64, SampleFormat.IEEEFP) => SampleTypes.Float(bits / 8),
            _ => null,
        } ?? throw new InputException($"{path}: {bits}-bit samples of format {format} (page {page}) are not supported.");

        var samples = Field(TiffTag.SAMPLESPERPIXEL, 1);
        var (width, height) = (Field(TiffTag.IMAGEWIDTH, 0), Field(TiffTag.IMAGELENGTH, 0));
        VolumeBuilder<T>.CheckExtents(path, 1, height, width, samples);
        var tiled = tiff.IsTiled();
        return new TiffLayout
        {
            Width = width,
            Height = height,
            Samples = samples,
            Channels = samples - AlphaSamples(samples),
            BitDepth = bits,
            Type = type,
            Compression = compression,
            Planar = Field(TiffTag.PLANARCONFIG, (int)PlanarConfig.CONTIG) == (int)PlanarConfig.SEPARATE && samples > 1,
            Tiled = tiled,
            BlockWidth = tiled ? Field(TiffTag.TILEWIDTH, 0) : width,
            BlockHeight = tiled ? Field(TiffTag.TILELENGTH, 0) : RowsPerStrip(height),
        };
    }

    /// <summary>A missing or overlong strip height means one strip.</summary>
    private int RowsPerStrip(int height)
    {
        var rows = tiff.GetFieldDefaulted(TiffTag.ROWSPERSTRIP)?[0].ToInt() ?? height;
        return rows < 0 || rows > height ? height : rows;
    }

    /// <summary>Samples at a pixel's end that are opacity: declared as such, or a fourth beside red, green and blue.</summary>
    private int AlphaSamples(int samples)
    {
        var declared = tiff.GetField(TiffTag.EXTRASAMPLES)?[1].ToShortArray() ?? [];
        if (declared.Length >= 1 && declared.Length < samples && Array.TrueForAll(declared, kind => kind is 1 or 2))
            return declared.Length;
        var rgb = tiff.GetField(TiffTag.PHOTOMETRIC)?[0].ToInt() == (int)Photometric.RGB;
        return rgb && samples == 4 ? 1 : 0;
    }

    /// <summary>Refuses a page that declares more than its part of the file can hold, before anything is allocated for it.</summary>
    private void CheckData(TiffLayout page, int slices)
    {
        if (page.BlockWidth < 1 || page.BlockHeight < 1)
            throw new InputException($"{path}: damaged TIFF (blocks of {page.BlockWidth} x {page.BlockHeight} pixels).");
        var limit = (UInt128)stream.Length * (ulong)TiffLayout.MaxRatio(page.Compression)!.Value;
        var needed = (UInt128)page.PixelBits * (ulong)page.Width * (ulong)page.Height / 8 * (ulong)slices;
        var block = (UInt128)page.PixelBits * (ulong)page.BlockWidth * (ulong)page.BlockHeight / 8;
        if (needed > limit || block > limit || block > (ulong)Array.MaxLength)
            throw new InputException($"{path}: declares {slices} x {page.Pixels} but has only {stream.Length} bytes.");
        var (offsetTag, countTag) = page.Tiled
            ? (TiffTag.TILEOFFSETS, TiffTag.TILEBYTECOUNTS) : (TiffTag.STRIPOFFSETS, TiffTag.STRIPBYTECOUNTS);
        var offsets = tiff.GetField(offsetTag)?[0].TolongArray() ?? [];
        var counts = tiff.GetField(countTag)?[0].TolongArray() ?? [];
        if (offsets.Length == 0 || counts.Length < offsets.Length)
            throw new InputException($"{path}: damaged TIFF (a page without data).");
        for (var i = 0; i < offsets.Length; i++)
            if (offsets[i] < 0 || counts[i] < 0 || offsets[i] > stream.Length || counts[i] > stream.Length - offsets[i])
                throw new InputException($"{path}: TIFF is cut off or damaged (data at {offsets[i]}, the file has {stream.Length} bytes).");
    }

    private InputException Damaged(int page) => new($"{path}: page {page} is damaged or cut off.", new InvalidDataException(TiffLog.Message));
}

/// <summary>How one page stores its pixels.</summary>
internal sealed record TiffLayout
{
    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Samples of a pixel, alpha included.</summary>
    public required int Samples { get; init; }

    /// <summary>Samples of a pixel without alpha.</summary>
    public required int Channels { get; init; }

    public required int BitDepth { get; init; }

    public required SampleType Type { get; init; }

    public required Compression Compression { get; init; }

    public required bool Planar { get; init; }

    public required bool Tiled { get; init; }

    public required int BlockWidth { get; init; }

    public required int BlockHeight { get; init; }

    /// <summary>Bits of a pixel within one block.</summary>
    public long PixelBits => (long)BitDepth * (Planar ? 1 : Samples);

    /// <summary>Bytes of a block's row; rows begin on whole bytes.</summary>
    public long RowBytes => (PixelBits * BlockWidth + 7) / 8;

    public int BlockBytes => checked((int)(RowBytes * BlockHeight));

    /// <summary>What must be the same on every page.</summary>
    public string Pixels => $"{Width} x {Height} pixels, {Channels} channels of {Type}";

    /// <summary>The most bytes a compressed byte can stand for; null for compressions that are not read.</summary>
    public static int? MaxRatio(Compression compression) => compression switch
    {
        Compression.NONE => 1,
        Compression.PACKBITS => 64,
        Compression.DEFLATE or Compression.ADOBE_DEFLATE => 1032,
        // A 9- to 12-bit code stands for at most 4096 bytes.
        Compression.LZW => 4096,
        _ => null,
    };
}
