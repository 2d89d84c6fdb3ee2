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
    public void VoxelSizesOfEveryScaleRoundTrip([Values(1e-4, 0.0325, 1, 650.123, 25_400)] double edge)
    {
        var path = _folder.File("labels.tif");
        TiffFile.WriteLabels(path, new Volume<int>(2, 1, 1) { VoxelSize = new VoxelSize(edge * 3, edge, edge * 1.5) });
        var size = InputFile.ReadLabels(path).VoxelSize!.Value;
        Assert.That(size.Z, Is.EqualTo(edge * 3).Within(1e-12 * edge));
        Assert.That(size.Y, Is.EqualTo(edge).Within(1e-6 * edge));
        Assert.That(size.X, Is.EqualTo(edge * 1.5).Within(1e-6 * edge));
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
        var tiff = new TestTiff(bigEndian, bigTiff) { Width = 3, Height = 2, Bits = bits, SampleFormat = format };
        long[] values = [0, 1, 100, 127, format == 2 ? -1 : 200, format == 2 ? -128 : 255];
        var path = _folder.Write("a.tif", tiff.Page(2, tiff.Samples(bits / 8, values)).ToArray());
        var image = TiffBoxes.ReadImage(path);
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
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(expected));
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("1.5 at y 0, x 0 is no label"));
    }

    [Test]
    public void NotFiniteValuesAreRefusedWithTheirPlace([Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float bad)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 2, Bits = 32, SampleFormat = 3 };
        byte[] Page(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        var path = _folder.Write("a.tif", tiff.Page(2, Page(1, 2, 3, 4)).Page(2, Page(1, 2, bad, 4)).ToArray());
        Assert.That(() => TiffBoxes.ReadImage(path),
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
        var (error, notes) = (Console.Error, new StringWriter());
        Console.SetError(notes);
        var image = TiffBoxes.ReadImage(path);
        Console.SetError(error);
        Assert.That(notes.ToString().Contains("passed over as opacity", StringComparison.Ordinal), Is.EqualTo(!declared), "a channel may be meant");
        Assert.That(image.Channels, Is.EqualTo(3));
        Assert.That(image.Data, Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void SeveralGreyChannelsAreKept()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, SamplesPerPixel = 4, ExtraSamples = [0, 0, 0] };
        var path = _folder.Write("a.tif", tiff.Page(1, [[1, 2, 3, 4, 5, 6, 7, 8]]).ToArray());
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }));
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("the file has 4"));
    }

    [Test]
    public void PagesOfDifferentSizesAreRefused()
    {
        var small = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.Page(1, [[1, 2]]).ToArray();
        var path = _folder.Write("a.tif", small);
        using (var tiff = Tiff.Open(path, "a"))
            WriteWithLibTiff(tiff, [7, 8, 9], 3, 1, 1, Compression.NONE, planar: false, tiled: false);
        Assert.That(() => TiffBoxes.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.Contains("page 1 is 3 x 1 pixels").And.Message.Contains("the first is 2 x 1 pixels"));
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
        var image = TiffBoxes.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((2, height, width, samples)));
        Assert.That(image.Data, Is.EqualTo(values.Select(value => (float)value)));
    }

    [TestCase(4, "fax (CCITT) inside TIFF is not read; convert it with: tiffcp -c lzw IN OUT")]
    [TestCase(6, "old-style JPEG inside TIFF is not read; convert it with: tiffcp")]
    [TestCase(34712, "JPEG 2000 inside TIFF is not read; open it in Fiji")]
    [TestCase(34925, "LZMA inside TIFF is not read; convert it with: tiffcp")]
    [TestCase(12345, "compression 12345 inside TIFF is not read")]
    public void UnreadCompressionsAreNamed(int compression, string line)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, Compression = compression };
        Assert.That(() => TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1, 2]]).ToArray())),
            Throws.TypeOf<InputException>().With.Message.Contains(line));
    }

    [TestCase(258, 12, 2, "samples of 12 bits, signed")]
    [TestCase(258, 24, 3, "samples of 24 bits, floating point")]
    [TestCase(258, 64, 6, "samples of 64 bits, complex")]
    [TestCase(258, 128, 6, "samples of 128 bits, complex")]
    [TestCase(258, 128, 1, "samples of 128 bits, unsigned")]
    [TestCase(258, 0, 1, "samples of 0 bits")]
    [TestCase(262, 5, 1, "CMYK colours are not read")]
    [TestCase(262, 6, 1, "YCbCr colours outside of JPEG are not read")]
    [TestCase(262, 8, 1, "CIE L*a*b* colours are not read")]
    public void UnreadSamplesAreNamed(int tag, int value, int format, string line)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, SampleFormat = format };
        var path = _folder.Write("a.tif", tiff.PageWith([(tag, 3, [value])], 1, new byte[32]).ToArray());
        Assert.That(() => TiffBoxes.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains(line));
    }

    [Test]
    public void EveryWidthOfUnsignedSamplesIsRead(
        [Values] bool bigEndian, [Values(1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 31)] int bits, [Values(1, 3)] int samples)
    {
        var tiff = new TestTiff(bigEndian) { Width = 5, Height = 3, Bits = bits, SamplesPerPixel = samples };
        var random = new Random(bits);
        var values = Enumerable.Range(0, 5 * 3 * samples).Select(_ => (long)random.Next((int)Math.Min(int.MaxValue, 1L << bits))).ToArray();
        byte[] data = bits is 8 or 16
            ? tiff.Samples(bits / 8, values)
            : [.. Enumerable.Range(0, 3).SelectMany(row => Packed(values.AsSpan(row * 5 * samples, 5 * samples), bits))];
        var path = _folder.Write("a.tif", tiff.Page(3, data).ToArray());
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(values.Select(value => (float)value)));
        if (samples == 1)
            Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(values.Select(value => (int)value)));
    }

    [Test]
    public void BitsInReversedOrderAreRead()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 10, Height = 1, Bits = 1 };
        var path = _folder.Write("a.tif", tiff.PageWith([(266, 3, [2])], 1, [[0b0000_0101, 0b0000_0011]]).ToArray());
        Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(new[] { 1, 0, 1, 0, 0, 0, 0, 0, 1, 1 }));
    }

    [Test]
    public void SmallerCopiesAreSkipped([Values] bool first)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1 };
        (int, int, long[])[] reduced = [(254, 4, [1]), (256, 4, [1])];
        (int, int, long[])[] oldReduced = [(255, 3, [2]), (256, 4, [1])];
        (int, int, long[])[] mask = [(254, 4, [4]), (256, 4, [1])];
        if (first)
            tiff.PageWith(reduced, 1, [[9]]);
        tiff.Page(1, [[1, 2]]).PageWith(reduced, 1, [[9]]).Page(1, [[3, 4]]).PageWith(oldReduced, 1, [[9]]).PageWith(mask, 1, [[9]]);
        var image = TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray()));
        Assert.That((image.Depth, image.Width), Is.EqualTo((2, 2)));
        Assert.That(image.Data, Is.EqualTo(new float[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void ALevelCutOutOfAPyramidIsRead()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.PageWith([(254, 4, [1])], 1, [[5, 6]]);
        Assert.That(TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray())).Data, Is.EqualTo(new float[] { 5, 6 }));
    }

    [Test]
    public void LevelsBelowAPageAreSkipped()
    {
        // The entry points at a directory that does not exist: nothing may follow it.
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.PageWith([(330, 4, [0x7FFFFFFF])], 1, [[5, 6]]);
        Assert.That(TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray())).Data, Is.EqualTo(new float[] { 5, 6 }));
    }

    [Test]
    public void AllSlicesOfAVolumeInOnePageAreRead([Values("tiles", "strip", "strips")] string kind)
    {
        var tiff = new TestTiff(bigEndian: true) { Width = 3, Height = 2, Bits = 16 };
        long Value(int z, int y, int x) => 100 * z + 10 * y + x;
        var expected = Enumerable.Range(0, 18).Select(i => Value(i / 6, i / 3 % 2, i % 3)).ToArray();
        (int, int, long[]) depth = (32997, 4, [3]);
        if (kind == "strip")
            tiff.PageWith([depth], 2, tiff.Samples(2, expected));
        else if (kind == "strips")
            tiff.PageWith([depth], 1, [.. Enumerable.Range(0, 6).Select(row => tiff.Samples(2, expected.AsSpan(3 * row, 3)))]);
        else
        {
            // Tiles of 2 x 2 x 2: two across, one down, two deep.
            var tiles = from bz in new[] { 0, 2 } from bx in new[] { 0, 2 }
                select tiff.Samples(2, [.. Enumerable.Range(0, 8).Select(i => Value(bz + i / 4, i / 2 % 2, bx + i % 2))]);
            tiff.PageWith([depth, (322, 4, [2]), (323, 4, [2]), (32998, 4, [2])], 2, [.. tiles]);
        }
        var image = TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray()));
        Assert.That((image.Depth, image.Height, image.Width), Is.EqualTo((3, 2, 3)));
        Assert.That(image.Data, Is.EqualTo(expected.Select(value => (float)value)));
    }

    // The picture's rows are 1 2 3 and 4 5 6; each is how a camera held so stores it.
    [TestCase(1, 3, new byte[] { 1, 2, 3, 4, 5, 6 })]
    [TestCase(2, 3, new byte[] { 3, 2, 1, 6, 5, 4 })]
    [TestCase(3, 3, new byte[] { 6, 5, 4, 3, 2, 1 })]
    [TestCase(4, 3, new byte[] { 4, 5, 6, 1, 2, 3 })]
    [TestCase(5, 2, new byte[] { 1, 4, 2, 5, 3, 6 })]
    [TestCase(6, 2, new byte[] { 3, 6, 2, 5, 1, 4 })]
    [TestCase(7, 2, new byte[] { 6, 3, 5, 2, 4, 1 })]
    [TestCase(8, 2, new byte[] { 4, 1, 5, 2, 6, 3 })]
    public void TheOrientationIsApplied(int orientation, int width, byte[] stored)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = width, Height = 6 / width, ResolutionUnit = 3, Resolution = (10_000, 5_000, 1) };
        var path = _folder.Write("a.tif", tiff.PageWith([(274, 3, [orientation])], 6 / width, stored).ToArray());
        var image = TiffBoxes.ReadImage(path);
        Assert.That((image.Height, image.Width), Is.EqualTo((2, 3)));
        Assert.That(image.Data, Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(image.VoxelSize!.Value.X, Is.EqualTo(orientation < 5 ? 1 : 2));
    }

    [Test]
    public void ZstdIsRead([Values] bool bigEndian, [Values] bool predicted, [Values] bool longer)
    {
        var tiff = new TestTiff(bigEndian) { Width = 4, Height = 2, Bits = 16, Compression = 50000 };
        long[] values = [1000, 2, 30000, 4, 5, 60000, 7, 8];
        long[] stored = predicted ? [.. values.Select((value, i) => i % 4 == 0 ? value : value - values[i - 1] & 0xFFFF)] : values;
        // Some programs fill up the last strip.
        using var zstd = new ZstdSharp.Compressor();
        var path = _folder.Write("a.tif", tiff.PageWith([(317, 3, [predicted ? 2 : 1])], 2, zstd.Wrap(tiff.Samples(2, longer ? [.. stored, 9] : stored)).ToArray()).ToArray());
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(values.Select(value => (float)value)));
    }

    [Test]
    public void LzwBeyondItsLargestTableIsRead([Values(1, 7, 65536)] int range)
    {
        var random = new Random(range);
        var values = Enumerable.Range(0, 2000 * 16).Select(_ => (ushort)random.Next(range)).ToArray();
        var path = _folder.File("a.tif");
        using (var tiff = Tiff.Open(path, "w"))
            WriteWithLibTiff(tiff, values, 2000, 16, 1, Compression.LZW, planar: false, tiled: false);
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(values.Select(value => (float)value)));
    }

    [Test]
    public void LzwOfTheFirstKindIsNamed()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, Compression = 5 }.Page(1, [[0, 1, 2, 3]]);
        Assert.That(() => TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray())),
            Throws.TypeOf<InputException>().With.Message.Contains("old-style LZW"));
    }

    [Test]
    public void ATimeSeriesIsRefusedWhateverItIsReadAs()
    {
        var tiff = new TestTiff(bigEndian: false) { Description = "ImageJ=1.53\nimages=2\nframes=2\n" }.Page(1, [[1]]).Page(1, [[2]]);
        var path = _folder.Write("a.tif", tiff.ToArray());
        Assert.That(() => TiffBoxes.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("a time series of 2 frames"));
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("a time series of 2 frames"));
    }

    [Test]
    public void DifferencesOfNeighboursAreSummed(
        [Values(Compression.LZW, Compression.ADOBE_DEFLATE)] Compression compression, [Values] bool planar, [Values] bool tiled)
    {
        var values = Enumerable.Range(0, 37 * 21 * 3).Select(i => (ushort)(i * 7919)).ToArray();
        var path = _folder.File("a.tif");
        // Big-endian the library takes the differences of swapped samples, which nobody else does; ZstdIsRead has that byte order.
        using (var tiff = Tiff.Open(path, "wl"))
            WriteWithLibTiff(tiff, values, 37, 21, 3, compression, planar, tiled, predictor: 2);
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(values.Select(value => (float)value)));
    }

    [Test]
    public void FloatsSplitIntoPlanesOfBytesAreJoined([Values] bool bigEndian, [Values(16, 32, 64)] int bits, [Values(1, 2)] int samples)
    {
        float[] values = [1.5f, -2, 1024, 0.25f, 3, -0.5f, 7, 8];
        var (bytes, perRow) = (bits / 8, values.Length / 2);
        byte[] BigEndian(float value) => [.. (bits switch
        {
            16 => BitConverter.GetBytes((Half)value), 32 => BitConverter.GetBytes(value), _ => BitConverter.GetBytes((double)value),
        }).Reverse()];
        byte[] Row(ReadOnlySpan<float> row)
        {
            var all = row.ToArray().Select(BigEndian).ToArray();
            var planes = Enumerable.Range(0, bytes).SelectMany(place => all.Select(value => value[place])).ToArray();
            return [.. planes.Select((value, i) => (byte)(i < samples ? value : value - planes[i - samples]))];
        }
        using var packed = new MemoryStream();
        using (var deflate = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionMode.Compress, leaveOpen: true))
            deflate.Write([.. Row(values.AsSpan(0, perRow)), .. Row(values.AsSpan(perRow))]);
        var tiff = new TestTiff(bigEndian)
        {
            Width = perRow / samples, Height = 2, Bits = bits, SamplesPerPixel = samples, SampleFormat = 3, Compression = 8,
        };
        var path = _folder.Write("a.tif", tiff.PageWith([(317, 3, [3])], 2, packed.ToArray()).ToArray());
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(values));
    }

    [Test]
    public void JpegIsRead([Values("grey", "RGB", "YCbCr")] string colours, [Values] bool tiled, [Values] bool bigEndian)
    {
        var samples = colours == "grey" ? 1 : 3;
        var (width, height) = (50, 45);
        var pixels = new byte[width * height * samples];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(100 + 2 * (i / samples % width) - (i / samples / width) + 20 * (i % samples));
        var path = _folder.File("a.tif");
        using (var tiff = Tiff.Open(path, bigEndian ? "wb" : "wl"))
            WriteJpeg(tiff, pixels, width, height, samples,
                colours == "YCbCr" ? Photometric.YCBCR : samples == 3 ? Photometric.RGB : Photometric.MINISBLACK, tiled);
        var image = TiffBoxes.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((1, height, width, samples)));
        for (var i = 0; i < pixels.Length; i++)
            Assert.That(image.Data[i], Is.EqualTo(pixels[i]).Within(6), $"value {i}");
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains(
            samples == 1 ? "holds JPEG, which does not keep numbers as they are" : "a.tif"));
    }

    [Test]
    public void DamagedJpegIsRefused()
    {
        var path = _folder.File("a.tif");
        using (var tiff = Tiff.Open(path, "wl"))
            WriteJpeg(tiff, [.. Enumerable.Range(0, 40 * 40 * 3).Select(i => (byte)(i * i))], 40, 40, 3, Photometric.YCBCR, tiled: false);
        DamagedFiles.SurvivesFlips(File.ReadAllBytes(path), "a.tif", 2000, seed: 7);
    }

    [Test]
    public void OtherJpegIsNamed()
    {
        // A header of 12 bits.
        byte[] data = [0xFF, 0xD8, 0xFF, 0xC1, 0, 11, 12, 0, 1, 0, 2, 1, 1, 0x11, 0, 0xFF, 0xD9];
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, Compression = 7 };
        var path = _folder.Write("a.tif", tiff.Page(1, data).ToArray());
        Assert.That(() => TiffBoxes.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.Contains("JPEG of 12 bits inside TIFF is not read"));
        path = _folder.Write("b.tif", new TestTiff(bigEndian: false) { Width = 2, Height = 1, Compression = 7 }.Page(1, [[1, 2]]).ToArray());
        Assert.That(() => TiffBoxes.ReadImage(path), Throws.TypeOf<InputException>().With.Message.EndsWith("page 0 is damaged (block 0)."));
    }

    [Test]
    public void ColoursOfAPaletteAreReadInImagesAndTheirNumbersInLabels()
    {
        var map = new long[3 * 256];
        (map[1], map[256 + 1], map[512 + 1]) = (0xFFFF, 0x8080, 0x0101);
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, Photometric = 3 };
        var path = _folder.Write("a.tif", tiff.PageWith([(320, 3, map)], 1, [[0, 1]]).ToArray());
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(new float[] { 0, 0, 0, 255, 128, 1 }));
        Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void ColoursThatOnlyDisplayIntensitiesAreIgnored([Values] bool imageJ)
    {
        var map = new long[3 * 256];
        for (var i = 0; i < 256; i++)
            map[256 + i] = imageJ ? 65535 - 257 * i : 257 * i;
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, Photometric = 3, Description = imageJ ? "ImageJ=1.53\n" : "" };
        var path = _folder.Write("a.tif", tiff.PageWith([(320, 3, map)], 1, [[7, 200]]).ToArray());
        Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(new float[] { 7, 200 }));
    }

    [Test]
    public void WhiteIsZeroOnlyDisplays()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1, Photometric = 0 };
        Assert.That(InputFile.ReadLabels(_folder.Write("a.tif", tiff.Page(1, [[0, 3]]).ToArray())).Data, Is.EqualTo(new[] { 0, 3 }));
    }

    [Test]
    public void AnOmeTiffIsReadAsItsXmlSays()
    {
        var tiff = new TestTiff(bigEndian: false)
        {
            Width = 2, Height = 1, Description = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME xmlns=\"x\"><Image><Pixels "
                + "DimensionOrder=\"XYZCT\" SizeX=\"2\" "
                + "SizeY=\"1\" SizeZ=\"2\" SizeC=\"2\" SizeT=\"1\" PhysicalSizeX=\"250\" PhysicalSizeXUnit=\"nm\" PhysicalSizeY=\"0.5\" "
                + "PhysicalSizeYUnit=\"\u00B5m\" PhysicalSizeZ=\"0.002\" PhysicalSizeZUnit=\"mm\"><TiffData/></Pixels></Image></OME>",
        };
        for (byte page = 0; page < 4; page++)
            tiff.Page(1, [page, (byte)(page + 10)]);
        var image = TiffBoxes.ReadImage(_folder.Write("a.ome.tif", tiff.ToArray()));
        Assert.That((image.Depth, image.Channels), Is.EqualTo((2, 2)));
        Assert.That(image.Data, Is.EqualTo(new float[] { 0, 2, 10, 12, 1, 3, 11, 13 }));
        Assert.That(image.VoxelSize, Is.EqualTo(new VoxelSize(2, 0.5, 0.25)));
    }

    [Test]
    public void AFileOfSeveralImagesSaysOnceThatTheFirstIsRead()
    {
        const string Image = "<Image><Pixels SizeZ=\"1\" SizeC=\"1\" SizeT=\"1\"/></Image>";
        var tiff = new TestTiff(bigEndian: false) { Description = $"<OME>{Image}{Image}</OME>" }.Page(1, [[1]]).Page(1, [[2]]);
        var path = _folder.Write("a.ome.tif", tiff.ToArray());
        var error = Console.Error;
        using var written = new StringWriter();
        Console.SetError(written);
        try
        {
            Assert.That(TiffBoxes.ReadImage(path).Data, Is.EqualTo(new float[] { 1 }));
            Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(new[] { 1 }));
        }
        finally
        {
            Console.SetError(error);
        }
        Assert.That(written.ToString().TrimEnd(), Is.EqualTo($"spoco: {path}: holds 2 images or more; the first is read."));
    }

    [Test]
    public void OfTwoDescriptionsOfAPageTheFirstCounts()
    {
        var description = (270, 2, "ImageJ=1.5\nimages=2\nchannels=2\n\0".Select(letter => (long)letter).ToArray());
        var other = (270, 2, "ImageJ=1.5\nimages=2\nframes=2\n\0".Select(letter => (long)letter).ToArray());
        var tiff = new TestTiff(bigEndian: false).PageWith([description, other], 1, [[1]]).Page(1, [[2]]);
        Assert.That(TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray())).Channels, Is.EqualTo(2));
    }

    [Test]
    public void AResolutionInInchesCountsWhereNoScreenHasIt([Values(72u, 300u, 25_400u)] uint perInch)
    {
        var tiff = new TestTiff(bigEndian: false) { ResolutionUnit = 2, Resolution = (perInch, perInch, 1) };
        var size = TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1]]).ToArray())).VoxelSize;
        Assert.That(size, Is.EqualTo(perInch < 1000 ? null : new VoxelSize(1, 1, 1)));
    }

    [Test]
    public void BlocksWithoutDataAreRefused()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 2, Compression = 8 }.Page(1, [], []);
        Assert.That(() => TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray())),
            Throws.TypeOf<InputException>().With.Message.Contains("block 0 of page 0 is empty"));
    }

    [Test]
    public void ABlockThatIsTooShortForItsPixelsIsRefusedBeforeAllocation()
    {
        // The file is long enough for the page, its only block is not.
        var tiff = new TestTiff(bigEndian: false) { Width = 10_000, Height = 1_000, Compression = 8 };
        var bytes = tiff.Page(1_000, new byte[100]).ToArray();
        var path = _folder.Write("a.tif", [.. bytes, .. new byte[20_000]]);
        Assert.That(() => TiffBoxes.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("has 100 bytes for 10000000"));
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
        var image = TiffBoxes.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width), Is.EqualTo((3, 2, 2)));
        Assert.That(image.Data, Is.EqualTo(Enumerable.Range(1, 12).Select(i => i * 300f)));

        _folder.Write("a.tif", [.. bytes, .. data[..^1]]);
        Assert.That(() => TiffBoxes.ReadImage(path), Throws.TypeOf<InputException>());
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
        var image = TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.ToArray()));
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((3, 1, 2, 2)));
        Assert.That(image.Data, Is.EqualTo(new float[] { 0, 1, 10, 11, 2, 3, 12, 13, 4, 5, 14, 15 }));
    }

    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=micron\nspacing=0.5\n", 1, 0.5, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=\\u00B5m\nspacing=0.5\n", 1, 0.5, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=\u00B5m\n", 1, 1, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=nm\nspacing=45\n", 1, 0.045, 0.00025)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nspacing=45\n", 1, 0, 0)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=mm\nspacing=-0.5\n", 1, 500, 250)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=cm\nspacing=1\n", 3, 10_000, 2500)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=inch\nspacing=2\n", 2, 50_800, 6350)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=um\nzunit=nm\nspacing=500\n", 1, 0.5, 0.25)]
    [TestCase("ImageJ=1.53c\nimages=2\nslices=2\nunit=pixel\nspacing=2\n", 1, 0, 0)]
    [TestCase("{\"shape\": [2, 1, 1], \"axes\": \"ZYX\", \"spacing\": 3, \"unit\": \"um\"}", 1, 3, 0.25)]
    [TestCase("no stack", 3, 0, 0)]
    [TestCase("no stack", 2, 0, 0)]
    public void VoxelSizeIsReadWhereAUnitIsStated(string description, int unit, double z, double yx)
    {
        var tiff = new TestTiff(bigEndian: false)
        {
            Width = 1, Height = 1, Description = description, ResolutionUnit = unit, Resolution = (40, 40, 10),
        };
        var size = TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1]]).Page(1, [[2]]).ToArray())).VoxelSize;
        if (z == 0)
            Assert.That(size, Is.Null);
        else
            Assert.That((size!.Value.Z, size.Value.Y, size.Value.X), Is.EqualTo((z, yx, yx)));
    }

    [Test]
    public void ASliceKeepsTheSpacingItStates([Values] bool stated)
    {
        var tiff = new TestTiff(bigEndian: false) { Description = "ImageJ=1.53c\nunit=um\n" + (stated ? "spacing=3\n" : ""), Resolution = (4, 4, 1) };
        var size = TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1]]).ToArray())).VoxelSize;
        Assert.That(size, Is.EqualTo(new VoxelSize(stated ? 3 : 0.25, 0.25, 0.25)));
    }

    [Test]
    public void ASliceInCentimetresHasAPixelSize()
    {
        var tiff = new TestTiff(bigEndian: false) { ResolutionUnit = 3, Resolution = (20_000, 40_000, 1) };
        Assert.That(TiffBoxes.ReadImage(_folder.Write("a.tif", tiff.Page(1, [[1]]).ToArray())).VoxelSize, Is.EqualTo(new VoxelSize(0.25, 0.25, 0.5)));
    }

    [Test]
    public void MorePixelsThanTheFileCanHoldAreRefusedBeforeAllocation([Values(1, 5, 8, 32773)] int compression)
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 200_000, Height = 10_000, Compression = compression };
        var path = _folder.Write("a.tif", tiff.Page(10_000, new byte[100]).ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => TiffBoxes.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("declares 1 x 200000 x 10000"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void APageLoopIsRefused()
    {
        var bytes = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.Page(1, [[1, 2]]).ToArray();
        bytes.AsSpan(4, 4).CopyTo(bytes.AsSpan(bytes.Length - 4));
        Assert.That(() => TiffBoxes.ReadImage(_folder.Write("a.tif", bytes)), Throws.TypeOf<InputException>().With.Message.Contains("loop"));
    }

    [Test]
    public void DamagedPlainFilesAreRefused([Values] bool bigEndian, [Values] bool bigTiff)
    {
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
    public void DamagedDescriptionsAndFormatsAreRefused([Values("ome", "json", "imagej", "volume", "zstd", "lzw", "packed", "palette")] string kind)
    {
        var (width, height, pages) = (6, 4, 4);
        var tiff = new TestTiff(bigEndian: kind == "packed")
        {
            Width = width, Height = height, Bits = kind == "packed" ? 12 : 8, Photometric = kind == "palette" ? 3 : 1,
            Compression = kind switch { "zstd" => 50000, "lzw" => 5, _ => 1 },
            Description = kind switch
            {
                "ome" => "<?xml version=\"1.0\"?><OME UUID=\"1\"><Image><Pixels DimensionOrder=\"XYZCT\" SizeZ=\"2\" SizeC=\"2\" "
                    + "SizeT=\"1\" PhysicalSizeX=\"2\"><TiffData IFD=\"0\" PlaneCount=\"4\">"
                    + "<UUID FileName=\"a.tif\">1</UUID></TiffData></Pixels></Image></OME>",
                "json" => "{\"shape\": [2, 2, 4, 6], \"axes\": \"CZYX\", \"spacing\": 2.5, \"unit\": \"um\"}",
                "imagej" => "ImageJ=1.53c\nimages=4\nchannels=2\nslices=2\nunit=\\u00B5m\nspacing=2.5\n",
                _ => "",
            },
        };
        (int, int, long[])[] tags = kind switch
        {
            "volume" => [(32997, 4, [pages])],
            "palette" => [(320, 3, [.. Enumerable.Range(0, 768).Select(i => (long)i * 7919 % 65536)])],
            _ => [],
        };
        using var zstd = new ZstdSharp.Compressor();
        byte[] plain = [.. Enumerable.Range(0, width * height * (kind == "volume" ? pages : 2)).Select(i => (byte)(i * 5))];
        // Codes of 9 bits for 0 to 23, after the one that clears the table.
        var data = kind switch { "zstd" => zstd.Wrap(plain).ToArray(), "lzw" => Packed([256, .. Enumerable.Range(0, 24)], 9), _ => plain };
        for (var page = 0; page < (kind == "volume" ? 1 : pages); page++)
            tiff.PageWith(tags, height, data);
        var sound = tiff.ToArray();
        Assert.That(TiffBoxes.ReadImage(_folder.Write("a.tif", sound)).Data, Has.Length.EqualTo(width * height * pages * (kind == "palette" ? 3 : 1)));
        DamagedFiles.SurvivesFlips(sound, "a.tif", 1500, seed: 11);
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

    /// <summary>A row of packed samples, most significant bit first.</summary>
    private static byte[] Packed(ReadOnlySpan<long> values, int bits)
    {
        var row = new byte[(values.Length * bits + 7) / 8];
        for (var i = 0; i < values.Length * bits; i++)
            row[i / 8] |= (byte)((values[i / bits] >> (bits - 1 - i % bits) & 1) << (7 - i % 8));
        return row;
    }

    private static void WriteJpeg(Tiff tiff, byte[] pixels, int width, int height, int samples, Photometric photometric, bool tiled)
    {
        const int Side = 32;
        tiff.SetField(TiffTag.IMAGEWIDTH, width);
        tiff.SetField(TiffTag.IMAGELENGTH, height);
        tiff.SetField(TiffTag.BITSPERSAMPLE, 8);
        tiff.SetField(TiffTag.SAMPLESPERPIXEL, samples);
        tiff.SetField(TiffTag.PLANARCONFIG, PlanarConfig.CONTIG);
        tiff.SetField(TiffTag.COMPRESSION, Compression.JPEG);
        tiff.SetField(TiffTag.PHOTOMETRIC, photometric);
        tiff.SetField(TiffTag.JPEGQUALITY, 98);
        if (photometric == Photometric.YCBCR)
            tiff.SetField(TiffTag.JPEGCOLORMODE, JpegColorMode.RGB);
        if (tiled)
        {
            tiff.SetField(TiffTag.TILEWIDTH, Side);
            tiff.SetField(TiffTag.TILELENGTH, Side);
        }
        else
        {
            tiff.SetField(TiffTag.ROWSPERSTRIP, Side);
        }
        var (blockWidth, number) = (tiled ? Side : width, 0);
        for (var y = 0; y < height; y += Side)
            for (var x = 0; x < width; x += blockWidth)
            {
                var block = new byte[blockWidth * (tiled ? Side : Math.Min(Side, height - y)) * samples];
                for (var i = 0; i < block.Length; i++)
                {
                    var (row, column) = (Math.Min(y + i / samples / blockWidth, height - 1), Math.Min(x + i / samples % blockWidth, width - 1));
                    block[i] = pixels[(row * width + column) * samples + i % samples];
                }
                var written = tiled ? tiff.WriteEncodedTile(number, block, block.Length) : tiff.WriteEncodedStrip(number, block, block.Length);
                Assert.That(written, Is.GreaterThan(0));
                number++;
            }
        Assert.That(tiff.WriteDirectory(), Is.True);
    }

    private static void WriteWithLibTiff(
        Tiff tiff, ReadOnlySpan<ushort> values, int width, int height, int samples, Compression compression, bool planar, bool tiled,
        int predictor = 1)
    {
        const int TileWidth = 16, TileHeight = 32, StripHeight = 8;
        tiff.SetField(TiffTag.IMAGEWIDTH, width);
        tiff.SetField(TiffTag.IMAGELENGTH, height);
        tiff.SetField(TiffTag.BITSPERSAMPLE, 16);
        tiff.SetField(TiffTag.SAMPLESPERPIXEL, samples);
        tiff.SetField(TiffTag.PHOTOMETRIC, samples == 3 ? Photometric.RGB : Photometric.MINISBLACK);
        tiff.SetField(TiffTag.PLANARCONFIG, planar ? PlanarConfig.SEPARATE : PlanarConfig.CONTIG);
        tiff.SetField(TiffTag.COMPRESSION, compression);
        if (predictor > 1)
            tiff.SetField(TiffTag.PREDICTOR, (Predictor)predictor);
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
