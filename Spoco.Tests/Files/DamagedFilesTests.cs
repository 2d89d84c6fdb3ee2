using NUnit.Framework;
using PureHDF;
using PureHDF.Filters;
using Spoco.Cli.Files;
using Spoco.Cli.Files.Hdf5;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

namespace Spoco.Tests.Files;

/// <summary>Thirty thousand damaged files of every format: each is read or refused in one line, and none takes memory out of proportion.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase), Category("Long")]
internal sealed class DamagedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void DamagedPngFilesAreReadOrRefused([Values(0, 2, 3)] int colour, [Values] bool interlaced)
    {
        var palette = colour == 3 ? Enumerable.Range(0, 48).Select(i => (byte)i).ToArray() : null;
        var bits = colour == 3 ? 4 : 16;
        var samples = Enumerable.Range(0, 40 * 30 * (colour == 2 ? 3 : 1)).Select(i => i * i % (1 << bits)).ToArray();
        var bytes = TestPng.Encode(samples, 40, 30, colour, bits, interlaced, palette);
        Assert.That(DamagedFiles.SurvivesFlips(bytes, "a.png", 300, seed: 100 + colour), Is.EqualTo(300));
        Assert.That(DamagedFiles.SurvivesFlips(bytes, "a.png", 950, seed: 110 + colour, TestPng.RepairChecksums), Is.GreaterThan(0));
    }

    [Test]
    public void DamagedTiffFilesAreReadOrRefused([Values] bool bigEndian, [Values] bool bigTiff)
    {
        var tiff = new TestTiff(bigEndian, bigTiff) { Width = 20, Height = 10, Bits = 16 };
        var bytes = tiff.Page(4, new byte[400]).Page(10, new byte[400]).ToArray();
        Assert.That(DamagedFiles.SurvivesFlips(bytes, "a.tif", 1400, seed: 120), Is.GreaterThan(0));
    }

    [Test]
    public void DamagedLabelsInTiffFilesAreReadOrRefused()
    {
        var path = _folder.File("a.tif");
        TiffFile.WriteLabels(path, new Volume<int>([.. Enumerable.Range(0, 2000)], 2, 20, 50) { VoxelSize = new VoxelSize(1, 2, 3) });
        Assert.That(DamagedFiles.SurvivesFlips(File.ReadAllBytes(path), "a.tif", 1900, seed: 121), Is.GreaterThan(0));
    }

    [TestCase("lzf")]
    [TestCase("b_axes_esz")]
    [TestCase("h5double")]
    [TestCase("extstore_rel")]
    [TestCase("extlink_abs")]
    public void DamagedHdf5FilesOfOtherWritersAreReadOrRefused(string name)
    {
        var bytes = File.ReadAllBytes(Hdf5FieldFilesTests.PathOf(name));
        Assert.That(DamagedFiles.SurvivesFlips(bytes, "a.h5", 800, seed: 130), Is.GreaterThan(0));
    }

    [Test]
    public void DamagedHdf5FilesOfTheLibraryAreReadOrRefused([Values] bool filtered)
    {
        var path = _folder.File("a.h5");
        var labels = new H5Dataset(new ushort[600], chunks: [3, 5, 4], fileDims: [6, 10, 10])
        {
            Attributes = new() { ["element_size_um"] = new[] { 1.0, 2, 3 }, ["axes"] = "zyx" },
        };
        new H5File { ["label"] = labels, ["raw"] = new byte[4, 5] }
            .Write(path, filtered ? new H5WriteOptions(Filters: [ShuffleFilter.Id, DeflateFilter.Id, Fletcher32Filter.Id]) : new H5WriteOptions());
        Assert.That(DamagedFiles.SurvivesFlips(File.ReadAllBytes(path), "a.h5", 500, seed: 131), Is.GreaterThan(0));
    }

    [Test]
    public void DamageToHdf5BelowSoundChecksumsIsReadOrRefused([Values] Hdf5Index index)
    {
        var file = new TestHdf5();
        uint[] chunk = index == Hdf5Index.Single ? [20, 30] : [1, 30];
        var bytes = Hdf5FormsTests.Deflated(new byte[2 * chunk[0] * chunk[1]]);
        if (index == Hdf5Index.Implicit)
            bytes = new byte[2 * chunk[0] * chunk[1]];
        List<TestChunk> chunks = [.. Enumerable.Range(0, 20).Select(i => new TestChunk([(ulong)i, 0], bytes))];
        List<TestChunk?> slots = [.. chunks.Select(c => (TestChunk?)c)];
        var filtered = index != Hdf5Index.Implicit;
        var layout = index switch
        {
            Hdf5Index.BTree1 => file.BTree1(chunk, 2, chunks),
            Hdf5Index.Single => file.Single(chunk, 2, chunks[0], filtered),
            Hdf5Index.Implicit => file.Implicit(chunk, 2, chunks),
            Hdf5Index.FixedArray => file.FixedArray(chunk, 2, slots, filtered, pageBits: 3),
            Hdf5Index.ExtensibleArray => file.ExtensibleArray(chunk, 2, slots, filtered),
            _ => file.BTree2(chunk, 2, chunks, filtered),
        };
        List<(byte, byte[])> messages = [TestHdf5.Shape([20, 30], [TestHdf5.Undefined, 30]), TestHdf5.Integers(2), TestHdf5.Fill([7, 0]), layout];
        if (index is not Hdf5Index.ExtensibleArray)
            messages[0] = TestHdf5.Shape([20, 30]);
        if (filtered)
            messages.Add(TestHdf5.Filters((1, [6])));
        file.AddDataset("label", [.. messages]);
        file.AddSoftLink("raw", "label");
        var sound = file.ToArray();
        Assert.That(InputFile.ReadLabels(_folder.Write("a.h5", sound)).Height, Is.EqualTo(20));
        Assert.That(DamagedFiles.SurvivesFlips(sound, "a.h5", 1400, seed: 132, file.Repair), Is.GreaterThan(0));
    }

    [Test]
    public void DamagedSafeTensorsAreReadOrRefused([Values(1, 2, 3)] int seed)
    {
        var path = _folder.File("a.safetensors");
        SafeTensors.Write(path, [new SafeTensorSource("a", [2, 3], () => [1, -2, 3, 0.5f, 5, 6]), new SafeTensorSource("b", [1], () => [7])],
            new Dictionary<string, string> { ["note"] = "two \"arrays\"" });
        Assert.That(DamagedFiles.SurvivesFlips(File.ReadAllBytes(path), "a.safetensors", 2600, 140 + seed, repair: null, Read), Is.GreaterThan(0));

        static void Read(string path)
        {
            var file = SafeTensors.Open(path);
            foreach (var entry in file.Entries.Values.Where(entry => entry.Type == SafeTensorType.F32))
                file.Read(entry.Name);
        }
    }
}
