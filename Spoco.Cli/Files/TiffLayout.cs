using BitMiracle.LibTiff.Classic;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>How one page stores its pixels.</summary>
internal sealed record TiffLayout
{
    // Of these, 64 bits each, the bytes can be counted in 64 bits.
    private const ulong MostSamples = 1UL << 59;

    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Slices of the page; 1 but for volumes in one page.</summary>
    public required int Depth { get; init; }

    /// <summary>Samples of a pixel, alpha included.</summary>
    public required int Samples { get; init; }

    /// <summary>Samples of a pixel without alpha.</summary>
    public required int Channels { get; init; }

    public required int BitDepth { get; init; }

    public required SampleType Type { get; init; }

    public required int Compression { get; init; }

    public required int Predictor { get; init; }

    public required Photometric Photometric { get; init; }

    /// <summary>Whether the bits of each byte run from the least significant.</summary>
    public required bool ReversedBits { get; init; }

    /// <summary>Which corner the first row begins in, and whether rows are columns.</summary>
    public required int Orientation { get; init; }

    public required bool Planar { get; init; }

    public required bool Tiled { get; init; }

    public required int BlockWidth { get; init; }

    public required int BlockHeight { get; init; }

    /// <summary>Slices of a block.</summary>
    public required int BlockDepth { get; init; }

    /// <summary>Samples of a pixel within one block.</summary>
    public int BlockSamples => Planar ? 1 : Samples;

    /// <summary>Bytes of a block's row; rows begin on whole bytes.</summary>
    public long RowBytes => ((long)BitDepth * BlockSamples * BlockWidth + 7) / 8;

    /// <summary>Bytes of a block.</summary>
    public long BlockBytes => RowBytes * BlockHeight * BlockDepth;

    /// <summary>Bytes of a sample; 1 where samples are no whole bytes.</summary>
    public int SampleBytes => BitDepth % 8 == 0 ? BitDepth / 8 : 1;

    public int Across => (Width - 1) / BlockWidth + 1;

    public int Down => (Height - 1) / BlockHeight + 1;

    /// <summary>Blocks of the page, every plane's.</summary>
    public long Blocks => BlockNumber(Planar ? Samples : 1, 0, 0, 0);

    /// <summary>Bytes of the page, were it not compressed.</summary>
    public UInt128 Bytes => ((UInt128)BitDepth * (ulong)Samples * (ulong)Width + 7) / 8 * (ulong)Height * (ulong)Depth;

    /// <summary>Whether the page's pixels lie in the file as they are, from the first to the last.</summary>
    public bool IsPlain => Compression == TiffCompression.None && !Tiled && !Planar && Depth == 1 && BitDepth % 8 == 0 && !ReversedBits;

    /// <summary>What must be the same on every page.</summary>
    public string Pixels => $"{Width} x {Height}{(Depth > 1 ? $" x {Depth}" : "")} pixels, {Channels} {(Channels == 1 ? "channel" : "channels")} of {Type}";

    private int Deep => (Depth - 1) / BlockDepth + 1;

    /// <summary>The number of a block that is counted along each axis.</summary>
    public long BlockNumber(int plane, int z, int y, int x) => (((long)plane * Deep + z) * Down + y) * Across + x;

    /// <summary>Where it lies in the page; it may reach beyond.</summary>
    public VoxelBox BlockBox(int z, int y, int x) => new(z * BlockDepth, y * BlockHeight, x * BlockWidth, BlockDepth, BlockHeight, BlockWidth);

    /// <summary>Bytes of a block that are stored: the last strip ends with the page, tiles are always whole.</summary>
    public long FilledBytes(long block) =>
        Tiled ? BlockBytes : RowBytes * Math.Min(BlockHeight, Height - block / Across % Down * BlockHeight) * BlockDepth;

