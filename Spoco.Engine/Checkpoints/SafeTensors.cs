using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Spoco.Engine.Checkpoints;

/// <summary>Element types of a safetensors file that are read; float32 and int64 are written.</summary>
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

/// <summary>An array to be written as float32, or as int64 where <paramref name="Integers"/> is given.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Values">Called when its turn comes, so that arrays on a device are fetched one at a time.</param>
/// <param name="Integers">The values of an int64 array; null for float32.</param>
public sealed record SafeTensorSource(string Name, IReadOnlyList<long> Shape, Func<float[]> Values, long[]? Integers = null);

/// <summary>
/// The safetensors format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {..}}, then the
/// raw bytes. Nothing in such a file is executed. Every number in it is checked before it is used.
/// </summary>
public sealed class SafeTensors
{
    private const int MaximumHeaderBytes = 100 << 20;

    // SHA-256 in hexadecimal of the file with zeros in place of it.
    private const string ChecksumKey = "spoco.sha256";

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
                    values[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i)) << 16);
                break;
            default:
                throw new InputException($"{_path}: array '{name}' holds integers ({entry.Type}), expected floating-point values.");
        }

        return values;
    }

    /// <summary>Writes a file beside, flushes it and renames it over <paramref name="path"/>: an interruption leaves the old one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arrays">The arrays; names must differ.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>.</param>
    public static void Write(string path, IReadOnlyList<SafeTensorSource> arrays, IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        ArgumentNullException.ThrowIfNull(metadata);
        var unknown = new string('0', 2 * SHA256.HashSizeInBytes);
        var header = Header(arrays, new Dictionary<string, string>(metadata) { [ChecksumKey] = unknown });
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var array in arrays)
            {
                if (array.Integers is { } integers)
                {
                    foreach (var value in integers)
                    {
                        BinaryPrimitives.WriteInt64LittleEndian(length, value);
                        stream.Write(length);
                    }
                }
                else
                {
                    WriteFloats(stream, array.Values());
                }
            }

            stream.Position = 0;
            var checksum = Convert.ToHexStringLower(SHA256.HashData(stream));
            stream.Position = 8 + header.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\"{ChecksumKey}\":\"{unknown}")) + ChecksumKey.Length + 4;
            stream.Write(Encoding.ASCII.GetBytes(checksum));
        });
    }

    /// <summary>
    /// Reads the whole file and compares it with the checksum that <see cref="Write"/> has stored in it; a file without one is taken as it is.
    /// </summary>
    /// <exception cref="InputException">A byte is not what was written.</exception>
    public void RequireUnchanged()
    {
        if (!Metadata.TryGetValue(ChecksumKey, out var stated))
            return;
        using var stream = RegularFile.Open(_path);
        try
        {
            var start = new byte[_dataStart];
            stream.ReadExactly(start);
            var at = start.AsSpan().IndexOf(Encoding.UTF8.GetBytes(stated));
            if (at >= 0)
                start.AsSpan(at, stated.Length).Fill((byte)'0');
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(start);
            var part = new byte[1 << 18];
            for (int read; (read = stream.Read(part)) > 0;)
                hash.AppendData(part, 0, read);
            if (Convert.ToHexStringLower(hash.GetHashAndReset()) != stated)
                throw new InputException($"{_path}: is damaged: its checksum is wrong (a program that changes it has to leave {ChecksumKey} out).");
        }
        catch (IOException e)
        {
            throw new InputException($"{_path}: cannot be read (it changes or its disk fails).", e);
        }
    }

    private static void WriteFloats(Stream stream, float[] values)
    {
        if (BitConverter.IsLittleEndian)
        {
            stream.Write(MemoryMarshal.AsBytes<float>(values));
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }

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
                var end = offset + array.Shape.Aggregate(1L, (a, b) => a * b) * (array.Integers is null ? 4 : 8);
                json.WriteStartObject(array.Name);
                json.WriteString("dtype", array.Integers is null ? "F32" : "I64");
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
