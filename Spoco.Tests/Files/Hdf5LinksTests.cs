using System.Diagnostics;
using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Links lead within a file and within its folder, and nowhere else.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class Hdf5LinksTests : IDisposable
{
    private static readonly float[] Expected = [1, 2, 3, 4];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestCase("/deep")]
    [TestCase("deep")]
    [TestCase("./deep")]
    [TestCase("other")]
    public void LinksWithinAFileAreFollowed(string target)
    {
        var file = new TestHdf5();
        AddImage(file, "deep");
        file.AddSoftLink("other", "deep");
        file.AddSoftLink("raw", target);
        Assert.That(InputFile.ReadImage(_folder.Write("a.h5", file.ToArray())).Data, Is.EqualTo(Expected));
    }

    [Test]
    public void LinksInACircleAreNamed()
    {
        var file = new TestHdf5();
        file.AddSoftLink("raw", "other");
        file.AddSoftLink("other", "/raw");
        var path = _folder.Write("a.h5", file.ToArray());
        Assert.That(() => InputFile.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{path}: 'raw' is a link that leads in a circle."));
    }

    [Test]
    public void FilesThatLinkToEachOtherAreNamed()
    {
        var (a, b) = (new TestHdf5(), new TestHdf5());
        a.AddExternalLink("raw", "b.h5", "/raw");
        b.AddExternalLink("raw", "a.h5", "/raw");
        var path = _folder.Write("a.h5", a.ToArray());
        _folder.Write("b.h5", b.ToArray());
        Assert.That(() => InputFile.ReadImage(path),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{path}: 'raw' is a link that leads in a circle."));
    }

    [Test]
    public void ADeepNameIsRefusedAndAGroupThatHoldsItselfEnds()
    {
        var bytes = new TestHdf5();
        bytes.AddLink("me", 0, 0UL);
        var path = _folder.Write("a.h5", bytes.ToArray());
        var deep = string.Concat(Enumerable.Repeat("me/", 100_000));
        Assert.That(() => InputFile.ReadImage(path, deep), Throws.TypeOf<InputException>().With.Message.StartsWith(path));
    }

    [TestCase("b.h5")]
    [TestCase("./b.h5")]
    [TestCase("below/../b.h5")]
    [TestCase("below/b.h5")]
    [TestCase("link.h5")]
    public void ALinkToAFileBesideItIsFollowed(string name)
    {
        var other = new TestHdf5();
        AddImage(other, "image");
        _folder.Write("b.h5", other.ToArray());
        _folder.Write("below/b.h5", other.ToArray());
        File.CreateSymbolicLink(_folder.File("link.h5"), "b.h5");
        Assert.That(InputFile.ReadImage(Linking(name)).Data, Is.EqualTo(Expected));
        Assert.That(InputFile.ReadImage(Linking(_folder.File(name))).Data, Is.EqualTo(Expected));
    }

    [TestCase("../b.h5")]
    [TestCase("/dev/zero")]
    [TestCase("/etc/passwd")]
    [TestCase("link.h5")]
    [TestCase("linked/b.h5")]
    [TestCase("linked/../b.h5")]
    public void AFileOutsideIsNotOpened(string name)
    {
        var other = new TestHdf5();
        AddImage(other, "image");
        using var outside = new TemporaryFolder();
        outside.Write("b.h5", other.ToArray());
        _folder.Write("inner/a.txt", []);
        File.CreateSymbolicLink(_folder.File("inner/link.h5"), outside.File("b.h5"));
        Directory.CreateSymbolicLink(_folder.File("inner/linked"), outside.Path);
        _folder.Write("b.h5", other.ToArray());
        // A name that goes up from a folder that is itself a link is refused or missing; it is never what the system would take it for.
        foreach (var path in new[] { Linking(name, "inner/a.h5"), Elsewhere(name, "inner/c.h5") })
            Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains($"its data lie in '{name}', ")
                .And.Message.Match("nothing outside is read|no such file"));
    }

    [Test]
    public void AFileThatIsReachedByALinkHasItsNeighboursWhereItIs()
    {
        var other = new TestHdf5();
        AddImage(other, "image");
        _folder.Write("data/b.h5", other.ToArray());
        Linking("b.h5", "data/a.h5");
        File.CreateSymbolicLink(_folder.File("link.h5"), "data/a.h5");
        Assert.That(InputFile.ReadImage(_folder.File("link.h5")).Data, Is.EqualTo(Expected));
    }

    [Test]
    public void ValuesInAFileBesideItAreRead()
    {
        _folder.Write("values.bin", [9, 9, 1, 2, 3, 4]);
        Assert.That(InputFile.ReadImage(Elsewhere("values.bin", "a.h5")).Data, Is.EqualTo(Expected));
    }

    [Test]
    public void ValuesInAFileThatIsTooShortAreRefused()
    {
        _folder.Write("values.bin", [9, 9, 1, 2, 3]);
        var path = Elsewhere("values.bin", "a.h5");
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{path}: dataset 'raw' declares shape [2, 2] but the file has only 3 bytes for it."));
    }

    [Test, Platform("Linux,MacOsX")]
    public void APipeIsNotOpened()
    {
        using (var make = Process.Start("mkfifo", _folder.File("pipe.h5")))
            make.WaitForExit();
        File.CreateSymbolicLink(_folder.File("pipe.png"), _folder.File("pipe.h5"));
        foreach (var path in new[] { _folder.File("pipe.h5"), _folder.File("pipe.png"), Linking("pipe.h5"), Elsewhere("pipe.h5", "b.h5") })
            Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Match("a pipe, not a file|only 0 bytes"), path);
    }

    private static void AddImage(TestHdf5 file, string name) =>
        file.AddDataset(name, TestHdf5.Shape([2, 2]), TestHdf5.Integers(1), TestHdf5.Compact([1, 2, 3, 4]));

    private string Linking(string to, string name = "a.h5")
    {
        var file = new TestHdf5();
        file.AddExternalLink("raw", to, "/image");
        return _folder.Write(name, file.ToArray());
    }

    private string Elsewhere(string values, string name)
    {
        var file = new TestHdf5();
        file.AddDataset("raw", TestHdf5.Shape([2, 2]), TestHdf5.Integers(1), TestHdf5.Contiguous(TestHdf5.Undefined, 4), file.External(values, 2, 4));
        return _folder.Write(name, file.ToArray());
    }
}