    /// <summary>Reads what a page says of itself.</summary>
    /// <exception cref="InputException">It is damaged, or of a kind that is not read.</exception>
    public static TiffLayout Of(string path, TiffDirectory page)
    {
        int Field(TiffTag tag, int otherwise) => (int)Math.Clamp(page.Number(tag, otherwise), -1, int.MaxValue);
        var compression = Field(TiffTag.COMPRESSION, TiffCompression.None);
        TiffCompression.MaxRatio(compression, path);
        var (width, height, depth) = (Field(TiffTag.IMAGEWIDTH, 0), Field(TiffTag.IMAGELENGTH, 0), Field(TiffTag.IMAGEDEPTH, 1));
        var samples = Field(TiffTag.SAMPLESPERPIXEL, 1);
        VolumeBuilder<float>.CheckNotEmpty(path, depth, height, width, samples);
        if ((UInt128)depth * (ulong)height * (ulong)width * (ulong)samples > MostSamples)
            throw new InputException($"{path}: declares {depth} x {height} x {width}, {samples} channels: more than any file holds.");
        var tiled = page.Has(TiffTag.TILEWIDTH) || page.Has(TiffTag.TILELENGTH) || page.Has(TiffTag.TILEOFFSETS);
        var planar = Field(TiffTag.PLANARCONFIG, (int)PlanarConfig.CONTIG) == (int)PlanarConfig.SEPARATE && samples > 1;
        // A missing or overlong strip height means one strip, of all slices where the page has several.
        var rows = page.Number(TiffTag.ROWSPERSTRIP, height) is var stated && (stated < 1 || stated > height) ? height : (int)stated;
        var wholeInOne = !tiled && depth > 1 && page.Count(TiffTag.STRIPOFFSETS) == (planar ? samples : 1);
        var bits = BitsOf(path, page);
        var photometric = PhotometricOf(path, page, compression, planar);
        var layout = new TiffLayout
        {
            Width = width,
            Height = height,
            Depth = depth,
            Samples = samples,
            Channels = samples - AlphaSamples(path, page, samples, photometric),
            BitDepth = bits,
            Type = TypeOf(path, page, bits),
            Compression = compression,
            Predictor = compression is TiffCompression.None or TiffCompression.PackBits or TiffCompression.Jpeg
                ? TiffPredictor.None : Field(TiffTag.PREDICTOR, TiffPredictor.None),
            Photometric = photometric,
            ReversedBits = Field(TiffTag.FILLORDER, 1) == 2,
            Orientation = Field(TiffTag.ORIENTATION, 1) is var corner and >= 1 and <= 8 ? corner : 1,
            Planar = planar,
            Tiled = tiled,
            BlockWidth = tiled ? Field(TiffTag.TILEWIDTH, 0) : width,
            BlockHeight = tiled ? Field(TiffTag.TILELENGTH, 0) : wholeInOne ? height : rows,
            BlockDepth = tiled ? Field(TiffTag.TILEDEPTH, 1) : wholeInOne ? depth : 1,
        };
        if (layout.BlockWidth < 1 || layout.BlockHeight < 1 || layout.BlockDepth < 1)
            throw new InputException($"{path}: damaged TIFF (blocks of {layout.BlockWidth} x {layout.BlockHeight} pixels).");
        if ((UInt128)bits * (ulong)layout.BlockSamples * (ulong)layout.BlockWidth / 8 > (ulong)Array.MaxLength)
            throw new InputException($"{path}: rows of {layout.BlockWidth} pixels are not read: save it in tiles, with: tiffcp -t IN OUT.");
        CheckPredictor(path, layout);
        return layout;
    }

    /// <summary>Bits of a sample, the same for all samples of a pixel.</summary>
    private static int BitsOf(string path, TiffDirectory page)
    {
        var bits = page.Numbers(TiffTag.BITSPERSAMPLE);
        if (bits.AsSpan().ContainsAnyExcept(bits is [var first, ..] ? first : 0))
            throw new InputException(
                $"{path}: samples of different widths ({string.Join(", ", bits.Take(4))} bits) are not read; save each channel with 8 or 16 bits.");
        // Without the tag a sample is one bit.
        return bits.Length == 0 ? 1 : (int)Math.Clamp(bits[0], 0, int.MaxValue);
    }

