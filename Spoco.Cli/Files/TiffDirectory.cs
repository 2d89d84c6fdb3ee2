using System.Text;
using BitMiracle.LibTiff.Classic;

namespace Spoco.Cli.Files;

/// <summary>Where the values of one tag are.</summary>
/// <param name="Type">The TIFF type of a value.</param>
/// <param name="Count">Number of values.</param>
/// <param name="At">Where the first one is.</param>
internal readonly record struct TiffEntry(int Type, long Count, long At);

/// <summary>One page's tags. Values are read when asked for; every entry's values lie within the file.</summary>
internal sealed class TiffDirectory(TiffReader reader, IReadOnlyDictionary<int, TiffEntry> entries, int index)
{
    private static ReadOnlySpan<byte> TypeSizes => [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    /// <summary>The page's number in the file's chain of pages.</summary>
    public int Index => index;

    /// <summary>Bytes of one value of a TIFF type; 0 for unknown types.</summary>
    public static int SizeOf(int type) => type < TypeSizes.Length ? TypeSizes[type] : 0;

    public bool Has(TiffTag tag) => entries.ContainsKey((int)tag);

    /// <summary>Number of a tag's values; 0 where it is missing.</summary>
    public long Count(TiffTag tag) => entries.TryGetValue((int)tag, out var entry) ? entry.Count : 0;

    /// <summary>A tag's first value, a whole number.</summary>
    public long Number(TiffTag tag, long otherwise) =>
        entries.TryGetValue((int)tag, out var entry) && IsWhole(entry) ? reader.Number(entry.At, SizeOf(entry.Type)) : otherwise;

    /// <summary>All of a tag's values, whole numbers; none where it is missing.</summary>
    public long[] Numbers(TiffTag tag)
    {
        if (!entries.TryGetValue((int)tag, out var entry) || !IsWhole(entry))
            return [];
        var size = SizeOf(entry.Type);
        var bytes = Bytes(tag);
        var numbers = new long[bytes.Length / size];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = reader.Parse(bytes.AsSpan(i * size, size));
        return numbers;
    }

    /// <summary>A tag's value, a fraction; 0 where it is missing or no number.</summary>
    public double Fraction(TiffTag tag)
    {
        if (!entries.TryGetValue((int)tag, out var entry) || entry.Count < 1)
            return 0;
        var value = entry.Type switch
        {
            5 => reader.Number(entry.At, 4) / (double)reader.Number(entry.At + 4, 4),
            11 => BitConverter.Int32BitsToSingle((int)reader.Number(entry.At, 4)),
            12 => BitConverter.Int64BitsToDouble(reader.Number(entry.At, 8)),
            _ => Number(tag, 0),
        };
        return double.IsFinite(value) ? value : 0;
    }

    /// <summary>A tag's text: UTF-8 as OME prescribes or, where it is none, Latin-1 as ImageJ writes.</summary>
    public string Text(TiffTag tag)
    {
        var bytes = Bytes(tag).AsSpan();
        var end = bytes.IndexOf((byte)0);
        bytes = end < 0 ? bytes : bytes[..end];
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
    }

    /// <summary>A tag's values as they are in the file.</summary>
    public byte[] Bytes(TiffTag tag)
    {
        if (!entries.TryGetValue((int)tag, out var entry))
            return [];
        var bytes = new byte[checked((int)(entry.Count * SizeOf(entry.Type)))];
        reader.Fill(entry.At, bytes);
        return bytes;
    }

    private static bool IsWhole(TiffEntry entry) => entry.Count >= 1 && entry.Type is 1 or 3 or 4 or 13 or 16 or 18;
}
