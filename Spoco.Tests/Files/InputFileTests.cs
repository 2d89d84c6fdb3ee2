using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class InputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void EqualColoursAreGreyForAGreyModel()
    {
        var path = _folder.Write("a.png", TestPng.Encode([5, 5, 5, 255, 6, 6, 6, 255], 2, 1, 6, 8));
        var image = InputFile.ReadImage(path, "raw", channels: 1);
        float[] grey = [5, 6];
        Assert.That((image.Channels, image.Width), Is.EqualTo((1, 2)));
        Assert.That(image.Data, Is.EqualTo(grey));
        Assert.That(InputFile.ReadImage(path, "raw", channels: 3).Channels, Is.EqualTo(3));
    }

    [Test]
    public void RealColourForAGreyModelAndGreyForAColourModelAreErrors()
    {
        var colour = _folder.Write("a.png", TestPng.Encode([5, 5, 5, 6, 7, 6], 2, 1, 2, 8));
        Assert.That(() => InputFile.ReadImage(colour, "raw", channels: 1),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{colour}: a colour image, but the model takes 1 channel (y 0, x 1 is 6, 7, 6)."));
        var grey = _folder.Write("b.png", TestPng.Encode([5], 1, 1, 0, 8));
        Assert.That(() => InputFile.ReadImage(grey, "raw", channels: 3),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{grey}: the image has 1 channels, the model takes 3."));
    }

    [TestCase("missing.png")]
    [TestCase("missing.tif")]
    [TestCase("missing.h5")]
    [TestCase("folder/missing.h5")]
    public void AMissingFileIsNamed(string name) => Assert.That(() => InputFile.ReadImage(_folder.File(name)),
        Throws.TypeOf<InputException>().With.Message.EqualTo($"{_folder.File(name)}: no such file."));

    [TestCase("a.png")]
    [TestCase("a.tif")]
    [TestCase("a.h5")]
    public void ALinkThatLeadsNowhereIsSaidToBeOne(string name)
    {
        File.CreateSymbolicLink(_folder.File(name), _folder.File("gone"));
        Assert.That(() => InputFile.ReadImage(_folder.File(name)),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{_folder.File(name)}: is a link to a file that is not there."));
    }

    [Test]
    public void AFolderOrAnUnknownExtensionIsRefused()
    {
        Directory.CreateDirectory(_folder.File("a.tif"));
        Directory.CreateDirectory(_folder.File("a.png"));
        Assert.That(() => InputFile.ReadImage(_folder.File("a.tif")), Throws.TypeOf<InputException>().With.Message.Contains("cannot be read"));
        Assert.That(() => InputFile.ReadImage(_folder.File("a.png")), Throws.TypeOf<InputException>().With.Message.Contains("cannot be read"));
        Assert.That(() => InputFile.ReadImage(_folder.File("a.jpg")), Throws.TypeOf<InputException>().With.Message.Contains("unknown kind of file"));
    }

    [TestCase("out", "in.png", "out.png")]
    [TestCase("out", "in.TIFF", "out.tif")]
    [TestCase("out", "in.h5", "out.h5")]
    [TestCase("out.tif", "in.png", "out.tif")]
    [TestCase("out.v2", "in.hdf5", "out.v2.h5")]
    public void LabelsAreWrittenLikeTheInput(string name, string like, string written)
    {
        var labels = new Volume<int>([0, 1, 2, 65535], 1, 2, 2);
        Assert.That(OutputFile.WriteLabels(_folder.File(name), labels, like), Is.EqualTo(_folder.File(written)));
        Assert.That(InputFile.ReadLabels(_folder.File(written)).Data, Is.EqualTo(labels.Data));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void LabelsThatAPngCannotHoldAreNotLost()
    {
        foreach (var labels in new[] { new Volume<int>([0, 65536], 1, 1, 2), new Volume<int>([1, 2], 2, 1, 1) })
        {
            _folder.Write("a.tif", "of somebody else"u8.ToArray());
            var written = OutputFile.WriteLabels(_folder.File("a.png"), labels, "in.png");
            Assert.That(written, Is.EqualTo(_folder.File("a_2.tif")));
            Assert.That(InputFile.ReadLabels(written).Data, Is.EqualTo(labels.Data));
            Assert.That(File.ReadAllText(_folder.File("a.tif")), Is.EqualTo("of somebody else"));
            Assert.That(File.Exists(_folder.File("a.png")), Is.False);
            File.Delete(written);
            File.Delete(_folder.File("a.tif"));
            Assert.That(OutputFile.WriteLabels(_folder.File("a"), labels, "in.png"), Is.EqualTo(_folder.File("a.tif")));
        }
    }

    [TestCase("a.png", "a PNG file")]
    [TestCase("a.tif", "a TIFF file")]
    [TestCase("a.h5", "an HDF5 file")]
    public void WhatAFileIsInsteadIsSaid(string name, string format)
    {
        foreach (var (start, what) in new (byte[], string)[]
        {
            ([], "empty"), ([0xFF, 0xD8, 0xFF, 0xE0], "a JPEG"), ("BM6"u8.ToArray(), "a BMP"), ("GIF89a"u8.ToArray(), "a GIF"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"u8.ToArray(), "\"git lfs pull\" fetches the file itself"),
            ("\n<!DOCTYPE html><title>404</title>"u8.ToArray(), "a web page"), ("PK\u0003\u0004"u8.ToArray(), "a ZIP archive"),
            ([0x1F, 0x8B, 8], "packed with gzip"), ([0x00, 0x05, 0x16, 0x07], "what macOS notes"),
        })
            Assert.That(() => InputFile.ReadImage(_folder.Write(name, start)), Throws.TypeOf<InputException>()
                .With.Message.StartsWith($"{_folder.File(name)}: not {format}: it is ").And.Message.Contains(what));

        byte[] png = TestPng.Encode([1, 2], 2, 1, 0, 8), tiff = new TestTiff(bigEndian: true) { Width = 1, Height = 1 }.Page(1, [[1]]).ToArray();
        foreach (var (bytes, extension) in new[] { (png, ".png"), (tiff, ".tif") }.Where(other => other.Item2 != Path.GetExtension(name)))
            Assert.That(() => InputFile.ReadImage(_folder.Write(name, bytes)),
                Throws.TypeOf<InputException>().With.Message.Contains($"give it the extension {extension}"));
        Assert.That(() => InputFile.ReadImage(_folder.Write(name, "something else"u8.ToArray())),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{_folder.File(name)}: not {format}."));
    }
}
