namespace Spoco.Cli.Files.Hdf5;

/// <summary>A name in a group: an object of this file, another name, or a name in another file.</summary>
internal readonly record struct Hdf5Link(string Name, ulong Address, string? Target, string? File);

/// <summary>The names in a group.</summary>
internal static class Hdf5Group
{
    private const int MaxLinks = 1_000_000;

    public static bool IsGroup(Hdf5Header header) =>
        header.Has(Hdf5MessageKind.SymbolTable) || header.Has(Hdf5MessageKind.LinkInfo) || header.Has(Hdf5MessageKind.Link);

    public static List<Hdf5Link> Links(Hdf5Bytes file, Hdf5Header header)
    {
        var links = new List<Hdf5Link>();
        foreach (var body in header.All(Hdf5MessageKind.Link))
            links.Add(ReadLink(file, body));
        if (header.Find(Hdf5MessageKind.SymbolTable) is { } table)
        {
            var cursor = new Hdf5Cursor(file, table);
            var (tree, heap) = (cursor.Offset(), cursor.Offset());
            ReadTree(file, tree, ReadLocalHeap(file, heap), level: -1, links);
        }
        if (header.Find(Hdf5MessageKind.LinkInfo) is { } info)
        {
            var (heap, names) = DenseStorage(file, info, indexSize: 8);
            if (file.IsDefined(heap) && file.IsDefined(names))
            {
                var objects = new Hdf5FractalHeap(file, heap);
                Hdf5BTree2.ForEach(file, names, record =>
                {
                    if (record.Length > 4 && objects.Get(record.AsSpan(4)) is { Length: > 0 } link)
                        links.Add(ReadLink(file, link));
                });
            }
        }
        return links;
    }

    /// <summary>Where a group's links or an object's attributes are when they are many: a heap and the tree of their names.</summary>
    public static (ulong Heap, ulong Names) DenseStorage(Hdf5Bytes file, byte[] info, int indexSize)
    {
        var cursor = new Hdf5Cursor(file, info);
        cursor.Skip(1);
        if ((cursor.Byte() & 1) != 0)
            cursor.Skip(indexSize);
        return (cursor.Offset(), cursor.Offset());
    }

    private static Hdf5Link ReadLink(Hdf5Bytes file, byte[] body)
    {
        var cursor = new Hdf5Cursor(file, body);
        cursor.Skip(1);
        var flags = cursor.Byte();
        var kind = (flags & 8) != 0 ? cursor.Byte() : 0;
        cursor.Skip(((flags & 4) != 0 ? 8 : 0) + ((flags & 16) != 0 ? 1 : 0));
        var name = cursor.Text((long)Math.Min(cursor.Number(1 << (flags & 3)), long.MaxValue));
        switch (kind)
        {
            case 0:
                return new Hdf5Link(name, cursor.Offset(), null, null);
            case 1:
                return new Hdf5Link(name, 0, cursor.Text(cursor.UInt16()), null);
            case 64:
                var outside = new Hdf5Cursor(file, cursor.Bytes(cursor.UInt16()));
                outside.Skip(1);
                var other = outside.Text();
                return new Hdf5Link(name, 0, outside.Text(), other);
            default:
                // A kind that a program defined for itself: there, but leading nowhere.
                return new Hdf5Link(name, 0, name, null);
        }
    }

    private static byte[] ReadLocalHeap(Hdf5Bytes file, ulong address)
    {
        var heap = new Hdf5Cursor(file, file.Structure(address, 8 + 2 * file.LengthSize + file.OffsetSize));
        heap.Expect("HEAP"u8);
        heap.Skip(4);
        var size = heap.Length();
        heap.Skip(file.LengthSize);
        return file.Structure(heap.Offset(), (long)Math.Min(size, long.MaxValue));
    }

    private static void ReadTree(Hdf5Bytes file, ulong address, byte[] heap, int level, List<Hdf5Link> links)
    {
        var head = new Hdf5Cursor(file, file.Structure(address, 8));
        head.Expect("TREE"u8);
        var (type, here, count) = (head.Byte(), head.Byte(), head.UInt16());
        if (type != 0 || level >= 0 && here != level)
            throw file.Damaged("a group's tree is none");
        var entry = file.LengthSize + file.OffsetSize;
        var children = new Hdf5Cursor(file, file.Structure(address + 8 + 2 * (ulong)file.OffsetSize, (long)count * entry));
        for (var i = 0; i < count; i++)
        {
            children.Skip(file.LengthSize);
            var child = children.Offset();
            if (here > 0)
                ReadTree(file, child, heap, here - 1, links);
            else
                ReadSymbols(file, child, heap, links);
        }
    }

    private static void ReadSymbols(Hdf5Bytes file, ulong address, byte[] heap, List<Hdf5Link> links)
    {
        var head = new Hdf5Cursor(file, file.Structure(address, 8));
        head.Expect("SNOD"u8);
        head.Skip(2);
        var count = head.UInt16();
        var entries = new Hdf5Cursor(file, file.Structure(address + 8, (long)count * (2 * file.OffsetSize + 24)));
        for (var i = 0; i < count; i++)
        {
            var (name, target, cache) = (Name(file, heap, entries.Offset()), entries.Offset(), entries.UInt32());
            entries.Skip(4);
            var scratch = new Hdf5Cursor(file, entries.Bytes(16));
            links.Add(cache == 2 ? new Hdf5Link(name, 0, Name(file, heap, scratch.UInt32()), null) : new Hdf5Link(name, target, null, null));
            if (links.Count > MaxLinks)
                throw file.Damaged("a group without end");
        }
    }

    private static string Name(Hdf5Bytes file, byte[] heap, ulong offset)
    {
        if (offset >= (ulong)heap.Length)
            throw file.Damaged("a name lies outside its heap");
        return new Hdf5Cursor(file, heap.AsSpan((int)offset)).Text();
    }
}
