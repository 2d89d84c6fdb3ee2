using System.Text;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>Reads one structure field by field; a field beyond its end is damage of the file.</summary>
internal ref struct Hdf5Cursor(Hdf5Bytes file, ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int At { get; private set; }

    public readonly int Left => _bytes.Length - At;

    public byte Byte() => Bytes(1)[0];

    public ushort UInt16() => (ushort)Number(2);

    public uint UInt32() => (uint)Number(4);

    public ulong UInt64() => Number(8);

    public ulong Offset() => Number(file.OffsetSize);

    public ulong Length() => Number(file.LengthSize);

    /// <summary>A number of 0 to 8 bytes, the lowest first.</summary>
    public ulong Number(int size)
    {
        if (size > 8)
            throw file.Damaged($"a number of {size} bytes");
        var part = Bytes(size);
        ulong value = 0;
        for (var i = size - 1; i >= 0; i--)
            value = value << 8 | part[i];
        return value;
    }

    public ReadOnlySpan<byte> Bytes(long count)
    {
        if (count < 0 || count > Left)
            throw file.Damaged("a structure is cut off");
        var part = _bytes.Slice(At, (int)count);
        At += (int)count;
        return part;
    }

    public void Skip(long count) => Bytes(count);

    /// <summary>Text up to a zero byte or to the end.</summary>
    public string Text()
    {
        var rest = _bytes[At..];
        var end = rest.IndexOf((byte)0);
        At += end < 0 ? rest.Length : end + 1;
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }

    /// <summary>Text of so many bytes, without zero bytes at its end.</summary>
    public string Text(long count)
    {
        var text = Bytes(count);
        var end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }

    public void Expect(ReadOnlySpan<byte> signature)
    {
        if (!Bytes(signature.Length).SequenceEqual(signature))
            throw file.Damaged($"no {Encoding.ASCII.GetString(signature)} where there should be one");
    }
}
