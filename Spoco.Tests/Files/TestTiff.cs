using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Spoco.Tests.Files;

/// <summary>An encoder of TIFF files, byte by byte: both byte orders, classic and BigTIFF, any number of pages.</summary>
internal sealed class TestTiff(bool bigEndian, bool bigTiff = false)
{
    private readonly List<byte> _file = [];
    private int _link;

    public int Width { get; init; } = 1;

    public int Height { get; init; } = 1;

    public int Bits { get; init; } = 8;

    public int SamplesPerPixel { get; init; } = 1;

    /// <summary>1 unsigned, 2 signed, 3 float.</summary>
    public int SampleFormat { get; init; } = 1;

    public int Photometric { get; init; } = 1;

    public int Compression { get; init; } = 1;

    public int[] ExtraSamples { get; init; } = [];

    public string Description { get; init; } = "";

    public int ResolutionUnit { get; init; } = 1;

    /// <summary>Pixels per unit, as a fraction.</summary>
    public (uint X, uint Y, uint Denominator) Resolution { get; init; } = (1, 1, 1);

    /// <summary>Numbers in the file's byte order, <paramref name="bytes"/> each.</summary>
    public byte[] Samples(int bytes, params ReadOnlySpan<long> values)
    {
        var data = new byte[values.Length * bytes];
        for (var i = 0; i < values.Length; i++)
            Put(data.AsSpan(i * bytes, bytes), (ulong)values[i]);
        return data;
    }

    /// <summary>Adds a page whose strips are given as they are to be stored.</summary>
    public TestTiff Page(int rowsPerStrip, params byte[][] strips) => PageWith([], rowsPerStrip, strips);

    /// <summary>The same with tags of one's own, which replace those that the page would have.</summary>
    public TestTiff PageWith((int Tag, int Type, long[] Values)[] tags, int rowsPerStrip, params byte[][] strips)
    {
        if (_file.Count == 0)
            WriteHeader();
        var offsets = strips.Select(strip => { var at = (long)_file.Count; _file.AddRange(strip); return at; }).ToArray();
        var entries = new List<(int Tag, int Type, long[] Values)>
        {
            (256, 4, [Width]), (257, 4, [Height]), (258, 3, [.. Enumerable.Repeat((long)Bits, SamplesPerPixel)]), (259, 3, [Compression]),
            (262, 3, [Photometric]), (273, bigTiff ? 16 : 4, offsets), (277, 3, [SamplesPerPixel]), (278, 4, [rowsPerStrip]),
            (279, bigTiff ? 16 : 4, [.. strips.Select(strip => (long)strip.Length)]), (282, 5, [Resolution.X, Resolution.Denominator]),
            (283, 5, [Resolution.Y, Resolution.Denominator]), (296, 3, [ResolutionUnit]),
            (339, 3, [.. Enumerable.Repeat((long)SampleFormat, SamplesPerPixel)]),
        };
        if (Description != "")
            entries.Insert(5, (270, 2, [.. System.Text.Encoding.UTF8.GetBytes(Description + "\0").Select(letter => (long)letter)]));
        if (ExtraSamples.Length > 0)
            entries.Insert(entries.Count - 1, (338, 3, [.. ExtraSamples.Select(kind => (long)kind)]));
        entries.RemoveAll(entry => tags.Any(tag => tag.Tag == entry.Tag));
        WriteDirectory([.. entries.Concat(tags).OrderBy(entry => entry.Tag)]);
        return this;
    }

    /// <summary>Writes a little-endian image of 16 bits, deflated, in tiles of 128 x 128 or strips of 16 rows.</summary>
    public static void Write(string path, ReadOnlySpan<ushort> values, int height, int width, bool tiled, int orientation = 1)
    {
        const int TileSide = 128, StripRows = 16;
        var tiff = new TestTiff(bigEndian: false) { Width = width, Height = height, Bits = 16, Compression = 8 };
        var (blockHeight, blockWidth) = tiled ? (TileSide, TileSide) : (StripRows, width);
        var blocks = new List<byte[]>();
        for (var y = 0; y < height; y += blockHeight)
            for (var x = 0; x < width; x += blockWidth)
            {
                var block = new ushort[blockHeight * blockWidth];
                var columns = Math.Min(blockWidth, width - x);
                for (var row = 0; row < Math.Min(blockHeight, height - y); row++)
                    values.Slice((y + row) * width + x, columns).CopyTo(block.AsSpan(row * blockWidth));
                blocks.Add(Hdf5FormsTests.Deflated(MemoryMarshal.AsBytes(block.AsSpan()).ToArray()));
            }
        (int, int, long[])[] sides = tiled ? [(322, 4, [TileSide]), (323, 4, [TileSide])] : [];
        File.WriteAllBytes(path, tiff.PageWith([(274, 3, [orientation]), .. sides], StripRows, [.. blocks]).ToArray());
    }

    public byte[] ToArray() => _file.ToArray();

    private void WriteHeader()
    {
        _file.AddRange(bigEndian ? "MM"u8 : "II"u8);
        Number(2, bigTiff ? 43 : 42);
        if (bigTiff)
        {
            Number(2, 8);
            Number(2, 0);
        }
        _link = _file.Count;
        Number(bigTiff ? 8 : 4, 0);
    }

    private void WriteDirectory(List<(int Tag, int Type, long[] Values)> entries)
    {
        var (countBytes, fieldBytes) = bigTiff ? (8, 8) : (2, 4);
        var encoded = entries.Select(entry =>
        {
            var size = entry.Type switch { 1 or 2 or 7 => 1, 3 => 2, 16 => 8, _ => 4 };
            var data = Samples(size, entry.Values);
            var at = -1L;
            if (data.Length > fieldBytes)
            {
                at = _file.Count;
                _file.AddRange(data);
            }
            return (entry.Tag, entry.Type, Count: entry.Type == 5 ? 1 : entry.Values.Length, data, at);
        }).ToList();
        Samples(fieldBytes, _file.Count).CopyTo(CollectionsMarshal.AsSpan(_file)[_link..]);
        Number(countBytes, entries.Count);
        foreach (var (tag, type, count, data, at) in encoded)
        {
            Number(2, tag);
            Number(2, type);
            Number(fieldBytes, count);
            if (at >= 0)
                Number(fieldBytes, at);
            else
                _file.AddRange([.. data, .. new byte[fieldBytes - data.Length]]);
        }
        _link = _file.Count;
        Number(fieldBytes, 0);
    }

    private void Number(int bytes, long value) => _file.AddRange(Samples(bytes, value));

    private void Put(Span<byte> target, ulong value)
    {
        Span<byte> number = stackalloc byte[8];
        if (bigEndian)
        {
            BinaryPrimitives.WriteUInt64BigEndian(number, value);
            number[(8 - target.Length)..].CopyTo(target);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
            number[..target.Length].CopyTo(target);
        }
    }
}
