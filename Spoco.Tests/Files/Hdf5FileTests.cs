using NUnit.Framework;
using PureHDF;
using PureHDF.Filters;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class Hdf5FileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void LabelsRoundTrip([Values(65535, 65536, int.MaxValue)] int largest, [Values(1, 3, 40)] int depth, [Values] bool sized)
    {
        var labels = new Volume<int>([.. Enumerable.Range(0, depth * 7 * 70)], depth, 7, 70)
        {
            VoxelSize = sized ? new VoxelSize(0.2837, 0.1268, 0.13) : null,
        };
        labels.Data[^1] = largest;
        var path = _folder.File("labels.h5");
        Hdf5File.WriteLabels(path, labels, "label");
        var read = InputFile.ReadLabels(path);
        Assert.That(read.Data, Is.EqualTo(labels.Data));
        Assert.That((read.Depth, read.Height, read.Width), Is.EqualTo((depth, 7, 70)));
        Assert.That(read.VoxelSize, Is.EqualTo(labels.VoxelSize));
        using var file = H5File.OpenRead(path);
        Assert.That(file.Dataset("label").Type.Size, Is.EqualTo(largest > 65535 ? 4 : 2));
        Assert.That(file.Dataset("label").Layout.Class, Is.EqualTo(H5DataLayoutClass.Chunked));
    }

    [Test]
    public void EmbeddingsRoundTrip([Values(1, 5, 70)] int depth, [Values(1, 3)] int channels)
    {
        var random = new Random(depth);
        var embeddings = new Volume<float>([.. Enumerable.Range(0, depth * 9 * 67 * channels).Select(_ => random.NextSingle() - 0.5f)],
            depth, 9, 67, channels) { VoxelSize = new VoxelSize(3, 2, 1) };
        var path = _folder.File("embeddings.h5");
        Hdf5File.WriteEmbeddings(path, embeddings, "embedding");
        var read = InputFile.ReadImage(path, "/embedding");
        Assert.That((read.Depth, read.Height, read.Width, read.Channels), Is.EqualTo((depth, 9, 67, channels)));
        Assert.That(read.Data, Is.EqualTo(embeddings.Data));
        Assert.That(read.VoxelSize, Is.EqualTo(embeddings.VoxelSize));
        using var file = H5File.OpenRead(path);
        ulong[] shape = depth == 1 ? [(ulong)channels, 9, 67] : [(ulong)channels, (ulong)depth, 9, 67];
        Assert.That(file.Dataset("embedding").Space.Dimensions, Is.EqualTo(shape));
    }

    [Test]
    public void ADatasetMayLieInGroups()
    {
        var path = _folder.File("a.h5");
        Hdf5File.WriteLabels(path, new Volume<int>([1, 2], 1, 1, 2), "volumes/labels/neurons");
        int[] expected = [1, 2];
        Assert.That(InputFile.ReadLabels(path, "/volumes/labels/neurons").Data, Is.EqualTo(expected));
        Assert.That(Hdf5File.Has(path, "volumes/labels/neurons"), Is.True);
        Assert.That(Hdf5File.Has(path, "volumes/labels"), Is.False);
        Assert.That(() => InputFile.ReadLabels(path, "label"),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{path}: no dataset 'label'; the file has volumes/labels/neurons."));
        Assert.That(() => InputFile.ReadLabels(path, "volumes"), Throws.TypeOf<InputException>().With.Message.Contains("no dataset 'volumes'"));
    }

    [Test]
    public void ReadsEverySampleType([Values] bool chunked)
    {
        ReadsBack<byte>([0, 1, 127, 255], chunked);
        ReadsBack<sbyte>([0, 1, 127, -128], chunked);
        ReadsBack<ushort>([0, 1, 255, 65535], chunked);
        ReadsBack<short>([0, 1, 255, -32768], chunked);
        ReadsBack<uint>([0, 1, 255, 1u << 31], chunked);
        ReadsBack([0, 1, 255, int.MinValue], chunked);
        ReadsBack<ulong>([0, 1, 255, 1UL << 63], chunked);
        ReadsBack<long>([0, 1, 255, 1L << 40], chunked);
        ReadsBack([0, 1, 0.5f, -255.25f], chunked);
        ReadsBack([0, 1, 0.5, -255.25], chunked);
    }

    private void ReadsBack<T>(T[] values, bool chunked) where T : unmanaged
    {
        var path = Write(values, [2, 1, 2], chunked);
        var image = InputFile.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((2, 1, 2, 1)), typeof(T).Name);
        Assert.That(image.Data, Is.EqualTo(values.Select(value => Convert.ToSingle(value))), typeof(T).Name);
        if (Convert.ToDouble(values[^1]) is < 0 or > int.MaxValue)
            Assert.That(() => InputFile.ReadLabels(path, "raw"),
                Throws.TypeOf<InputException>().With.Message.Contains("is no label"), typeof(T).Name);
    }

    [Test]
    public void FourAxesAreChannelsFirst([Values] bool chunked)
    {
        var path = Write([.. Enumerable.Range(0, 24).Select(i => (byte)i)], [2, 3, 2, 2], chunked);
        var image = InputFile.ReadImage(path);
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((3, 2, 2, 2)));
        Assert.That(image[1, 0, 1, 1], Is.EqualTo(12 + 4 + 1));
        Assert.That(image[2, 1, 0, 0], Is.EqualTo(8 + 2));
        Assert.That(() => InputFile.ReadLabels(path, "raw"), Throws.TypeOf<InputException>().With.Message.Contains("the file has 2"));
    }

    [Test]
    public void OtherShapesAndTypesAreRefused()
    {
        Assert.That(() => InputFile.ReadImage(Write<byte>([1, 2], [2], chunked: false)),
            Throws.TypeOf<InputException>().With.Message.Contains("shape [2]"));
        Assert.That(() => InputFile.ReadImage(Write(new byte[64], [2, 2, 2, 2, 2, 2], chunked: false)),
            Throws.TypeOf<InputException>().With.Message.Contains("shape [2, 2, 2, 2, 2, 2]"));
        var path = _folder.File("text.h5");
        new H5File { ["raw"] = new[] { "some", "text" } }.Write(path);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("integers and floats are read"));
    }

    [Test]
    public void NotFiniteValuesAreRefusedWithTheirPlace()
    {
        var path = Write([1, 2, 3, double.NaN], [1, 2, 2], chunked: true);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("NaN at y 1, x 1"));
    }

    [Test]
    public void ADatasetLargerThanTheFileIsRefusedBeforeAllocation([Values] bool chunked)
    {
        var file = new TestHdf5();
        var address = file.Add(new byte[1000]);
        file.AddDataset("raw", TestHdf5.Shape([1000, 1000, 1000]), TestHdf5.Integers(1), chunked
            ? ((byte)8, TestHdf5.Fields((byte)3, (byte)2, (byte)4, address, new uint[] { 10, 10, 10, 1 }))
                : TestHdf5.Contiguous(address, 1_000_000_000));
        var path = _folder.Write("lying.h5", file.ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("declares shape [1000, 1000, 1000]"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(16 << 20));
    }

    [Test]
    public void DamagedFilesAreRefused([Values(0, 1, 2)] int kind)
    {
        var path = _folder.File("a.h5");
        var attributes = new Dictionary<string, object> { ["element_size_um"] = new[] { 1.0, 2, 3 } };
        byte[] values = [.. Enumerable.Range(0, 6 * 5 * 4).Select(i => (byte)i)];
        var raw = kind == 0
            ? new H5Dataset(values, fileDims: [6, 5, 4]) { Attributes = attributes }
            : new H5Dataset(values, chunks: [3, 5, 4], fileDims: [6, 5, 4]) { Attributes = attributes };
        var labels = new H5Dataset(Array.ConvertAll(values, value => (ushort)value), chunks: [6, 5, 2], fileDims: [6, 5, 4]);
        new H5File { ["raw"] = raw, ["label"] = labels, ["group"] = new H5Group { ["other"] = values } }
            .Write(path, kind == 2 ? new H5WriteOptions(Filters: [ShuffleFilter.Id, DeflateFilter.Id]) : new H5WriteOptions());
        var bytes = File.ReadAllBytes(path);
        DamagedFiles.RefusesEveryTruncation(bytes, "a.h5");
        DamagedFiles.SurvivesFlips(bytes, "a.h5", 3000, seed: 20 + kind);
    }

    [TestCase("raw", "raw", "other")]
    [TestCase("other", "raw", "other")]
    [TestCase("other", "raw", "raw")]
    [TestCase("/raw", "raw", "other")]
    public void LinksThatPointAtEachOtherAreRefused(string first, string name, string second)
    {
        var path = _folder.File("links.h5");
        new H5File { [name] = new H5SoftLink(first), ["other"] = new H5SoftLink(second), ["label"] = Array.Empty<byte>() }.Write(path);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.StartsWith(path));
        Assert.That(() => InputFile.ReadImage(path, "none"), Throws.TypeOf<InputException>().With.Message.StartsWith(path));
    }

    [Test]
    public void NoHdf5FileIsRefused()
    {
        var path = _folder.Write("a.h5", new byte[5000]);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.EqualTo($"{path}: not an HDF5 file."));
    }

    private string Write<T>(T[] values, ulong[] dims, bool chunked) where T : unmanaged
    {
        var path = _folder.File("a.h5");
        uint[]? chunks = chunked ? [.. dims.Select(extent => (uint)Math.Max(1, extent / 2))] : null;
        new H5File { ["raw"] = new H5Dataset(values, chunks, fileDims: dims) }
            .Write(path, chunked ? new H5WriteOptions(Filters: [DeflateFilter.Id]) : new H5WriteOptions());
        return path;
    }
}
