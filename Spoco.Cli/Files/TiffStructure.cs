using System.Buffers.Binary;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// Checks a TIFF's chain of directories before the library follows it: no loop, every entry's values inside the file, and as many
/// strips or tiles listed as the page's size needs, so that no array is allocated for values which are not there.
/// </summary>
internal static class TiffStructure
{
    private const int ImageWidth = 256, ImageLength = 257, StripOffsets = 273, SamplesPerPixel = 277, RowsPerStrip = 278,
        PlanarConfiguration = 284, TileWidth = 322, TileLength = 323, TileOffsets = 324;

    private static ReadOnlySpan<byte> TypeSizes => [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    /// <summary>Counts the pages of a TIFF whose structure is sound.</summary>
    public static int CountPages(string path, Stream stream)
    {
        var reader = new Reader(path, stream);
        var (order, magic) = (reader.UInt16(0), 0u);
        reader.BigEndian = order == 0x4D4D;
        if (order is not (0x4949 or 0x4D4D) || (magic = reader.UInt16(2)) is not (42 or 43))
            throw new InputException($"{path}: not a TIFF file.");
        var big = magic == 43;
        if (big && (reader.UInt16(4) != 8 || reader.UInt16(6) != 0))
            throw new InputException($"{path}: BigTIFF with offsets of another size than 8 bytes.");

        if (big && reader.BigEndian)
            throw new InputException($"{path}: big-endian BigTIFF is not read; save it little-endian or as HDF5.");

        var (countBytes, entryBytes, offsetBytes) = big ? (8, 20, 8) : (2, 12, 4);
        var seen = new HashSet<long>();
        for (var at = reader.Offset(big ? 8 : 4, big); at != 0;)
        {
            if (!seen.Add(at))
                throw new InputException($"{path}: damaged TIFF (its pages form a loop).");
            var entries = big ? reader.Offset(at, big) : reader.UInt16(at);
            if (entries is < 1 or > ushort.MaxValue)
                throw new InputException($"{path}: damaged TIFF (a page with {entries} entries).");
            var first = at + countBytes;
            reader.Require(first, entries * entryBytes + offsetBytes);
            var page = new Dictionary<uint, (long Count, long Value)>();
            for (var entry = first; entry < first + entries * entryBytes; entry += entryBytes)
                if (!page.TryAdd(reader.UInt16(entry), ReadEntry(reader, entry, big)))
                    throw new InputException($"{path}: damaged TIFF (tag {reader.UInt16(entry)} twice on a page).");
            CheckBlocks(path, page);
            at = reader.Offset(first + entries * entryBytes, big);
        }
        return seen.Count > 0 ? seen.Count : throw new InputException($"{path}: TIFF without a page.");
    }

    /// <summary>An entry's count and, of a single whole number, its value.</summary>
    private static (long Count, long Value) ReadEntry(Reader reader, long entry, bool big)
    {
        var type = reader.UInt16(entry + 2);
        var count = big ? reader.Offset(entry + 4, big) : reader.UInt32(entry + 4);
        var size = type < TypeSizes.Length ? TypeSizes[(int)type] : 0;
        var field = entry + (big ? 12 : 8);
        if (size != 0 && (count < 0 || count > (big ? 8 : 4) / size))
            reader.Require(reader.Offset(field, big), count < 0 || count > reader.Length ? reader.Length + 1 : count * size);
        return (count, type switch
        {
            1 => reader.Byte(field), 3 => reader.UInt16(field), 4 => reader.UInt32(field), 16 when big => reader.Offset(field, big), _ => 0,
        });
    }

    private static void CheckBlocks(string path, Dictionary<uint, (long Count, long Value)> page)
    {
        long Value(uint tag, long otherwise) => page.TryGetValue(tag, out var entry) ? entry.Value : otherwise;
        var (width, height) = (Value(ImageWidth, 0), Value(ImageLength, 0));
        var tiled = page.ContainsKey(TileWidth) || page.ContainsKey(TileLength) || page.ContainsKey(TileOffsets);
        var (blockWidth, blockHeight) = tiled
            ? (Value(TileWidth, 0), Value(TileLength, 0)) : (width, Math.Min(height, Value(RowsPerStrip, height)));
        if (width is < 1 or > int.MaxValue || height is < 1 or > int.MaxValue || blockWidth < 1 || blockHeight < 1)
            throw new InputException($"{path}: damaged TIFF (page of {width} x {height} in blocks of {blockWidth} x {blockHeight}).");
        var planes = Value(PlanarConfiguration, 1) == 2 ? Value(SamplesPerPixel, 1) : 1;
        var blocks = ((width - 1) / blockWidth + 1) * ((height - 1) / blockHeight + 1);
        var listed = page.GetValueOrDefault((uint)(tiled ? TileOffsets : StripOffsets)).Count;
        if (blocks > listed / Math.Max(1, planes))
            throw new InputException($"{path}: damaged TIFF (a page of {blocks} blocks lists {listed}).");
    }

    private sealed class Reader(string path, Stream stream)
    {
        private readonly byte[] _bytes = new byte[8];

        public bool BigEndian { get; set; }

        public long Length { get; } = stream.Length;

        public void Require(long at, long count)
        {
            if (at < 0 || at > Length || count > Length - at)
                throw new InputException($"{path}: TIFF is cut off or damaged (needs bytes {at} to {at + count}, the file has {Length}).");
        }

        public uint Byte(long at) => Read(at, 1)[0];

        public uint UInt16(long at) =>
            BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(Read(at, 2)) : BinaryPrimitives.ReadUInt16LittleEndian(Read(at, 2));

        public uint UInt32(long at) =>
            BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(Read(at, 4)) : BinaryPrimitives.ReadUInt32LittleEndian(Read(at, 4));

        /// <summary>An offset or count: 4 bytes, in a BigTIFF 8. One beyond 2^63 reads as negative and is refused by <see cref="Require"/>.</summary>
        public long Offset(long at, bool big) =>
            !big ? UInt32(at) : BigEndian ? BinaryPrimitives.ReadInt64BigEndian(Read(at, 8)) : BinaryPrimitives.ReadInt64LittleEndian(Read(at, 8));

        private ReadOnlySpan<byte> Read(long at, int count)
        {
            Require(at, count);
            stream.Position = at;
            stream.ReadExactly(_bytes, 0, count);
            return _bytes.AsSpan(0, count);
        }
    }
}
