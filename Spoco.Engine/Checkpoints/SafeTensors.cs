using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Checkpoints;

/// <summary>Element types of a safetensors file that are read; F32, F16, BF16 and I64 are written.</summary>
public enum SafeTensorType
{
    /// <summary>32-bit float.</summary>
    F32,

    /// <summary>64-bit float.</summary>
    F64,

    /// <summary>16-bit float.</summary>
    F16,

    /// <summary>The upper half of a 32-bit float.</summary>
    BF16,

    /// <summary>64-bit integer.</summary>
    I64,

    /// <summary>32-bit integer.</summary>
    I32,
}

/// <summary>Where an array lies in a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One past the last byte.</param>
public sealed record SafeTensorEntry(string Name, SafeTensorType Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Number of elements.</summary>
    public long Count => (End - Begin) / SafeTensors.ElementBytes(Type);
}

/// <summary>An array to be written in a floating-point type, or as int64 where <paramref name="Integers"/> is given.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Values">Called when its turn comes, so that arrays on a device are fetched one at a time.</param>
/// <param name="Integers">The values of an int64 array; null for floating-point values.</param>
/// <param name="Stored">The type that values are rounded to in the file.</param>
public sealed record SafeTensorSource(
    string Name, IReadOnlyList<long> Shape, Func<float[]> Values, long[]? Integers = null, ElementType Stored = ElementType.F32)
{
    /// <summary>Its element type in the file.</summary>
    internal SafeTensorType Type => Integers is not null ? SafeTensorType.I64
        : Stored switch { ElementType.BF16 => SafeTensorType.BF16, ElementType.F16 => SafeTensorType.F16, _ => SafeTensorType.F32 };
}

/// <summary>
/// The safetensors format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {..}}, then the
/// raw bytes. Nothing in such a file is executed. Every number in it is checked before it is used. Files that are written here have a checksum of
/// their arrays and strings among the strings, which does not depend on their order: whoever reads and writes them unchanged keeps it.
/// </summary>
public sealed class SafeTensors
{
    private const int MaximumHeaderBytes = 100 << 20;
    private const int PieceBytes = 1 << 20;

    // Of the length of a checksum: the arrays are fetched once, when they are written behind the header.
    private const string NoChecksum = "----------------";

    private readonly string _path;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafeTensorEntry> _entries;

    private SafeTensors(string path, long dataStart, Dictionary<string, SafeTensorEntry> entries, Dictionary<string, string> metadata)
    {
        _path = path;
        _dataStart = dataStart;
        _entries = entries;
        Metadata = metadata;
    }

    /// <summary>The strings under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The arrays by name.</summary>
    public IReadOnlyDictionary<string, SafeTensorEntry> Entries => _entries;

    /// <summary>Reads and checks the header; the arrays are read when asked for.</summary>
    /// <exception cref="InputException">The file is missing, unreadable, truncated or inconsistent.</exception>
    public static SafeTensors Open(string path)
    {
        using var stream = RegularFile.Open(path);
        try
        {
            return Parse(path, stream);
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: cannot be read (it changes or its disk fails).", e);
        }
    }

