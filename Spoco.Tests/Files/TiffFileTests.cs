using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;
using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TiffFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void LabelsRoundTrip([Values(65535, 65536, int.MaxValue)] int largest, [Values(1, 3)] int depth, [Values] bool sized)
    {
        var labels = new Volume<int>([.. Enumerable.Range(0, depth * 5 * 700)], depth, 5, 700)
        {
            VoxelSize = sized ? new VoxelSize(0.2837, 0.1268, 0.13) : null,
        };
        labels.Data[^1] = largest;
        var path = _folder.File("labels.tif");
        TiffFile.WriteLabels(path, labels);
        var read = InputFile.ReadLabels(path);
        Assert.That(read.Data, Is.EqualTo(labels.Data));
        Assert.That((read.Depth, read.Height, read.Width), Is.EqualTo((depth, 5, 700)));
        Assert.That(read.VoxelSize.HasValue, Is.EqualTo(sized));
        if (sized)
        {
            Assert.That(read.VoxelSize!.Value.Y, Is.EqualTo(0.1268).Within(1e-7));
            Assert.That(read.VoxelSize!.Value.X, Is.EqualTo(0.13).Within(1e-7));
            if (depth > 1)
                Assert.That(read.VoxelSize!.Value.Z, Is.EqualTo(0.2837).Within(1e-12));
        }
        Assert.That(Bits(path), Is.EqualTo(largest > 65535 ? 32 : 16));
    }

    [Test]
    public void ManyStripsRoundTrip()
    {
        var random = new Random(5);
        var labels = new Volume<int>([.. Enumerable.Range(0, 2 * 801 * 1003).Select(_ => random.Next(3000))], 2, 801, 1003);
        var path = _folder.File("labels.tif");
        TiffFile.WriteLabels(path, labels);
        Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(labels.Data));
    }

    [Test]
    public void NegativeLabelsAreRefusedAndLeaveNoFile()
    {
        Assert.That(() => TiffFile.WriteLabels(_folder.File("a.tif"), new Volume<int>([-2], 1, 1, 1)), Throws.TypeOf<InputException>());
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void ReadsEverySampleType([Values] bool bigEndian, [Values] bool bigTiff, [Values(8, 16, 32, 64)] int bits, [Values(1, 2)] int format)
    {
        if (bigEndian && bigTiff)
            return;
        var tiff = new TestTiff(bigEndian, bigTiff) { Width = 3, Height = 2, Bits = bits, SampleFormat = format };
        long[] values = [0, 1, 100, 127, format == 2 ? -1 : 200, format == 2 ? -128 : 255];
        var path = _folder.Write("a.tif", tiff.Page(2, tiff.Samples(bits / 8, values)).ToArray());
        var image = InputFile.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((1, 2, 3, 1)));
        Assert.That(image.Data, Is.EqualTo(values.Select(value => (float)value)));
        if (format == 1)
            Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(values.Select(value => (int)value)));
        else
            Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("-1 at y 1, x 1 is no label"));
    }

    [Test]
    public void ReadsFloats([Values] bool bigEndian, [Values(16, 32, 64)] int bits)
    {
        var tiff = new TestTiff(bigEndian) { Width = 2, Height = 1, Bits = bits, SampleFormat = 3 };
        long[] raw = bits switch
        {
            16 => [BitConverter.HalfToInt16Bits((Half)1.5), BitConverter.HalfToInt16Bits((Half)(-2))],
            32 => [BitConverter.SingleToInt32Bits(1.5f), BitConverter.SingleToInt32Bits(-2)],
            _ => [BitConverter.DoubleToInt64Bits(1.5), BitConverter.DoubleToInt64Bits(-2)],
        };
        var path = _folder.Write("a.tif", tiff.Page(1, tiff.Samples(bits / 8, raw)).ToArray());
        float[] expected = [1.5f, -2];
        Assert.That(InputFile.ReadImage(path).Data, Is.EqualTo(expected));
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("1.5 at y 0, x 0 is no label"));
    }

    [Test]
    public void NotFiniteValuesAreRefusedWithTheirPlace([Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float bad)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 2, Bits = 32, SampleFormat = 3 };
        byte[] Page(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        var path = _folder.Write("a.tif", tiff.Page(2, Page(1, 2, 3, 4)).Page(2, Page(1, 2, bad, 4)).ToArray());
        Assert.That(() => InputFile.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.StartsWith(path).And.Message.Contains("at z 1, y 1, x 0: image values must be finite"));
    }

    [Test]
    public void LabelsBeyondIntAreRefused()
    {
        var tiff = new TestTiff(bigEndian: true) { Width = 2, Height = 1, Bits = 32 };
        var path = _folder.Write("a.tif", tiff.Page(1, tiff.Samples(4, 5, 3_000_000_000)).ToArray());
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("3000000000 at y 0, x 1 is no label"));
    }

    [Test]
    public void ReadsOneBitPages()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 10, Height = 2, Bits = 1 };
        var path = _folder.Write("a.tif", tiff.Page(2, [[0b1010_0000, 0b1100_0000, 0b0000_0001, 0b0100_0000]]).ToArray());
        int[] expected = [1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(expected));
    }

    [Test]
    public void AlphaIsDropped([Values] bool declared)
    {
        var tiff = new TestTiff(bigEndian: false)
        {
            Width = 2, Height = 1, SamplesPerPixel = 4, Photometric = 2, ExtraSamples = declared ? [2] : [0],
        };
        var path = _folder.Write("a.tif", tiff.Page(1, [[1, 2, 3, 255, 4, 5, 6, 255]]).ToArray());
        var image = InputFile.ReadImage(path);
        Assert.That(image.Channels, Is.EqualTo(3));
        Assert.That(image.Data, Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void SeveralGreyChannelsAreKept()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, SamplesPerPixel = 4, ExtraSamples = [0, 0, 0] };
        var path = _folder.Write("a.tif", tiff.Page(1, [[1, 2, 3, 4, 5, 6, 7, 8]]).ToArray());
        Assert.That(InputFile.ReadImage(path).Data, Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }));
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("the file has 4"));
    }

    [Test]
    public void PagesOfDifferentSizesAreRefused()
    {
        var small = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.Page(1, [[1, 2]]).ToArray();
        var path = _folder.Write("a.tif", small);
        using (var tiff = Tiff.Open(path, "a"))
            WriteWithLibTiff(tiff, [7, 8, 9], 3, 1, 1, Compression.NONE, planar: false, tiled: false);
        Assert.That(() => InputFile.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.Contains("page 1 is 3 x 1 pixels").And.Message.Contains("page 0 is 2 x 1 pixels"));
    }

    [Test]
    public void ReadsEveryCompressionAndArrangement(
        [Values("wl", "wb", "w8l")] string mode, [Values(Compression.NONE, Compression.LZW, Compression.DEFLATE, Compression.ADOBE_DEFLATE,
            Compression.PACKBITS)] Compression compression, [Values] bool planar, [Values] bool tiled, [Values(1, 3)] int samples)
    {
        var (width, height) = (37, 21);
        var values = Enumerable.Range(0, width * height * samples * 2).Select(i => (ushort)(i * 37 % 4001 / 5)).ToArray();
        var path = _folder.File("a.tif");
        using (var tiff = Tiff.Open(path, mode))
            for (var page = 0; page < 2; page++)
                WriteWithLibTiff(tiff, values.AsSpan(page * width * height * samples, width * height * samples), width, height, samples,
                    compression, planar, tiled);
        var image = InputFile.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((2, height, width, samples)));
        Assert.That(image.Data, Is.EqualTo(values.Select(value => (float)value)));
    }

    [Test]
    public void UnknownCompressionIsNamed()
    {
        var path = _folder.Write("a.tif", new TestTiff(bigEndian: false) { Width = 2, Height = 1, Compression = 7 }.Page(1, [[1, 2]]).ToArray());
        Assert.That(() => InputFile.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.Contains("compression JPEG (page 0) is not supported"));
    }

    [Test]
    public void ImageJStackWithOneDirectoryIsReadWhole([Values] bool bigEndian)
    {
        var tiff = new TestTiff(bigEndian)
        {
            Width = 2, Height = 2, Bits = 16, Description = "ImageJ=1.53c\nimages=3\nslices=3\n",
        };
        // The slices follow the first one's data, so the strip must be the last thing that the directory mentions: it is shifted to the end.
        var bytes = tiff.Page(2, tiff.Samples(2, 1, 2, 3, 4)).ToArray();
        var data = tiff.Samples(2, [.. Enumerable.Range(1, 12).Select(i => (long)i * 300)]);
        MoveStrip(bytes, bigEndian, bytes.Length);
        var path = _folder.Write("a.tif", [.. bytes, .. data]);
        var image = InputFile.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width), Is.EqualTo((3, 2, 2)));
        Assert.That(image.Data, Is.EqualTo(Enumerable.Range(1, 12).Select(i => i * 300f)));

        _folder.Write("a.tif", [.. bytes, .. data[..^1]]);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>());
    }

    [Test]
    public void ImageJChannelPagesBecomeChannels()
    {
        var tiff = new TestTiff(bigEndian: true)
        {
            Width = 2, Height = 1, Description = "ImageJ=1.53c\nimages=6\nchannels=2\nslices=3\nhyperstack=true\n",
        };
        for (byte page = 0; page < 6; page++)
            tiff.Page(1, [page, (byte)(page + 10)]);
        var image = InputFile.ReadImage(_folder.Write("a.tif", tiff.ToArray()));
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((3, 1, 2, 2)));
        Assert.That(image.Data, Is.EqualTo(new float[] { 0, 1, 10, 11, 2, 3, 12, 13, 4, 5, 14, 15 }));
    }

    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=micron\nspacing=0.5\n", 1, 0.5, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=\\u00B5m\nspacing=0.5\n", 1, 0.5, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=\u00B5m\n", 1, 1, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=nm\nspacing=45\n", 1, 0.045, 0.00025)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nspacing=45\n", 1, 0, 0)]
    [TestCase("no stack", 3, 0, 0)]
    [TestCase("no stack", 2, 0, 0)]
    public void VoxelSizeIsReadWhereAUnitIsStated(string description, int unit, double z, double yx)
    {
        var tiff = new TestTiff(bigEndian: false)
        {
            Width = 1, Height = 1, Description = description, ResolutionUnit = unit, Resolution = (40, 40, 10),
        };
        var size = InputFile.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1]]).Page(1, [[2]]).ToArray())).VoxelSize;
        if (z == 0)
            Assert.That(size, Is.Null);
        else
            Assert.That((size!.Value.Z, size.Value.Y, size.Value.X), Is.EqualTo((z, yx, yx)));
    }

    [Test]
    public void ASliceInCentimetresHasAPixelSize()
    {
        var tiff = new TestTiff(bigEndian: false) { ResolutionUnit = 3, Resolution = (20_000, 40_000, 1) };
        Assert.That(InputFile.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1]]).ToArray())).VoxelSize, Is.EqualTo(new VoxelSize(0.25, 0.25, 0.5)));
    }

    [Test]
    public void MorePixelsThanTheFileCanHoldAreRefusedBeforeAllocation([Values(1, 5, 8, 32773)] int compression)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 200_000, Height = 10_000, Compression = compression };
        var path = _folder.Write("a.tif", tiff.Page(10_000, new byte[100]).ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("declares 1 x 200000 x 10000"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void BigEndianBigTiffIsRefusedByName()
    {
        var path = _folder.Write("a.tif", new TestTiff(bigEndian: true, bigTiff: true).Page(1, [[1]]).ToArray());
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("big-endian BigTIFF"));
    }

    [Test]
    public void APageLoopIsRefused()
    {
        var bytes = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.Page(1, [[1, 2]]).ToArray();
        bytes.AsSpan(4, 4).CopyTo(bytes.AsSpan(bytes.Length - 4));
        Assert.That(() => InputFile.ReadImage(_folder.Write("a.tif", bytes)), Throws.TypeOf<InputException>().With.Message.Contains("loop"));
    }

    [Test]
    public void DamagedPlainFilesAreRefused([Values] bool bigEndian, [Values] bool bigTiff)
    {
        if (bigEndian && bigTiff)
            return;
        var tiff = new TestTiff(bigEndian, bigTiff)
        {
            Width = 5, Height = 4, Bits = 16, SamplesPerPixel = 1, Description = "ImageJ=1.53c\nimages=2\nslices=2\nunit=um\n",
        };
        var strip = tiff.Samples(2, [.. Enumerable.Range(0, 10).Select(i => (long)i)]);
        Damage(tiff.Page(2, strip, strip).Page(2, strip, strip).ToArray(), bigEndian ? 1 : 2);
    }

    [Test]
    public void DamagedCompressedFilesAreRefused(
        [Values(Compression.LZW, Compression.ADOBE_DEFLATE, Compression.PACKBITS)] Compression compression, [Values] bool tiled)
    {
        var values = Enumerable.Range(0, 9 * 11 * 3).Select(i => (ushort)(i / 7)).ToArray();
        var path = _folder.File("a.tif");
        using (var tiff = Tiff.Open(path, "w"))
            for (var page = 0; page < 2; page++)
                WriteWithLibTiff(tiff, values, 9, 11, 3, compression, planar: true, tiled);
        Damage(File.ReadAllBytes(path), (int)compression);
    }

    [Test]
    public void DamagedLabelsAreRefused()
    {
        var path = _folder.File("a.tif");
        TiffFile.WriteLabels(path, new Volume<int>([.. Enumerable.Range(0, 400)], 2, 10, 20) { VoxelSize = new VoxelSize(1, 2, 3) });
        Damage(File.ReadAllBytes(path), 9);
    }

    [Test]
    public void NothingIsPrinted()
    {
        var bytes = new TestTiff(bigEndian: false) { Width = 5, Height = 4 }.Page(4, new byte[20]).ToArray();
        // A photometric interpretation and an entry that no reader knows.
        bytes[^60] = 99;
        var (output, error) = (Console.Out, Console.Error);
        using var written = new StringWriter();
        Console.SetOut(written);
        Console.SetError(written);
        try
        {
            DamagedFiles.SurvivesFlips(bytes, "a.tif", 300, seed: 4);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
        Assert.That(written.ToString(), Is.Empty);
    }

    private static void Damage(byte[] sound, int seed)
    {
        DamagedFiles.RefusesEveryTruncation(sound, "a.tif");
        DamagedFiles.SurvivesFlips(sound, "a.tif", 2000, seed);
    }

    private static int Bits(string path)
    {
        using var tiff = Tiff.Open(path, "r");
        return tiff.GetField(TiffTag.BITSPERSAMPLE)[0].ToInt();
    }

    /// <summary>Points the first page's only strip elsewhere.</summary>
    private static void MoveStrip(byte[] tiff, bool bigEndian, int offset)
    {
        var order = new TestTiff(bigEndian);
        var entry = order.Samples(2, 273, 4).Concat(order.Samples(4, 1)).ToArray();
        order.Samples(4, offset).CopyTo(tiff.AsSpan(tiff.AsSpan().IndexOf(entry) + 8));
    }

    private static void WriteWithLibTiff(
        Tiff tiff, ReadOnlySpan<ushort> values, int width, int height, int samples, Compression compression, bool planar, bool tiled)
    {
        const int TileWidth = 16, TileHeight = 32, StripHeight = 8;
        tiff.SetField(TiffTag.IMAGEWIDTH, width);
        tiff.SetField(TiffTag.IMAGELENGTH, height);
        tiff.SetField(TiffTag.BITSPERSAMPLE, 16);
        tiff.SetField(TiffTag.SAMPLESPERPIXEL, samples);
        tiff.SetField(TiffTag.PHOTOMETRIC, samples == 3 ? Photometric.RGB : Photometric.MINISBLACK);
        tiff.SetField(TiffTag.PLANARCONFIG, planar ? PlanarConfig.SEPARATE : PlanarConfig.CONTIG);
        tiff.SetField(TiffTag.COMPRESSION, compression);
        if (tiled)
        {
            tiff.SetField(TiffTag.TILEWIDTH, TileWidth);
            tiff.SetField(TiffTag.TILELENGTH, TileHeight);
        }
        else
        {
            tiff.SetField(TiffTag.ROWSPERSTRIP, StripHeight);
        }

        var number = 0;
        var (blockWidth, blockHeight) = tiled ? (TileWidth, TileHeight) : (width, StripHeight);
        for (var plane = 0; plane < (planar ? samples : 1); plane++)
            for (var y = 0; y < height; y += blockHeight)
                for (var x = 0; x < width; x += blockWidth)
                {
                    var block = new List<ushort>();
                    for (var by = 0; by < blockHeight && (tiled || y + by < height); by++)
                        for (var bx = 0; bx < blockWidth; bx++)
                            for (var s = planar ? plane : 0; s < (planar ? plane + 1 : samples); s++)
                                block.Add(y + by < height && x + bx < width ? values[((y + by) * width + x + bx) * samples + s] : (ushort)0);
                    var bytes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(block)).ToArray();
                    var written = tiled ? tiff.WriteEncodedTile(number, bytes, bytes.Length) : tiff.WriteEncodedStrip(number, bytes, bytes.Length);
                    Assert.That(written, Is.GreaterThan(0));
                    number++;
                }
        Assert.That(tiff.WriteDirectory(), Is.True);
    }
}
