using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>The bytes of a dataset that lie in other files.</summary>
internal sealed class Hdf5External
{
    private readonly string _path;
    private readonly List<(string File, ulong Offset, ulong Size)> _parts = [];

    /// <exception cref="InputException">A file is missing, outside the folder or no regular file.</exception>
    public Hdf5External(Hdf5Bytes file, byte[] message)
    {
        _path = file.Path;
        var cursor = new Hdf5Cursor(file, message);
        cursor.Skip(6);
        var (count, address) = (cursor.UInt16(), cursor.Offset());
        var head = new Hdf5Cursor(file, file.Structure(address, 8 + 2 * file.LengthSize + file.OffsetSize));
        head.Expect("HEAP"u8);
        head.Skip(4);
        var size = head.Length();
        head.Skip(file.LengthSize);
        var heap = file.Structure(head.Offset(), (long)Math.Min(size, long.MaxValue));
        for (var i = 0; i < count; i++)
        {
            var name = cursor.Length();
            if (name >= (ulong)heap.Length)
                throw file.Damaged("the name of an external file lies outside its heap");
            _parts.Add((Hdf5Neighbour.Find(_path, new Hdf5Cursor(file, heap.AsSpan((int)name)).Text()), cursor.Length(), cursor.Length()));
        }
    }

    /// <summary>Bytes that the files have of those they are said to hold.</summary>
    public ulong Size()
    {
        UInt128 size = 0;
        foreach (var (file, offset, stated) in _parts)
            size += Math.Min(stated, (ulong)Math.Max(0, new FileInfo(file).Length - (long)Math.Min(offset, long.MaxValue)));
        return (ulong)UInt128.Min(size, ulong.MaxValue);
    }

    public void Read(ulong at, Span<byte> bytes)
    {
        foreach (var (file, offset, size) in _parts)
        {
            if (at >= size)
            {
                at -= size;
                continue;
            }
            var part = bytes[..(int)Math.Min((ulong)bytes.Length, size - at)];
            using (var stream = FileContents.Open(file))
            {
                stream.Position = (long)Math.Min(offset + at, long.MaxValue);
                if (stream.ReadAtLeast(part, part.Length, throwOnEndOfStream: false) < part.Length)
                    throw new InputException($"{_path}: its data lie in '{Path.GetFileName(file)}', which is cut off after {stream.Length} bytes.");
            }
            at = 0;
            bytes = bytes[part.Length..];
            if (bytes.Length == 0)
                return;
        }
        if (bytes.Length > 0)
            throw new InputException($"{_path}: its data lie in other files, which do not hold all of them.");
    }
}
