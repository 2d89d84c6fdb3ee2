using NUnit.Framework;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void ReplacesAFileAsAWhole()
    {
        var path = _folder.Write("a", [9, 9, 9]);
        AtomicFile.Write(path, stream =>
        {
            stream.Write([1, 2]);
            byte[] before = [9, 9, 9];
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
        });
        byte[] after = [1, 2];
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(after));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void AFailureLeavesTheOldFileAndNothingElse()
    {
        var path = _folder.Write("a", [9]);
        Assert.That(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new InputException("no more");
        }), Throws.TypeOf<InputException>().With.Message.EqualTo("no more"));
        byte[] old = [9];
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(old));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void TheWriterMayCloseTheStream()
    {
        AtomicFile.Write(_folder.File("a"), stream =>
        {
            stream.WriteByte(7);
            stream.Dispose();
        });
        Assert.That(File.ReadAllBytes(_folder.File("a")), Has.Length.EqualTo(1));
    }

    [Test]
    public void LeftoversOfAKilledProcessAreRemovedAndAFileThatIsBeingWrittenIsNot()
    {
        var path = _folder.File("a");
        var left = _folder.Write("a.tmp-0123abcd", [1]);
        string[] others = [_folder.Write("b.tmp-0123abcd", [1]), _folder.Write("a.tmp-0123ABCD", [1]), _folder.Write("a.tmp-01", [1])];
        AtomicFile.Write(path, stream =>
        {
            stream.Dispose();
            AtomicFile.RemoveLeftovers(path);
        });
        Assert.That((File.Exists(path), File.Exists(left)), Is.EqualTo((true, false)));
        Assert.That(others.Select(File.Exists), Is.All.True);
    }

    [Test]
    public void AMissingFolderOrAFolderAsTargetIsAnIOException()
    {
        Assert.That(() => AtomicFile.Write(_folder.File("no/a"), _ => { }), Throws.InstanceOf<IOException>());
        Assert.That(() => AtomicFile.Write(_folder.Path, _ => { }), Throws.InstanceOf<IOException>().With.Message.Contains("it is a folder"));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }
}
