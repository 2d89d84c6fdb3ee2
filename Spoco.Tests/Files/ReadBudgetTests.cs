using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Small files that declare much: refused before memory is taken.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ReadBudgetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void ADecodedImageBeyondTheLimitIsRefusedBeforeItIsDecoded()
    {
        var png = _folder.Write("a.png", TestPng.Encode(new int[4000 * 3000], 4000, 3000, 0, 1));
        var file = new TestHdf5();
        var layout = file.Single([1000, 3000], 1, new TestChunk([0, 0], Hdf5FormsTests.Deflated(new byte[1000 * 3000])), filtered: true);
        file.AddDataset("raw", TestHdf5.Shape([1000, 3000]), TestHdf5.Integers(1), TestHdf5.Filters((1, [6])), layout);
        var hdf5 = _folder.Write("a.h5", file.ToArray());
        var tiff = _folder.File("a.tif");
        TiffFile.WriteLabels(tiff, new Volume<int>(1, 1000, 3000));
        foreach (var (path, text) in new[] { (png, "1 x 3000 x 4000 voxels with 1 channel(s) would take 46 MiB"), (hdf5, "1 x 1000 x 3000"),
            (tiff, "would take 12 MiB") })
        {
            Assert.That(InputFile.ReadImage(path).Width, Is.GreaterThan(2000));
            ReadBudget.Bytes = 10 << 20;
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.StartsWith($"{path}: ")
                .And.Message.Contains(text).And.Message.EndsWith("of memory once decoded; 10 MiB are allowed."));
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4 << 20), path);
            ReadBudget.Bytes = 1L << 30;
        }
    }

    [Test]
    public void AChunkThatInflatesToMoreThanItsSizeIsRefused([Values(1, 2, 3)] int times)
    {
        var bomb = new byte[200 << 20];
        for (var i = 0; i < times; i++)
            bomb = Hdf5FormsTests.Deflated(bomb);
        var file = new TestHdf5();
        var layout = file.Single([100, 100], 1, new TestChunk([0, 0], bomb), filtered: true);
        file.AddDataset("raw", TestHdf5.Shape([100, 100]), TestHdf5.Integers(1),
            TestHdf5.Filters([.. Enumerable.Repeat(((ushort)1, new[] { 6u }), times)]), layout);
        RefusesWithLittle(_folder.Write("a.h5", file.ToArray()), "inflates to more than");
    }

    [Test]
    public void AnAttributeOfAbsurdExtentsTakesNoMemory()
    {
        var file = new TestHdf5();
        var (_, type) = TestHdf5.Floats(8);
        var (_, shape) = TestHdf5.Shape([1UL << 40]);
        var attribute = TestHdf5.Fields((byte)3, (byte)0, (ushort)16, (ushort)type.Length, (ushort)shape.Length, (byte)0, "element_size_um", (byte)0,
            type, shape);
        file.AddDataset("raw", TestHdf5.Shape([2, 2]), TestHdf5.Integers(1), TestHdf5.Compact([1, 2, 3, 4]), (12, attribute));
        var path = _folder.Write("a.h5", file.ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(InputFile.ReadImage(path).VoxelSize, Is.Null);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void HugeChunksOfASmallFileAreRefused()
    {
        var file = new TestHdf5();
        var layout = file.Single([30000, 30000], 1, new TestChunk([0, 0], new byte[100]), filtered: true);
        file.AddDataset("raw", TestHdf5.Shape([2, 2]), TestHdf5.Integers(1), TestHdf5.Filters((1, [6])), layout);
        RefusesWithLittle(_folder.Write("a.h5", file.ToArray()), "declares chunks [30000, 30000]");
    }

    private static void RefusesWithLittle(string path, string text)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains(text));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(8 << 20));
    }
}