    private static SampleType TypeOf(string path, TiffDirectory page, int bits)
    {
        var format = (SampleFormat)page.Number(TiffTag.SAMPLEFORMAT, (int)SampleFormat.UINT);
        return (bits, format) switch
        {
            (8 or 16 or 32 or 64, SampleFormat.UINT or SampleFormat.VOID) => SampleTypes.Unsigned(bits / 8),
            (>= 1 and < 8, SampleFormat.UINT or SampleFormat.VOID) => SampleType.UInt8,
            (> 8 and < 16, SampleFormat.UINT or SampleFormat.VOID) => SampleType.UInt16,
            (> 16 and < 32 and not 24, SampleFormat.UINT or SampleFormat.VOID) => SampleType.UInt32,
            (8 or 16 or 32 or 64, SampleFormat.INT) => SampleTypes.Signed(bits / 8),
            (16 or 32 or 64, SampleFormat.IEEEFP) => SampleTypes.Float(bits / 8),
            _ => null,
        } ?? throw new InputException($"{path}: samples of {bits} bits, {Name(format)}, are not read; "
            + "whole numbers of 1 to 32 or 64 bits (but 24) and floats of 16, 32 or 64 bits are: save it so with Fiji (Image > Type).");

        static string Name(SampleFormat format) => format switch
        {
            SampleFormat.UINT or SampleFormat.VOID => "unsigned",
            SampleFormat.INT => "signed",
            SampleFormat.IEEEFP => "floating point",
            SampleFormat.COMPLEXINT or SampleFormat.COMPLEXIEEEFP => "complex",
            _ => "of an unknown kind",
        };
    }

    private static Photometric PhotometricOf(string path, TiffDirectory page, int compression, bool planar)
    {
        var photometric = (Photometric)page.Number(TiffTag.PHOTOMETRIC, (int)Photometric.MINISBLACK);
        var name = photometric switch
        {
            Photometric.SEPARATED => "CMYK colours",
            Photometric.CIELAB or Photometric.ICCLAB or Photometric.ITULAB => "CIE L*a*b* colours",
            Photometric.LOGL or Photometric.LOGLUV => "LogLuv colours",
            Photometric.YCBCR when compression != TiffCompression.Jpeg || planar => "YCbCr colours outside of JPEG",
            _ => null,
        };
        return name is null ? photometric : throw new InputException(
            $"{path}: {name} are not read; convert it to RGB, with Fiji (Image > Type > RGB Color).");
    }

    /// <summary>Samples at a pixel's end that are opacity: declared as such, or a fourth beside red, green and blue.</summary>
    private static int AlphaSamples(string path, TiffDirectory page, int samples, Photometric photometric)
    {
        var declared = page.Numbers(TiffTag.EXTRASAMPLES);
        if (declared.Length >= 1 && declared.Length < samples && Array.TrueForAll(declared, kind => kind is 1 or 2))
            return declared.Length;
        // Opacity for most programs, near infrared or another stain for some.
        if (photometric == Photometric.RGB && samples == 4 && declared is [0])
            InputNotes.Once($"{path}: what the fourth sample of a pixel is, the file leaves open; it is passed over as opacity. "
                + "If it is a channel, save four channels that are no colours (photometric: MinIsBlack).");
        return photometric == Photometric.RGB && samples == 4 ? 1 : 0;
    }

    private static void CheckPredictor(string path, TiffLayout layout)
    {
        var fits = layout.Predictor switch
        {
            TiffPredictor.None => true,
            TiffPredictor.Horizontal => layout.BitDepth is 8 or 16 or 32 or 64,
            TiffPredictor.FloatingPoint => layout.Type is SampleType.Float16 or SampleType.Float32 or SampleType.Float64,
            _ => false,
        };
        if (!fits)
            throw new InputException(
                $"{path}: predictor {layout.Predictor} with {layout.BitDepth}-bit samples is not read; convert it with: tiffcp -c lzw:1 IN OUT.");
    }
}
