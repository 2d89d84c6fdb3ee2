using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using NUnit.Framework;
using PureHDF;
using PureHDF.Filters;
using Spoco.Cli.Files;
using Spoco.Cli.Files.Hdf5;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Everything in which HDF5 files may differ and hold the same values.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class Hdf5FormsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void EveryIntegerOfEitherByteOrderIsRead([Values(1, 2, 4, 8)] int size, [Values] bool signed, [Values] bool bigEndian)
    {
        var values = new long[] { 0, 1, 100, signed ? -3 : 127 };
        var bytes = values.SelectMany(value => Ordered(BitConverter.GetBytes(value)[..size], bigEndian)).ToArray();
        var file = new TestHdf5();
        file.AddDataset("raw", TestHdf5.Shape([2, 2]), TestHdf5.Integers(size, signed, bigEndian),
            TestHdf5.Contiguous(file.Add(bytes), (ulong)bytes.Length));
        var path = _folder.Write("a.h5", file.ToArray());
        Assert.That(InputFile.ReadImage(path).Data, Is.EqualTo(values.Select(value => (float)value)));
        if (signed)
            Assert.That(() => InputFile.ReadLabels(path, "raw"), Throws.TypeOf<InputException>().With.Message.Contains("-3 at y 1, x 1 is no label"));
        else
            Assert.That(InputFile.ReadLabels(path, "raw").Data, Is.EqualTo(values));
    }

    [Test]
    public void EveryFloatOfEitherByteOrderIsRead([Values(2, 4, 8)] int size, [Values] bool bigEndian)
    {
        var values = new[] { 0, 1.5f, -2.25f, 1024 };
        var bytes = values.SelectMany(value => Ordered(
            size switch { 2 => BitConverter.GetBytes((Half)value), 4 => BitConverter.GetBytes(value), _ => BitConverter.GetBytes((double)value) },
                bigEndian)).ToArray();
        var file = new TestHdf5();
        file.AddDataset("raw", TestHdf5.Shape([1, 4]), TestHdf5.Floats(size, bigEndian), TestHdf5.Compact(bytes));
        Assert.That(InputFile.ReadImage(_folder.Write("a.h5", file.ToArray())).Data, Is.EqualTo(values));
    }

    [Test]
    public void LabelsBeyond32BitsAreRefusedWithTheirPlace()
    {
        var file = new TestHdf5();
        file.AddDataset("label", TestHdf5.Shape([1, 2]), TestHdf5.Integers(8), TestHdf5.Compact(TestHdf5.Fields(1UL, 1UL << 40)));
        var path = _folder.Write("a.h5", file.ToArray());
        Assert.That(() => InputFile.ReadLabels(path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{path}: 1099511627776 at y 0, x 1 is no label: labels are whole numbers from 0 to 2147483647; "
                + "number the objects anew, such as with skimage.segmentation.relabel_sequential."));
    }

    [TestCase("BTree1", true)]
    [TestCase("BTree1", false)]
    [TestCase("Single", true)]
    [TestCase("Single", false)]
    [TestCase("Implicit", false)]
    [TestCase("FixedArray", true)]
    [TestCase("FixedArray", false)]
    [TestCase("PagedFixedArray", true)]
    [TestCase("PagedFixedArray", false)]
    [TestCase("BTree2", true)]
    [TestCase("BTree2", false)]
    public void ChunksAreFoundByEveryIndex(string index, bool filtered)
    {
        var (file, height, width) = (new TestHdf5(), 9UL, 11UL);
        uint[] chunk = index == "Single" ? [9, 11] : [2, 3];
        var chunks = ChunksOf(height, width, chunk, filtered, slowest: 0);
        // One chunk was never written: the fill value stands for it.
        var missing = index is "Single" or "Implicit" ? -1 : 5;
        List<TestChunk> written = [.. chunks.Where((_, i) => i != missing)];
        List<TestChunk?> slots = [.. chunks.Select((c, i) => i == missing ? (TestChunk?)null : c)];
        var layout = index switch
        {
            "BTree1" => file.BTree1(chunk, 2, written),
            "Single" => file.Single(chunk, 2, written[0], filtered),
            "Implicit" => file.Implicit(chunk, 2, written),
            "FixedArray" => file.FixedArray(chunk, 2, slots, filtered, pageBits: 10),
            "PagedFixedArray" => file.FixedArray(chunk, 2, slots, filtered, pageBits: 2),
            _ => file.BTree2(chunk, 2, written, filtered),
        };
        ReadsChunks(file, TestHdf5.Shape([height, width]), layout, filtered, (int)height, (int)width, chunk, missing < 0 ? null : chunks[missing].At);
    }

    [TestCase(200, 3, 0, true)]
    [TestCase(200, 3, 0, false)]
    [TestCase(4, 150, 1, true)]
    [TestCase(4, 150, 1, false)]
    public void ChunksOfADatasetThatMayGrowAreFound(int height, int width, int slowest, bool filtered)
    {
        var file = new TestHdf5();
        uint[] chunk = slowest == 0 ? [1, 2] : [3, 1];
        List<TestChunk?> chunks = [.. ChunksOf((ulong)height, (ulong)width, chunk, filtered, slowest).Select(c => (TestChunk?)c)];
        var largest = new[] { (ulong)height, (ulong)width };
        largest[slowest] = TestHdf5.Undefined;
        ReadsChunks(file, TestHdf5.Shape([(ulong)height, (ulong)width], largest), file.ExtensibleArray(chunk, 2, chunks, filtered), filtered, height,
            width, chunk, null);
    }

    [Test]
    public void TheFiltersOfTheLibraryAreUndone([Values] bool deflate, [Values] bool shuffle, [Values] bool checksum)
    {
        var path = _folder.File("a.h5");
        var values = Enumerable.Range(0, 7 * 9).Select(i => (uint)(i * i)).ToArray();
        List<H5Filter> filters = [];
        if (shuffle)
            filters.Add(ShuffleFilter.Id);
        if (deflate)
            filters.Add(DeflateFilter.Id);
        if (checksum)
            filters.Add(Fletcher32Filter.Id);
        new H5File { ["raw"] = new H5Dataset(values, chunks: [4, 5], fileDims: [7, 9]) }.Write(path, new H5WriteOptions(Filters: filters));
        Assert.That(InputFile.ReadImage(path).Data, Is.EqualTo(values.Select(value => (float)value)));
        if (!checksum)
            return;
        var bytes = File.ReadAllBytes(path);
        // Chunks and the structure that leads to them have checksums: no change of a byte goes unnoticed.
        var refused = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= 1;
            try
            {
                if (!InputFile.ReadImage(_folder.Write("b.h5", changed)).Data.AsSpan().SequenceEqual(InputFile.ReadImage(path).Data))
                    Assert.Fail($"byte {at} changed the image unnoticed");
            }
            catch (InputException)
            {
                refused++;
            }
        }
        Assert.That(refused, Is.GreaterThan(bytes.Length / 2));
    }

    [TestCase("Four score and seven years ago", 0x17770551u)]
    [TestCase("", 0xDEADBEEFu)]
    public void TheChecksumIsThatOfLookup3(string text, uint expected) =>
        Assert.That(Hdf5CheckSum.Of(Encoding.ASCII.GetBytes(text)), Is.EqualTo(expected));

    [Test]
    public void LzfIsExpandedAndALeftOutFilterIsNotUndone()
    {
        byte[] values = [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3];
        // Three literals; a reference of 9 bytes, 3 back (length 2 + 7, one byte more for its length).
        byte[] lzf = [2, 1, 2, 3, 7 << 5, 0, 2];
        var file = new TestHdf5();
        var layout = file.BTree1([1, 12], 1, [new TestChunk([0, 0], lzf), new TestChunk([1, 0], values, Mask: 1)]);
        file.AddDataset("raw", TestHdf5.Shape([2, 12]), TestHdf5.Integers(1), TestHdf5.Filters((32000, [4, 0x105, 12])), layout);
        Assert.That(InputFile.ReadImage(_folder.Write("a.h5", file.ToArray())).Data, Is.EqualTo(values.Concat(values).Select(value => (float)value)));
    }

    [Test]
    public void ScaleAndOffsetAreUndone([Values] bool bigEndian)
    {
        // Differences 0, 1, 2, 5 to -7, three bits each, the highest bit first; 7, all ones, is the fill value.
        var head = TestHdf5.Fields(3u, (byte)8, unchecked((ulong)-7L), new byte[8]);
        byte[] bits = [0b000_001_01, 0b0_101_111_0];
        var file = new TestHdf5();
        var layout = file.Single([1, 5], 4, new TestChunk([0, 0], [.. head, .. bits]), filtered: true);
        uint[] parameters = [2, 0, 5, 0, 4, 1, bigEndian ? 1u : 0, 1, 99, .. new uint[11]];
        file.AddDataset("raw", TestHdf5.Shape([1, 5]), TestHdf5.Integers(4, signed: true, bigEndian), TestHdf5.Filters((6, parameters)), layout);
        float[] expected = [-7, -6, -5, -2, 99];
        Assert.That(InputFile.ReadImage(_folder.Write("a.h5", file.ToArray())).Data, Is.EqualTo(expected));
    }

    [Test]
    public void ScaledFloatsAreUndone()
    {
        // (difference / 10^1) + 0.5, four bits each.
        var head = TestHdf5.Fields(4u, (byte)8, (ulong)BitConverter.SingleToUInt32Bits(0.5f), new byte[8]);
        var file = new TestHdf5();
        var layout = file.Single([1, 4], 4, new TestChunk([0, 0], [.. head, 0x01, 0xA3]), filtered: true);
        file.AddDataset("raw", TestHdf5.Shape([1, 4]), TestHdf5.Floats(4), TestHdf5.Filters((6, [0, 1, 4, 1, 4, 1, 0, 0, .. new uint[12]])), layout);
        float[] expected = [0.5f, 0.6f, 1.5f, 0.8f];
        Assert.That(InputFile.ReadImage(_folder.Write("a.h5", file.ToArray())).Data, Is.EqualTo(expected).Within(1e-6f));
    }

    [TestCase(32001, "blosc")]
    [TestCase(4, "szip")]
    [TestCase(32015, "zstd")]
    [TestCase(400, "filter 400")]
    public void AnotherFilterIsNamedWithAWayOut(int id, string called)
    {
        var file = new TestHdf5();
        var layout = file.Single([1, 4], 1, new TestChunk([0, 0], new byte[4]), filtered: true);
        file.AddDataset("raw", TestHdf5.Shape([1, 4]), TestHdf5.Integers(1), TestHdf5.Filters(((ushort)id, [])), layout);
        var path = _folder.Write("a.h5", file.ToArray());
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{path}: dataset 'raw' is compressed with {called}, which is not read; \"h5repack -f SHUF -f GZIP=4 in.h5 out.h5\" converts it."));
    }

    [Test]
    public void AVirtualDatasetIsRefusedWithAWayOut()
    {
        var file = new TestHdf5();
        file.AddDataset("raw", TestHdf5.Shape([1, 4]), TestHdf5.Integers(1), (8, TestHdf5.Fields((byte)4, (byte)3, 100UL, 1u)));
        var path = _folder.Write("a.h5", file.ToArray());
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{path}: dataset 'raw' is a virtual dataset, put together from others, which is not read; "
            + "\"h5repack -l CONTI in.h5 out.h5\" writes it into one file."));
    }

    [Test]
    public void ManyNamesAndManyAttributesAreFoundInTheirHeap()
    {
        var file = new TestHdf5();
        for (var i = 0; i < 40; i++)
        {
            var (number, attributes) = ((byte)i, new List<byte[]>());
            for (var other = 0; other < 20; other++)
                attributes.Add(TestHdf5.Attribute($"note{other}", other));
            attributes.Add(TestHdf5.Attribute("element_size_um", i + 1, 2, 1));
            file.AddDataset($"image{i}", TestHdf5.Shape([1, 2]), TestHdf5.Integers(1), TestHdf5.Compact([number, 7]),
                file.DenseAttributes(attributes));
        }
        var path = _folder.Write("a.h5", file.ToArray(dense: true));
        using (var library = H5File.OpenRead(path))
            Assert.That(library.Children().Count(), Is.EqualTo(40));
        for (var i = 0; i < 40; i++)
        {
            var image = InputFile.ReadImage(path, $"image{i}");
            float[] expected = [i, 7];
            Assert.That(image.Data, Is.EqualTo(expected));
            Assert.That(image.VoxelSize, Is.EqualTo(new VoxelSize(i + 1, 2, 1)));
        }
    }

    private static byte[] Ordered(byte[] bytes, bool bigEndian)
    {
        if (bigEndian)
            Array.Reverse(bytes);
        return bytes;
    }

    private static ushort Value(int y, int x) => (ushort)(1000 * y + x + 1);

    /// <summary>All chunks in the order of their numbers; what lies beyond the edge is 0xEEEE.</summary>
    private static List<TestChunk> ChunksOf(ulong height, ulong width, uint[] chunk, bool filtered, int slowest)
    {
        var chunks = new List<TestChunk>();
        var (rows, columns) = ((height + chunk[0] - 1) / chunk[0], (width + chunk[1] - 1) / chunk[1]);
        for (ulong i = 0; i < rows * columns; i++)
        {
            var (row, column) = slowest == 0 ? (i / columns, i % columns) : (i % rows, i / rows);
            var bytes = new byte[chunk[0] * chunk[1] * 2];
            for (uint y = 0; y < chunk[0]; y++)
                for (uint x = 0; x < chunk[1]; x++)
                {
                    var (at, to) = (row * chunk[0] + y, column * chunk[1] + x);
                    var value = at < height && to < width ? Value((int)at, (int)to) : (ushort)0xEEEE;
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((int)((y * chunk[1] + x) * 2)), value);
                }
            chunks.Add(new TestChunk([row, column], filtered ? Deflated(bytes) : bytes));
        }
        return chunks;
    }

    internal static byte[] Deflated(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var deflate = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            deflate.Write(bytes);
        return stream.ToArray();
    }

    private void ReadsChunks(
        TestHdf5 file, (byte, byte[]) shape, (byte, byte[]) layout, bool filtered, int height, int width, uint[] chunk, ulong[]? missing)
    {
        List<(byte, byte[])> messages = [shape, TestHdf5.Integers(2), TestHdf5.Fill([7, 0]), layout];
        if (filtered)
            messages.Add(TestHdf5.Filters((1, [6])));
        file.AddDataset("raw", [.. messages]);
        var path = _folder.Write("a.h5", file.ToArray());
        var expected = new float[height * width];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                expected[y * width + x] = missing is not null && (ulong)y / chunk[0] == missing[0] && (ulong)x / chunk[1] == missing[1] ? 7
                    : Value(y, x);
        Assert.That(InputFile.ReadImage(path).Data, Is.EqualTo(expected));
        using var volume = Hdf5Volume.Open(path, "raw");
        var box = volume.Read<float>(new VoxelBox(0, 1, 1, 1, height - 2, width - 1));
        Assert.That(box.Data, Is.EqualTo(Enumerable.Range(1, height - 2).SelectMany(y => expected[(y * width + 1)..((y + 1) * width)])));
    }
}
