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
}