    /// <summary>Reads a floating-point array, converted to float32.</summary>
    /// <exception cref="InputException">There is no such array, it is not floating-point, or the file was changed meanwhile.</exception>
    public float[] Read(string name)
    {
        var entry = Find(name);
        var bytes = ReadBytes(entry);
        var values = new float[entry.Count];
        switch (entry.Type)
        {
            case SafeTensorType.F32:
                for (var i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * i));
                break;
            case SafeTensorType.F64:
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(8 * i));
                break;
            case SafeTensorType.F16:
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(2 * i));
                break;
            case SafeTensorType.BF16:
                for (var i = 0; i < values.Length; i++)
                    values[i] = new BFloat16(BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i)));
                break;
            default:
                throw new InputException($"{_path}: array '{name}' holds integers ({entry.Type}), expected floating-point values.");
        }

        return values;
    }

    /// <summary>Reads an array as it is stored: little-endian elements of the type that its entry names.</summary>
    /// <exception cref="InputException">There is no such array, or the file was changed meanwhile.</exception>
    public byte[] ReadStored(string name) => ReadBytes(Find(name));

    /// <summary>Reads a floating-point array of which every value must be a number.</summary>
    /// <exception cref="InputException">As <see cref="Read"/>; or a value is infinite or not a number.</exception>
    public float[] ReadFinite(string name)
    {
        var values = Read(name);
        return Primitives.FiniteNumbers.IndexOfOther(values) is >= 0 and var i
            ? throw new InputException($"{_path}: value {i} of the array '{name}' is {values[i]}: the model is damaged.")
            : values;
    }

    /// <summary>Compares the arrays and strings with the checksum that was written with them; a file without one passes.</summary>
    /// <exception cref="InputException">They differ, or the file cannot be read.</exception>
    public void Verify()
    {
        if (!Metadata.TryGetValue(CheckpointFormat.ChecksumKey, out var expected))
            return;
        try
        {
            using var stream = RegularFile.Open(_path);
            var piece = new byte[PieceBytes];
            var sum = SumOf(Metadata);
            foreach (var entry in _entries.Values)
            {
                using var hash = HashOf(entry.Name);
                stream.Position = _dataStart + entry.Begin;
                for (var left = entry.End - entry.Begin; left > 0; left -= PieceBytes)
                {
                    var bytes = piece.AsSpan(0, (int)Math.Min(left, PieceBytes));
                    stream.ReadExactly(bytes);
                    hash.Add(bytes);
                }

                sum = unchecked(sum + hash.Value);
            }

            if (Text(sum) != expected)
                throw new InputException(
                    $"{_path}: the contents are not those that were written (their checksum differs): the file is damaged or was edited.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{_path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes a file beside, flushes it and renames it over <paramref name="path"/>: an interruption leaves the old one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arrays">The arrays; names must differ.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>.</param>
    public static void Write(string path, IReadOnlyList<SafeTensorSource> arrays, IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        ArgumentNullException.ThrowIfNull(metadata);
        var header = Header(arrays, new Dictionary<string, string>(metadata) { [CheckpointFormat.ChecksumKey] = NoChecksum });
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            var sum = SumOf(metadata);
            foreach (var array in arrays)
            {
                using var hash = HashOf(array.Name);
                var bytes = Bytes(array);
                hash.Add(bytes);
                stream.Write(bytes);
                sum = unchecked(sum + hash.Value);
            }

            // Quotes within strings are escaped: this is the entry itself.
            stream.Position = length.Length + header.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"{CheckpointFormat.ChecksumKey}\":\"{NoChecksum}\""))
                + CheckpointFormat.ChecksumKey.Length + "\"\":\"".Length;
            stream.Write(Encoding.UTF8.GetBytes(Text(sum)));
        });
    }

    private static ReadOnlySpan<byte> Bytes(SafeTensorSource array)
    {
        if (array.Integers is { } integers)
        {
            var bytes = new byte[integers.Length * sizeof(long)];
            for (var i = 0; i < integers.Length; i++)
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), integers[i]);
            return bytes;
        }

        var values = array.Values();
        if (array.Type is not SafeTensorType.F32)
        {
            var narrow = new byte[values.Length * sizeof(ushort)];
            for (var i = 0; i < values.Length; i++)
                BinaryPrimitives.WriteUInt16LittleEndian(narrow.AsSpan(i * sizeof(ushort)),
                    array.Type is SafeTensorType.BF16 ? ((BFloat16)values[i]).Bits : BitConverter.HalfToUInt16Bits((Half)values[i]));
            return narrow;
        }

        if (BitConverter.IsLittleEndian)
            return MemoryMarshal.AsBytes<float>(values);
        var swapped = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(swapped.AsSpan(i * sizeof(float)), values[i]);
        return swapped;
    }

    /// <summary>The hash of an array, begun with its name: arrays that change places are a change.</summary>
    private static ContentHash HashOf(string name)
    {
        var hash = new ContentHash();
        hash.Add(Encoding.UTF8.GetBytes($"{name}\0"));
        return hash;
    }

    /// <summary>The hashes of the strings but the checksum itself.</summary>
    private static ulong SumOf(IReadOnlyDictionary<string, string> metadata)
    {
        var sum = 0UL;
        foreach (var (key, value) in metadata)
        {
            if (key == CheckpointFormat.ChecksumKey)
                continue;
            using var hash = HashOf(key);
            hash.Add(Encoding.UTF8.GetBytes(value));
            sum = unchecked(sum + hash.Value);
        }

        return sum;
    }

    private static string Text(ulong sum) => sum.ToString("x16", CultureInfo.InvariantCulture);

    private static byte[] Header(IReadOnlyList<SafeTensorSource> arrays, IReadOnlyDictionary<string, string> metadata)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
            long offset = 0;
            foreach (var array in arrays)
            {
                var end = offset + array.Shape.Aggregate(1L, (a, b) => a * b) * ElementBytes(array.Type);
                json.WriteStartObject(array.Name);
                json.WriteString("dtype", array.Type.ToString());
                json.WriteStartArray("shape");
                foreach (var extent in array.Shape)
                    json.WriteNumberValue(extent);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        // Spaces up to a multiple of 8 keep the arrays aligned for readers that map the file.
        while (memory.Length % 8 != 0)
            memory.WriteByte((byte)' ');
        return memory.ToArray();
    }

    private static SafeTensors Parse(string path, FileStream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length < 8)
            throw new InputException($"{path}: not a safetensors file: it has {stream.Length} bytes.");
        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is < 2 or > MaximumHeaderBytes || length > stream.Length - 8)
            throw new InputException($"{path}: not a safetensors file, or cut short: a header of {length} bytes in a file of {stream.Length}.");
        var header = new byte[length];
        stream.ReadExactly(header);
        var dataLength = stream.Length - 8 - length;
        try
        {
            using var document = JsonDocument.Parse(header);
            var entries = new Dictionary<string, SafeTensorEntry>();
            var metadata = new Dictionary<string, string>();
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InputException($"{path}: the safetensors header is not a JSON object.");
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals("__metadata__"))
                {
                    foreach (var pair in property.Value.EnumerateObject())
                        metadata[pair.Name] = pair.Value.GetString() ?? "";
                }
                else if (!entries.TryAdd(property.Name, ParseEntry(path, property.Name, property.Value, dataLength)))
                {
                    throw new InputException($"{path}: array '{property.Name}' appears twice in the safetensors header.");
                }
            }

            CheckLayout(path, entries.Values, dataLength);
            return new SafeTensors(path, 8 + length, entries, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InputException($"{path}: the safetensors header is damaged.", e);
        }
    }

    private static SafeTensorEntry ParseEntry(string path, string name, JsonElement element, long dataLength)
    {
        var typeName = element.GetProperty("dtype").GetString();
        if (!Enum.TryParse<SafeTensorType>(typeName, out var type) || type.ToString() != typeName)
            throw new InputException($"{path}: array '{name}' has the unknown element type '{typeName}'.");
        var shape = element.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()).ToArray();
        var offsets = element.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt64()).ToArray();
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > dataLength)
            throw new InputException($"{path}: array '{name}' lies outside the file, or the file was cut short: bytes {string.Join(" to ", offsets)} "
                + $"of {dataLength}.");
        long bytes = ElementBytes(type);
        foreach (var extent in shape)
        {
            if (extent < 0 || (extent > 0 && bytes > dataLength / extent + 1))
                throw new InputException($"{path}: array '{name}' has an impossible shape [{string.Join(",", shape)}].");
            bytes *= extent;
        }

        if (bytes != offsets[1] - offsets[0])
            throw new InputException($"{path}: array '{name}' of shape [{string.Join(",", shape)}] needs {bytes} bytes, the header gives it "
                + $"{offsets[1] - offsets[0]}.");
        return new SafeTensorEntry(name, type, shape, offsets[0], offsets[1]);
    }

    /// <summary>Arrays must follow each other without overlap and fill the file.</summary>
    private static void CheckLayout(string path, IEnumerable<SafeTensorEntry> entries, long dataLength)
    {
        long position = 0;
        foreach (var entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != position)
                throw new InputException($"{path}: array '{entry.Name}' starts at byte {entry.Begin}, expected {position}: arrays overlap or leave a hole.");
            position = entry.End;
        }

        if (position != dataLength)
            throw new InputException($"{path}: the arrays fill {position} bytes, the file holds {dataLength}.");
    }

    internal static int ElementBytes(SafeTensorType type) => type switch
    {
        SafeTensorType.F64 or SafeTensorType.I64 => 8,
        SafeTensorType.F32 or SafeTensorType.I32 => 4,
        _ => 2,
    };

    private SafeTensorEntry Find(string name) => _entries.TryGetValue(name, out var entry)
        ? entry
        : throw new InputException($"{_path}: has no array '{name}'.");

    private byte[] ReadBytes(SafeTensorEntry entry)
    {
        using var stream = RegularFile.Open(_path);
        try
        {
            stream.Position = _dataStart + entry.Begin;
            var bytes = new byte[entry.End - entry.Begin];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (IOException e)
        {
            throw new InputException($"{_path}: cannot be read (it changes or its disk fails).", e);
        }
    }
}
