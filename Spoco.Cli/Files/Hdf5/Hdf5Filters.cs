using System.Buffers.Binary;
using System.IO.Compression;
using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// Undoes the filters of chunks: deflate, lzf, shuffle, fletcher32 and scale-offset. Whatever the number of filters, no step yields more than a chunk
/// holds and the little that a filter may add to it.
/// </summary>
internal sealed class Hdf5Filters
{
    private const int Deflate = 1;
    private const int Shuffle = 2;
    private const int Fletcher32 = 3;
    private const int ScaleOffset = 6;
    private const int Lzf = 32000;
    private const int MaxFilters = 32;

    private readonly Hdf5Bytes _file;
    private readonly List<(int Id, uint[] Values)> _filters = [];

    /// <exception cref="InputException">A filter is none of those above.</exception>
    public Hdf5Filters(Hdf5Bytes file, string name, byte[]? message)
    {
        _file = file;
        if (message is null)
            return;
        var cursor = new Hdf5Cursor(file, message);
        var (version, count) = (cursor.Byte(), cursor.Byte());
        if (version is not (1 or 2) || count > MaxFilters)
            throw file.Damaged($"{count} filters of version {version}");
        if (version == 1)
            cursor.Skip(6);
        for (var i = 0; i < count; i++)
        {
            var id = cursor.UInt16();
            var nameSize = version == 1 || id >= 256 ? cursor.UInt16() : 0;
            cursor.Skip(2);
            var values = new uint[cursor.UInt16()];
            cursor.Skip(version == 1 ? (nameSize + 7) / 8 * 8 : nameSize);
            for (var v = 0; v < values.Length; v++)
                values[v] = cursor.UInt32();
            if (version == 1 && values.Length % 2 == 1)
                cursor.Skip(4);
            if (id is not (Deflate or Shuffle or Fletcher32 or ScaleOffset or Lzf))
                throw new InputException($"{file.Path}: dataset '{name}' is compressed with {Called(id)}, which is not read; "
                    + "\"h5repack -f SHUF -f GZIP=4 in.h5 out.h5\" converts it.");
            _filters.Add((id, values));
        }
    }

    public bool Any => _filters.Count > 0;

    /// <summary>Bytes of a chunk from what is stored of it.</summary>
    /// <param name="stored">Overwritten.</param>
    /// <param name="mask">The filters left out.</param>
    /// <param name="chunkBytes">Bytes of every chunk.</param>
    public byte[] Undo(byte[] stored, uint mask, int chunkBytes)
    {
        var most = (int)Math.Min(Array.MaxLength, chunkBytes + chunkBytes / 100L + 4096);
        var bytes = stored;
        for (var i = _filters.Count - 1; i >= 0; i--)
        {
            if ((mask >> i & 1) != 0)
                continue;
            var (id, values) = _filters[i];
            bytes = id switch
            {
                Deflate => Inflate(bytes, i == 0 ? chunkBytes : most),
                Lzf => ExpandLzf(bytes, i == 0 ? chunkBytes : most),
                Shuffle => Unshuffle(bytes, values.Length > 0 ? values[0] : 1),
                Fletcher32 => CheckSum(bytes),
                _ => Hdf5ScaleOffset.Undo(_file, bytes, values, chunkBytes),
            };
        }
        return bytes.Length == chunkBytes ? bytes : throw _file.Damaged($"a chunk has {bytes.Length} bytes instead of {chunkBytes}");
    }

    private static string Called(int id) => id switch
    {
        4 => "szip",
        5 => "n-bit",
        307 => "bzip2",
        32001 => "blosc",
        32004 => "lz4",
        32008 => "bitshuffle",
        32013 => "zfp",
        32015 => "zstd",
        32026 => "blosc2",
        _ => $"filter {id}",
    };

    private byte[] Inflate(byte[] bytes, int most)
    {
        // A match of 258 bytes takes two codes of one bit at least: 1032 bytes from one.
        most = (int)Math.Min(most, bytes.Length * 1032L);
        var inflated = new byte[most];
        using var stream = new ZLibStream(new MemoryStream(bytes), CompressionMode.Decompress);
        try
        {
            var count = stream.ReadAtLeast(inflated, most, throwOnEndOfStream: false);
            if (count == most && stream.ReadByte() >= 0)
                throw _file.Damaged($"a chunk inflates to more than the {most} bytes declared");
            return count == most ? inflated : inflated[..count];
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{_file.Path}: HDF5 file is damaged (a chunk does not inflate).", e);
        }
    }

    private byte[] ExpandLzf(byte[] bytes, int most)
    {
        // The longest reference is 264 bytes from three.
        var expanded = new byte[Math.Min(most, bytes.Length * 264L)];
        var to = 0;
        var cursor = new Hdf5Cursor(_file, bytes);
        while (cursor.Left > 0)
        {
            int control = cursor.Byte();
            if (control < 32)
            {
                var literal = cursor.Bytes(control + 1);
                if (literal.Length > expanded.Length - to)
                    throw _file.Damaged("a chunk expands to more than is declared");
                literal.CopyTo(expanded.AsSpan(to));
                to += literal.Length;
                continue;
            }
            var length = (control >> 5) + 2;
            if (control >> 5 == 7)
                length += cursor.Byte();
            var from = to - ((control & 31) << 8) - cursor.Byte() - 1;
            if (from < 0 || length > expanded.Length - to)
                throw _file.Damaged("a chunk refers to what it does not hold");
            // Byte by byte: a reference may overlap what it yields.
            for (var end = to + length; to < end; to++, from++)
                expanded[to] = expanded[from];
        }
        return to == expanded.Length ? expanded : expanded[..to];
    }

    private static byte[] Unshuffle(byte[] bytes, uint size)
    {
        if (size < 2 || size > bytes.Length)
            return bytes;
        var (width, count) = ((int)size, bytes.Length / (int)size);
        var ordered = new byte[bytes.Length];
        for (var b = 0; b < width; b++)
        {
            var plane = bytes.AsSpan(b * count, count);
            for (var i = 0; i < count; i++)
                ordered[i * width + b] = plane[i];
        }
        bytes.AsSpan(count * width).CopyTo(ordered.AsSpan(count * width));
        return ordered;
    }

    private byte[] CheckSum(byte[] bytes)
    {
        if (bytes.Length < 4)
            throw _file.Damaged("a chunk without its checksum");
        var data = bytes.AsSpan(0, bytes.Length - 4);
        var stated = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4));
        var sum = Fletcher(data);
        // Old versions wrote the bytes of either half the other way round.
        if (sum != stated && ((sum & 0x00FF00FF) << 8 | sum >> 8 & 0x00FF00FF) != stated)
            throw _file.Damaged("the checksum of a chunk is wrong");
        return data.ToArray();
    }

    private static uint Fletcher(ReadOnlySpan<byte> data)
    {
        uint first = 0, second = 0;
        while (data.Length > 1)
        {
            // 360 words are as many as 32 bits hold the sums of.
            var words = Math.Min(360, data.Length / 2);
            for (var i = 0; i < words; i++)
            {
                first += BinaryPrimitives.ReadUInt16BigEndian(data[(2 * i)..]);
                second += first;
            }
            (first, second) = (Fold(first), Fold(second));
            data = data[(2 * words)..];
        }
        if (data.Length == 1)
        {
            first += (uint)data[0] << 8;
            second += first;
            (first, second) = (Fold(first), Fold(second));
        }
        return Fold(second) << 16 | Fold(first);

        static uint Fold(uint sum) => (sum & 0xFFFF) + (sum >> 16);
    }
}
