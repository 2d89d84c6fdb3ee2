using System.Runtime.InteropServices;
using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Boxes of a TIFF: what they cost. That they are those of the image at once is compared in <see cref="TiffFileTests"/>.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TiffVolumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Decoded_blocks_take_no_more_than_is_counted([Values] bool tiled)
    {
        var path = Compressed(2048, 2048, tiled);
        const long Memory = 4 << 20;
        using var boxes = new TiffVolume(path, Memory, CancellationToken.None);
        // A row of tiles is 512 KiB, as is an eighth of the memory; the whole is 8 MiB.
        Assert.That(boxes.Bytes, Is.LessThan(Memory / 8 + (1 << 20)));
        var values = new float[256 * 256];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var box in Boxes(2048, 256))
            boxes.Read(box, values);
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(boxes.Bytes));
    }

    [Test]
    public void Many_tiny_blocks_take_no_more_than_is_counted()
    {
        const int Height = 100_000;
        // Packbits: one byte, twice.
        byte[] strip = [0xFF, 5];
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = Height, Compression = 32773 };
        var path = _folder.Write("a.tif", tiff.Page(1, [.. Enumerable.Repeat(strip, Height)]).ToArray());
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var boxes = new TiffVolume(path, 1L << 30, CancellationToken.None);
        boxes.Read(new VoxelBox(0, 0, 0, 1, Height, 1), new float[Height]);
        Assert.That(boxes.Bytes, Is.InRange(Height * BlockCache.EntryBytes, Height * (BlockCache.EntryBytes + 50)));
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(boxes.Bytes));
    }

    [Test]
    public void Boxes_side_by_side_decode_a_block_once([Values] bool tiled)
    {
        var path = Compressed(2048, 1024, tiled);
        using var boxes = new TiffVolume(path, 16 << 20, CancellationToken.None);
        var values = new float[1024 * 1024];
        boxes.Read(new VoxelBox(0, 0, 0, 1, 1024, 1024), values);
        // Everything is decoded: of a file whose pixels are gone the boxes are the same.
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.Write(new byte[(int)file.Length / 2]);
        var again = new float[100 * 90];
        boxes.Read(new VoxelBox(0, 300, 40, 1, 100, 90), again);
        Assert.That(Enumerable.Range(0, 9000).All(i => again[i] == values[(300 + i / 90) * 1024 + 40 + i % 90]));
    }

    [Test]
    public void An_image_beyond_an_array_is_read_where_its_only_strip_is_not_compressed([Values] bool following)
    {
        // 2.5 GB, or ImageJ's 5 GB in two slices, of which the disk holds a few pages.
        const int Side = 50_000;
        const uint Start = 4096, Bytes = (uint)Side * Side;
        var tiff = new TestTiff(bigEndian: true)
        {
            Width = Side, Height = Side, Description = following ? "ImageJ=1.53c\nimages=2\nslices=2\n" : "",
        };
        var path = _folder.Write("a.tif", tiff.PageWith([(273, 4, [Start]), (279, 4, [Bytes])], Side, new byte[1]).ToArray());
        var (row, column) = (following ? Side + 47_000 : 47_000, 49_990);
        using (var file = new FileStream(path, FileMode.Open))
        {
            file.SetLength(Start + (following ? 2L : 1) * Bytes);
            file.Position = Start + (long)row * Side + column;
            file.Write([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        }
        using var boxes = new TiffVolume(path, 1 << 20, CancellationToken.None);
        Assert.That((boxes.Depth, boxes.Height, boxes.Width), Is.EqualTo((following ? 2 : 1, Side, Side)));
        Assert.That(boxes.Bytes, Is.LessThan(4 << 20));
        var values = new float[20];
        boxes.Read(new VoxelBox(following ? 1 : 0, 46_999, 49_990, 1, 2, 10), values);
        Assert.That(values, Is.EqualTo(new float[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }));
        Assert.That(ImageHeader.Read(path, "").Voxels, Is.EqualTo((following ? 2L : 1) * Bytes));
        Assert.That(() => InputFile.ReadImage(path), Throws.TypeOf<InputException>().With.Message.Contains("declares"));
    }

    [Test]
    public void Compressed_as_one_an_image_is_held_where_it_fits([Values] bool tiled)
    {
        var path = OneBlock(9000, 8000, tiled);
        Assert.That(() => new TiffVolume(path, 68 << 20, CancellationToken.None), Throws.TypeOf<InputException>().With.Message.EqualTo(
            $"{path}: a {(tiled ? "tile" : "strip")} has 9000 x 8000 pixels and is decompressed as a whole; that takes 69 MiB, and 68 MiB are left "
            + $"for it: save it in smaller ones, with: tiffcp {(tiled ? "-t -w 512 -l 512" : "-r 16")} IN OUT."));
        using var boxes = new TiffVolume(path, 100 << 20, CancellationToken.None);
        Assert.That(boxes.Bytes, Is.InRange(72_000_000, 74_000_000));
        var values = new float[6];
        boxes.Read(new VoxelBox(0, 7998, 8997, 1, 2, 3), values);
        Assert.That(values, Is.EqualTo(new float[] { 7, 7, 7, 7, 7, 7 }));
    }

    [Test]
    public void What_no_array_holds_once_decompressed_is_refused_at_once()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 50_000, Height = 50_000, Compression = 8 };
        var path = _folder.Write("a.tif", tiff.Page(50_000, new byte[3 << 20]).ToArray());
        Assert.That(() => new TiffVolume(path, 8L << 30, CancellationToken.None),
            Throws.TypeOf<InputException>().With.Message.Contains(
                "a strip has 50000 x 50000 pixels and is decompressed as a whole; at most 2 GiB can be: save it in smaller ones"));
    }

    [Test]
    public void Every_page_is_looked_at_before_anything_is_computed()
    {
        var tiff = new TestTiff(bigEndian: false) { Width = 2, Height = 1 }.Page(1, [[1, 2]]).PageWith([(279, 4, [9999])], 1, [[3, 4]]);
        Assert.That(() => new TiffVolume(_folder.Write("a.tif", tiff.ToArray()), 1 << 20, CancellationToken.None), Throws.TypeOf<InputException>());
    }

    [Test]
    public void A_value_that_is_not_finite_is_named_with_its_place_in_the_image([Values(1, 6)] int orientation)
    {
        var samples = new float[6 * 5];
        samples[4 * 5 + 3] = float.NaN;
        var tiff = new TestTiff(bigEndian: false) { Width = 5, Height = 6, Bits = 32, SampleFormat = 3 };
        var path = _folder.Write("a.tif", tiff.PageWith([(274, 3, [orientation])], 6, MemoryMarshal.AsBytes(samples.AsSpan()).ToArray()).ToArray());
        using var boxes = new TiffVolume(path, 1 << 20, CancellationToken.None);
        // Turned by a quarter, row 4 of 6 is column 1, and column 3 is row 3.
        var (y, x) = orientation == 1 ? (4, 3) : (3, 1);
        var values = new float[4];
        Assert.That(() => boxes.Read(new VoxelBox(0, y - 1, x - 1, 1, 2, 2), values),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{path}: NaN at y {y}, x {x}: image values must be finite numbers."));
        boxes.Read(new VoxelBox(0, 0, 0, 1, 1, 4), values);
    }

    [Test]
    public void Reading_stops_when_it_is_cancelled()
    {
        var path = Compressed(64, 64, tiled: true);
        using var source = new CancellationTokenSource();
        using var boxes = new TiffVolume(path, 1 << 20, source.Token);
        var values = new float[64 * 64];
        boxes.Read(new VoxelBox(0, 0, 0, 1, 64, 64), values);
        source.Cancel();
        Assert.That(() => boxes.Read(new VoxelBox(0, 0, 0, 1, 64, 64), values), Throws.InstanceOf<OperationCanceledException>());
    }

    private static IEnumerable<VoxelBox> Boxes(int side, int part) =>
        from y in Enumerable.Range(0, side / part)
        from x in Enumerable.Range(0, side / part)
        select new VoxelBox(0, y * part, x * part, 1, part, part);

    /// <summary>16 bits, deflated, in tiles of 128 x 128 or strips of 16 rows.</summary>
    private string Compressed(int height, int width, bool tiled)
    {
        var path = _folder.File("a.tif");
        var values = Enumerable.Range(0, height * width).Select(i => (ushort)(i * 7919 % 251 + i / width)).ToArray();
        TestTiff.Write(path, values, height, width, tiled);
        return path;
    }

    /// <summary>8 bits, all 7, deflated.</summary>
    private string OneBlock(int width, int height, bool tiled)
    {
        var pixels = new byte[width * height];
        Array.Fill(pixels, (byte)7);
        var tiff = new TestTiff(bigEndian: false) { Width = width, Height = height, Compression = 8 };
        (int, int, long[])[] tags = tiled ? [(322, 4, [width]), (323, 4, [height])] : [];
        return _folder.Write("a.tif", tiff.PageWith(tags, height, Hdf5FormsTests.Deflated(pixels)).ToArray());
    }
}
