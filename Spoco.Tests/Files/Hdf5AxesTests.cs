using NUnit.Framework;
using PureHDF;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Which axis of a dataset is what, and what else is noted beside it.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class Hdf5AxesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Depth, height, width, channels.
    [TestCase("yx", "4 3", 1, 4, 3, 1)]
    [TestCase("xy", "4 3", 1, 3, 4, 1)]
    [TestCase("yxc", "4 3 2", 1, 4, 3, 2)]
    [TestCase("cyx", "2 4 3", 1, 4, 3, 2)]
    [TestCase("zyx", "2 4 3", 2, 4, 3, 1)]
    [TestCase("ZYX", "2 4 3", 2, 4, 3, 1)]
    [TestCase("xyz", "3 4 2", 2, 4, 3, 1)]
    [TestCase("zyxc", "2 4 3 5", 2, 4, 3, 5)]
    [TestCase("zcyx", "2 5 4 3", 2, 4, 3, 5)]
    [TestCase("tzyxc", "1 2 4 3 5", 2, 4, 3, 5)]
    [TestCase("tyx", "1 4 3", 1, 4, 3, 1)]
    public void AxesAreReadByTheirNames(string axes, string extents, int depth, int height, int width, int channels)
    {
        var dims = Array.ConvertAll(extents.Split(' '), ulong.Parse);
        var keys = axes.Select(axis => $$"""{"key": "{{char.ToLowerInvariant(axis)}}", "typeFlags": 2, "resolution": 0}""");
        var tags = $$"""{"axes": [{{string.Join(", ", keys)}}]}""";
        foreach (var (name, value) in new (string, object)[]
        {
            ("axes", axes), ("axes", axes.Select(axis => $"{axis}").ToArray()), ("axistags", tags),
            ("DIMENSION_LABELS", axes.Select(axis => $"{axis}").ToArray()),
        })
            foreach (var chunked in new[] { false, true })
            {
                var image = InputFile.ReadImage(Write(dims, chunked, (name, value)));
                Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((depth, height, width, channels)), name);
                Assert.That(image.Data, Is.EqualTo(Reordered(axes.ToLowerInvariant(), dims, image)), name);
            }
    }

    [TestCase("1 1 2 4 3", 2, 4, 3, 1)]
    [TestCase("1 5 2 4 3", 2, 4, 3, 5)]
    [TestCase("1 2 4 3 1", 2, 4, 3, 1)]
    [TestCase("2 4 3 1", 2, 4, 3, 1)]
    [TestCase("1 4 3 1", 1, 4, 3, 1)]
    [TestCase("4 3 1", 1, 4, 3, 1)]
    [TestCase("1 3 1", 1, 3, 1, 1)]
    [TestCase("1 1 4 3", 1, 4, 3, 1)]
    [TestCase("1 1 1 2 4 3", 2, 4, 3, 1)]
    [TestCase("1 1 1 1 4", 1, 1, 4, 1)]
    public void AxesOfExtentOneMayBeAnywhere(string extents, int depth, int height, int width, int channels)
    {
        var image = InputFile.ReadImage(Write(Array.ConvertAll(extents.Split(' '), ulong.Parse), chunked: true));
        Assert.That((image.Depth, image.Height, image.Width, image.Channels), Is.EqualTo((depth, height, width, channels)));
    }

    [TestCase("64 48 3", "shape [64, 48, 3]", "yxc")]
    [TestCase("16 16 2", "shape [16, 16, 2]", "yxc")]
    [TestCase("20 64 48 4", "shape [20, 64, 48, 4]", "zyxc")]
    public void ColoursThatComeLastAreNotTakenForANarrowVolume(string extents, string shape, string axes)
    {
        var dims = Array.ConvertAll(extents.Split(' '), ulong.Parse);
        var path = Write(dims, chunked: true);
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains(shape).And.Message.Contains(
            $"f[\"raw\"].attrs[\"axes\"] = \"{axes}\""));
        Assert.That(InputFile.ReadImage(Write(dims, chunked: true, ("axes", axes))).Channels, Is.EqualTo((int)dims[^1]));
        Assert.That(InputFile.ReadImage(Write(dims, chunked: true, ("axes", "cz"[(4 - dims.Length)..] + "yx"))).Width, Is.EqualTo((int)dims[^1]));
    }

    [TestCase("tzyx", "5 2 4 3", "shape [5, 2, 4, 3]")]
    [TestCase("tyx", "5 4 3", "shape [5, 4, 3]")]
    [TestCase("yxt", "4 3 5", "shape [4, 3, 5]")]
    [TestCase("tczyx", "5 1 2 4 3", "shape [5, 1, 2, 4, 3]")]
    public void ATimeSeriesIsRefused(string axes, string extents, string shape)
    {
        var path = Write(Array.ConvertAll(extents.Split(' '), ulong.Parse), chunked: false, ("axes", axes));
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{path}: dataset 'raw' has 5 frames ({axes}, {shape}); time series are not read, write each frame on its own."));
    }

    [Test]
    public void AttributesOfAnyKindDoNoHarm()
    {
        var expected = InputFile.ReadImage(Write([2, 4, 3], chunked: true));
        object[] odd =
        [
            1.5, new[] { 1, 2, 3 }, "qrs", "zyxc", "", new[] { "z", "y" }, new[] { "z", "", "y" },
            "{", "{\"axes\": 5}", "[]", "{\"axes\": [1, {\"key\": 2}, {}]}",
            new[] { new Pair { A = 1, B = 2 } }, new double[2000],
        ];
        foreach (var name in new[] { "axes", "axistags", "DIMENSION_LABELS", "element_size_um", "note" })
            foreach (var value in odd)
            {
                var image = InputFile.ReadImage(Write([2, 4, 3], chunked: true, (name, value)));
                Assert.That(image.Data, Is.EqualTo(expected.Data), $"{name} {value}");
                Assert.That(image.VoxelSize, Is.EqualTo(name == "element_size_um" && value is int[] ? new VoxelSize(1, 2, 3) : null),
                    $"{name} {value}");
            }
    }

    [Test]
    public void TheVoxelSizeIsReadFromNumbersOfAnyType()
    {
        object[] sizes = [new[] { 4.0, 2, 1 }, new[] { 4f, 2, 1 }, new[] { 4, 2, 1 }, new[] { 4L, 2, 1 }, new ushort[] { 4, 2, 1 },
            new byte[] { 4, 2, 1 }];
        foreach (var size in sizes)
            Assert.That(InputFile.ReadImage(Write([2, 4, 3], chunked: true, ("element_size_um", size))).VoxelSize,
                Is.EqualTo(new VoxelSize(4, 2, 1)));
    }

    [Test]
    public void ManyAttributesAreLookedThrough()
    {
        var attributes = Enumerable.Range(0, 40).Select(i => ($"note{i}", (object)i)).Append(("axes", "cyx")).ToArray();
        Assert.That(InputFile.ReadImage(Write([2, 4, 3], chunked: false, attributes)).Channels, Is.EqualTo(2));
    }

    private struct Pair
    {
        public int A;
        public int B;
    }

    /// <summary>Values 0, 1, 2, ... in the order of the file.</summary>
    private string Write(ulong[] dims, bool chunked, params (string Name, object Value)[] attributes)
    {
        var count = dims.Aggregate(1, (product, extent) => product * (int)extent);
        ushort[] values = [.. Enumerable.Range(0, count).Select(i => (ushort)i)];
        uint[]? chunks = chunked ? [.. dims.Select(extent => (uint)Math.Max(1, extent / 2))] : null;
        var path = _folder.File("a.h5");
        var raw = new H5Dataset(values, chunks, fileDims: dims) { Attributes = attributes.ToDictionary(a => a.Name, a => a.Value) };
        new H5File { ["raw"] = raw }.Write(path);
        return path;
    }

    /// <summary>What the image must hold, voxel by voxel.</summary>
    private static IEnumerable<float> Reordered(string axes, ulong[] dims, Volume<float> image)
    {
        for (var z = 0; z < image.Depth; z++)
            for (var y = 0; y < image.Height; y++)
                for (var x = 0; x < image.Width; x++)
                    for (var c = 0; c < image.Channels; c++)
                    {
                        var index = 0;
                        for (var axis = 0; axis < axes.Length; axis++)
                            index = index * (int)dims[axis] + axes[axis] switch { 'z' => z, 'y' => y, 'x' => x, 'c' => c, _ => 0 };
                        yield return index;
                    }
    }
}
