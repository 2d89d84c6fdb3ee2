using System.Buffers.Binary;
using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// The bytes of an open HDF5 file. Nothing is allocated for bytes that the file does not have, and the structures of a file may be read a few times
/// over but not for ever: addresses that form a loop end in an exception.
/// </summary>
internal sealed class Hdf5Bytes : IDisposable
{
    private const ulong Undefined = ulong.MaxValue;

    private readonly FileStream _stream;
    private long _structureLeft;

    private Hdf5Bytes(string path, FileStream stream)
    {
        (Path, _stream, Length) = (path, stream, stream.Length);
        _structureLeft = (1L << 26) + 8 * Length;
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>Where addresses count from.</summary>
    public long Base { get; private set; }

    /// <summary>Bytes of an address.</summary>
    public int OffsetSize { get; private set; }

    /// <summary>Bytes of a length.</summary>
    public int LengthSize { get; private set; }

    /// <summary>The root group's header.</summary>
    public ulong Root { get; private set; }

    public static Hdf5Bytes Open(string path)
    {
        var stream = FileContents.Open(path);
        try
        {
            var file = new Hdf5Bytes(path, stream);
            file.ReadSuperblock(Hdf5Structure.Find(path, stream));
            return file;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Bytes of the file's structure.</summary>
    public byte[] Structure(ulong address, long length)
    {
        if (length < 0 || (_structureLeft -= 64 + length) < 0)
            throw Damaged("its addresses form a loop");
        Check(address, length);
        var bytes = new byte[length];
        Read(address, bytes);
        return bytes;
    }

    /// <summary>Bytes of the file's structure that a checksum follows, without it.</summary>
    public byte[] Checked(ulong address, long length)
    {
        if (length is < 0 or > int.MaxValue - 4)
            throw Damaged($"a structure of {length} bytes");
        var bytes = Structure(address, length + 4);
        if (Hdf5CheckSum.Of(bytes.AsSpan(..^4)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^4..)))
            throw Damaged($"the checksum at {address + (ulong)length} is wrong");
        return bytes[..^4];
    }

    /// <summary>Bytes of the file's structure, fewer where the file ends before.</summary>
    public byte[] StructureUpTo(ulong address, int length) =>
        Structure(address, Math.Min(length, Math.Max(1, (long)Math.Min((ulong)Length, (ulong)Length - Math.Min(address, (ulong)Length)) - Base)));

    /// <summary>Fills a buffer from an address.</summary>
    public void Read(ulong address, Span<byte> bytes)
    {
        Check(address, bytes.Length);
        RandomAccessRead(Base + (long)address, bytes);
    }

    /// <summary>Refuses what lies beyond the file's end.</summary>
    public void Check(ulong address, long length)
    {
        if (length < 0 || address > (ulong)Length || (UInt128)address + (ulong)Base + (ulong)length > (ulong)Length)
            throw Damaged($"{length} bytes at {address} lie beyond its end");
    }

    public bool IsDefined(ulong address) => address != (OffsetSize == 4 ? uint.MaxValue : Undefined);

    public InputException Damaged(string what) => new($"{Path}: HDF5 file is damaged ({what}).");

    private void RandomAccessRead(long at, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(_stream.SafeFileHandle, bytes, at);
            if (read <= 0)
                throw Damaged("it became shorter while it was read");
            at += read;
            bytes = bytes[read..];
        }
    }

    private void ReadSuperblock(long at)
    {
        var head = new byte[Math.Min(128, Length - at)];
        RandomAccessRead(at, head);
        var version = head[8];
        (OffsetSize, LengthSize) = version < 2 ? (head[13], head[14]) : (head[9], head[10]);
        if (OffsetSize is not (4 or 8) || LengthSize is not (4 or 8))
            throw Damaged($"addresses of {OffsetSize} and lengths of {LengthSize} bytes");
        var addresses = version switch { 0 => 24, 1 => 28, _ => 12 };
        // Base, free space or extension, end, driver or root header; in old files then the root's entry: its name and its header.
        var root = addresses + (version < 2 ? 5 : 3) * OffsetSize;
        if (head.Length < root + OffsetSize)
            throw Damaged("its superblock is cut off");
        if (version >= 2 && (head.Length < root + OffsetSize + 4
            || Hdf5CheckSum.Of(head.AsSpan(0, root + OffsetSize)) != BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(root + OffsetSize))))
            throw Damaged("the checksum of its superblock is wrong");
        var start = Address(head, addresses);
        if (start > (ulong)Length)
            throw Damaged("its addresses begin beyond its end");
        (Base, Root) = ((long)start, Address(head, root));
    }

    private ulong Address(byte[] bytes, int at) => OffsetSize == 4
        ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at)) : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
}
