using System.IO.Compression;
using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PngFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void LabelsKeepAllSixteenBits()
    {
        var labels = new Volume<int>([.. Enumerable.Range(0, 65536)], 1, 128, 512);
        var path = _folder.File("labels.png");
        PngFile.WriteLabels(path, labels);
        var read = InputFile.ReadLabels(path);
        Assert.That(read.Data, Is.EqualTo(labels.Data));
        Assert.That((read.Depth, read.Height, read.Width, read.Channels), Is.EqualTo((1, 128, 512, 1)));
        Assert.That(InputFile.ReadImage(path).Data, Is.EqualTo(labels.Data.Select(label => (float)label)));
    }

    [Test]
    public void PicturesAreEightBitRgb()
    {
        var rgb = new byte[7 * 5 * 3];
        new Random(3).NextBytes(rgb);
        var path = _folder.File("picture.png");
        PngFile.WriteRgb(path, rgb, 7, 5);
        var read = InputFile.ReadImage(path);
        Assert.That((read.Height, read.Width, read.Channels), Is.EqualTo((7, 5, 3)));
        Assert.That(read.Data, Is.EqualTo(rgb.Select(value => (float)value)));
        Assert.That(File.ReadAllBytes(path)[24..26], Is.EqualTo(new byte[] { 8, 2 }));
    }

    [Test]
    public void LabelsThatDoNotFitAreRefusedAndLeaveNoFile()
    {
        var path = _folder.File("labels.png");
        Assert.That(() => PngFile.WriteLabels(path, new Volume<int>([0, 65536], 1, 1, 2)),
            Throws.TypeOf<InputException>().With.Message.Contains("label 65536 does not fit a PNG").And.Message.StartsWith(path));
        Assert.That(() => PngFile.WriteLabels(path, new Volume<int>([0, -1], 1, 1, 2)), Throws.TypeOf<InputException>());
        Assert.That(() => PngFile.WriteLabels(path, new Volume<int>(2, 1, 1)), Throws.TypeOf<InputException>());
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void ReadsEveryKind(
        [Values(0, 2, 4, 6)] int colour, [Values(1, 2, 4, 8, 16)] int bits, [Values] bool interlaced, [Values(1, 2, 5, 8, 13)] int width)
    {
        if (colour != 0 && bits < 8)
            return;
        var (height, stored, kept) = (11, colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 }, colour is 2 or 6 ? 3 : 1);
        var random = new Random(width * 100 + bits);
        var samples = Enumerable.Range(0, width * height * stored).Select(_ => random.Next(1 << bits)).ToArray();
        var path = _folder.Write("image.png", TestPng.Encode(samples, width, height, colour, bits, interlaced));
        var image = InputFile.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((1, height, width, kept)));
        Assert.That(image.Data, Is.EqualTo(samples.Where((_, i) => i % stored < kept).Select(value => (float)value)));
        if (kept == 1)
            Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(samples.Where((_, i) => i % stored == 0)));
        else
            Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.Contains("one channel"));
    }

    [Test]
    public void PaletteIsColoursForAnImageAndIndicesForLabels([Values(1, 2, 4, 8)] int bits, [Values] bool interlaced)
    {
        var colours = 1 << bits;
        var palette = new byte[3 * colours];
        new Random(bits).NextBytes(palette);
        var indices = Enumerable.Range(0, 9 * 6).Select(i => i * 7 % colours).ToArray();
        var path = _folder.Write("palette.png", TestPng.Encode(indices, 9, 6, 3, bits, interlaced, palette));
        Assert.That(InputFile.ReadLabels(path).Data, Is.EqualTo(indices));
        var image = InputFile.ReadImage(path);
        Assert.That(image.Channels, Is.EqualTo(3));
        Assert.That(image.Data, Is.EqualTo(indices.SelectMany(i => palette[(3 * i)..(3 * i + 3)]).Select(value => (float)value)));
    }

    [Test]
    public void PaletteThatLacksAColourIsRefused()
    {
        var path = _folder.Write("palette.png", TestPng.Encode([0, 1, 2, 3], 2, 2, 3, 8, palette: [1, 2, 3, 4, 5, 6]));
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("colour 2 of a palette of 2"));
    }

    [Test]
    public void WrongChecksumIsRefused()
    {
        var bytes = TestPng.Encode([1, 2, 3, 4], 2, 2, 0, 8);
        bytes[^20] ^= 1;
        var path = _folder.Write("image.png", bytes);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("checksum"));
    }

    [Test]
    public void WrongChecksumInsideTheCompressedDataIsRefused()
    {
        var bytes = TestPng.Encode([.. Enumerable.Range(0, 64)], 8, 8, 0, 8);
        // The last chunk (12 bytes) follows the data's checksum, whose last byte this is.
        bytes[^17] ^= 1;
        TestPng.RepairChecksums(bytes);
        var path = _folder.Write("image.png", bytes);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("damaged"));
    }

    [Test]
    public void MorePixelsThanTheDataCanHoldAreRefusedBeforeAllocation()
    {
        var path = _folder.Write("bomb.png", TestPng.File(TestPng.Header(900_000, 2000, 16, 0, interlaced: false), null, new byte[1000]));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("declares 900000 x 2000"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        var huge = _folder.Write("huge.png", TestPng.File(TestPng.Header(int.MaxValue, 1, 8, 0, interlaced: false), null, new byte[10]));
        Assert.That(() => InputFile.ReadImage(huge), Throws.TypeOf<InputException>().With.Message.Contains("sides are 1 to"));
    }

    [Test]
    public void DamagedFilesAreRefused([Values(0, 2, 3)] int colour, [Values] bool interlaced)
    {
        var palette = colour == 3 ? Enumerable.Range(0, 48).Select(i => (byte)i).ToArray() : null;
        var bits = colour == 3 ? 4 : 16;
        var samples = Enumerable.Range(0, 9 * 7 * (colour == 2 ? 3 : 1)).Select(i => i % (1 << bits)).ToArray();
        var bytes = TestPng.Encode(samples, 9, 7, colour, bits, interlaced, palette);
        DamagedFiles.RefusesEveryTruncation(bytes, "image.png");
        Assert.That(DamagedFiles.SurvivesFlips(bytes, "image.png", 300, seed: colour), Is.EqualTo(300));
        DamagedFiles.SurvivesFlips(bytes, "image.png", 2000, seed: 10 + colour, TestPng.RepairChecksums);
    }

    [Test]
    public void DataCutOffWithinSoundChunksIsRefused()
    {
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
            for (var y = 0; y < 20; y++)
                deflate.Write([0, .. Enumerable.Range(0, 20).Select(x => (byte)(x * y))]);
        var whole = data.ToArray();
        // Without the last five bytes (the end code's rest and the data's checksum) the pixels are still complete.
        for (var length = 0; length < whole.Length - 5; length++)
        {
            var path = _folder.Write("image.png", TestPng.File(TestPng.Header(20, 20, 8, 0, interlaced: false), null, whole[..length]));
            Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>(), $"{length} of {whole.Length} bytes");
        }
    }
}
