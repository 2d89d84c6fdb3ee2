using System.Buffers.Binary;
using System.Text;
using Spoco.Cli.Files.Hdf5;

namespace Spoco.Tests.Files;

/// <summary>One written chunk: its coordinates counted in chunks, and its bytes as stored.</summary>
internal readonly record struct TestChunk(ulong[] At, byte[] Stored, uint Mask = 0);

/// <summary>Puts HDF5 files together message by message, in all the forms that no writer at hand produces.</summary>
internal sealed class TestHdf5
{
    public const ulong Undefined = ulong.MaxValue;

    private readonly List<byte> _bytes = [.. new byte[48]];
    private readonly List<byte[]> _links = [];
    private readonly List<(int Start, int End)> _checked = [(0, 44)];

    /// <summary>Fields one after the other, the lowest byte first.</summary>
    public static byte[] Fields(params object[] fields)
    {
        var bytes = new List<byte>();
        foreach (var field in fields)
            bytes.AddRange(field switch
            {
                byte b => [b],
                ushort s => BitConverter.GetBytes(s),
                uint i => BitConverter.GetBytes(i),
                ulong l => BitConverter.GetBytes(l),
                string text => Encoding.ASCII.GetBytes(text),
                byte[] part => part,
                ulong[] numbers => numbers.SelectMany(BitConverter.GetBytes),
                uint[] numbers => numbers.SelectMany(BitConverter.GetBytes),
                _ => throw new ArgumentException($"{field.GetType()}", nameof(fields)),
            });
        return [.. bytes];
    }

    public ulong Add(params object[] fields)
    {
        var address = (ulong)_bytes.Count;
        _bytes.AddRange(Fields(fields));
        return address;
    }

    /// <summary>Fields that a checksum follows.</summary>
    private ulong AddChecked(params object[] fields)
    {
        var address = Add(fields);
        _checked.Add(((int)address, _bytes.Count));
        Add(0u);
        return address;
    }

    /// <summary>Makes all checksums right again in a copy that was damaged on purpose.</summary>
    public void Repair(byte[] file)
    {
        foreach (var (start, end) in _checked)
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(end), Hdf5CheckSum.Of(file.AsSpan(start, end - start)));
    }

    public ulong AddObject(params (byte Kind, byte[] Body)[] messages)
    {
        var body = Fields([.. messages.Select(message => (object)Fields(message.Kind, (ushort)message.Body.Length, (byte)0, message.Body))]);
        return AddChecked("OHDR", (byte)2, (byte)2, (uint)body.Length, body);
    }

    /// <summary>A dataset that is found in the root.</summary>
    public void AddDataset(string name, params (byte Kind, byte[] Body)[] messages) => AddLink(name, (byte)0, AddObject(messages));

    /// <summary>Kind 0: an address; 1: a soft link; 64: a link to another file.</summary>
    public void AddLink(string name, byte kind, params object[] target) =>
        _links.Add(Fields((byte)1, (byte)8, kind, (byte)name.Length, name, Fields(target)));

    public void AddSoftLink(string name, string target) => AddLink(name, 1, (ushort)target.Length, target);

    public void AddExternalLink(string name, string file, string target)
    {
        var where = Fields((byte)0, file, (byte)0, target, (byte)0);
        AddLink(name, 64, (ushort)where.Length, where);
    }

    /// <param name="dense">The root's links lie in a heap, in blocks of 512 bytes below one block of addresses, not in its header.</param>
    public byte[] ToArray(bool dense = false)
    {
        var links = _links.Select(link => ((byte)6, link));
        var (heap, names) = dense ? AddHeap(_links, type: 5, id => Fields(0u, id)) : (Undefined, Undefined);
        var root = AddObject([((byte)2, Fields((byte)0, (byte)0, heap, names)), .. dense ? [] : links]);
        var head = Fields(
            new byte[] { 0x89 }, "HDF\r\n", new byte[] { 0x1A }, "\n", new byte[] { 2, 8, 8, 0 }, 0UL, Undefined, (ulong)_bytes.Count, root, 0u);
        byte[] file = [.. head, .. _bytes.Skip(head.Length)];
        Repair(file);
        return file;
    }

    /// <summary>A message that finds attributes in a heap.</summary>
    public (byte, byte[]) DenseAttributes(IReadOnlyList<byte[]> attributes)
    {
        var (heap, names) = AddHeap(attributes, type: 8, id => Fields(id, (byte)0, (byte)0, 0u, 0u));
        return (21, Fields((byte)0, (byte)0, heap, names));
    }

    /// <summary>The body of an attribute of doubles.</summary>
    public static byte[] Attribute(string name, params double[] values)
    {
        var ((_, type), (_, shape)) = (Floats(8), Shape([(ulong)values.Length]));
        return Fields((byte)3, (byte)0, (ushort)(name.Length + 1), (ushort)type.Length, (ushort)shape.Length, (byte)0, name, (byte)0, type, shape,
            Fields([.. values.Select(value => (object)BitConverter.DoubleToUInt64Bits(value))]));
    }

    /// <summary>Objects in a heap of blocks of 512 bytes, four in a row, and the tree that lists them.</summary>
    private (ulong Heap, ulong Names) AddHeap(IReadOnlyList<byte[]> objects, byte type, Func<byte[], byte[]> record)
    {
        const int blockSize = 512, width = 4;
        var header = AddChecked(new byte[22 + 3 * 8 + 12 * 8]);
        var (blocks, records) = (new List<List<byte>>(), new List<byte[]>());
        foreach (var item in objects)
        {
            if (blocks.Count == 0 || blocks[^1].Count + item.Length > blockSize)
                blocks.Add([.. "FHDB"u8, 0, .. BitConverter.GetBytes(header), .. BitConverter.GetBytes(blocks.Count * blockSize)]);
            var offset = (blocks.Count - 1) * blockSize + blocks[^1].Count;
            // Type 0, four bytes of offset, two of length; identifiers of attributes are a byte longer.
            byte[] id = [0, .. BitConverter.GetBytes(offset), .. BitConverter.GetBytes((ushort)item.Length)];
            records.Add(record(type == 8 ? [.. id, 0] : id));
            blocks[^1].AddRange(item);
        }
        // Rows 0 and 1 hold blocks of 512 bytes; two rows are enough for eight.
        var addresses = blocks.Select(block => Add(block.ToArray(), new byte[blockSize - block.Count])).ToList();
        while (addresses.Count < 2 * width)
            addresses.Add(Undefined);
        var root = AddChecked("FHIB", (byte)0, header, 0u, addresses.ToArray());
        Put(header,
            Fields("FRHP", (byte)0, (ushort)(type == 8 ? 8 : 7), (ushort)0, (byte)0, 4096u, 0UL, Undefined, 0UL, Undefined,
                new ulong[] { 4096, 4096, 0 },
            (ulong)objects.Count, new ulong[4], (ushort)width, (ulong)blockSize, 65536UL, (ushort)32, (ushort)1, root, (ushort)2));
        var leaf = AddChecked("BTLF", (byte)0, type, Fields([.. records]));
        var names = AddChecked("BTHD", (byte)0, type, 4096u, (ushort)records[0].Length, (ushort)0, (byte)100, (byte)40, leaf, (ushort)records.Count,
            (ulong)records.Count);
        return (header, names);
    }

    public static (byte, byte[]) Shape(ulong[] extents, ulong[]? largest = null) =>
        (1, Fields((byte)2, (byte)extents.Length, (byte)(largest is null ? 0 : 1), (byte)1, extents, largest ?? []));

    public static (byte, byte[]) Integers(int size, bool signed = false, bool bigEndian = false) =>
        (3, Fields((byte)0x10, (byte)((bigEndian ? 1 : 0) | (signed ? 8 : 0)), (ushort)0, (uint)size, (ushort)0, (ushort)(8 * size)));

    public static (byte, byte[]) Floats(int size, bool bigEndian = false)
    {
        var (exponent, mantissa) = size switch { 2 => (5, 10), 4 => (8, 23), _ => (11, 52) };
        return (3, Fields((byte)0x11, (byte)((bigEndian ? 1 : 0) | 0x20), (byte)(8 * size - 1), (byte)0, (uint)size, (ushort)0, (ushort)(8 * size),
            (byte)mantissa, (byte)exponent, (byte)0, (byte)mantissa, (1u << exponent - 1) - 1));
    }

    public static (byte, byte[]) Fill(byte[] value) => (5, Fields((byte)3, (byte)0x20, (uint)value.Length, value));

    public static (byte, byte[]) Contiguous(ulong address, ulong size) => (8, Fields((byte)3, (byte)1, address, size));

    public static (byte, byte[]) Compact(byte[] bytes) => (8, Fields((byte)3, (byte)0, (ushort)bytes.Length, bytes));

    public static (byte, byte[]) Filters(params (ushort Id, uint[] Values)[] filters) =>
        (11, Fields((byte)2, (byte)filters.Length, Fields([.. filters.Select(filter =>
            (object)(filter.Id >= 256
                ? Fields(filter.Id, (ushort)0, (ushort)0, (ushort)filter.Values.Length, filter.Values)
                : Fields(filter.Id, (ushort)0, (ushort)filter.Values.Length, filter.Values)))])));

    private static (byte, byte[]) Indexed(byte index, uint[] chunk, int size, byte flags, byte[] parameters, ulong address) =>
        (8, Fields((byte)4, (byte)2, flags, (byte)(chunk.Length + 1), (byte)4, chunk, (uint)size, index, parameters, address));

    /// <summary>The old index, a tree of two levels.</summary>
    public (byte, byte[]) BTree1(uint[] chunk, int size, IReadOnlyList<TestChunk> chunks)
    {
        byte[] Key(TestChunk c) => Fields((uint)c.Stored.Length, c.Mask, Fields([.. c.At.Select((at, axis) => (object)(at * chunk[axis]))]), 0UL);
        ulong Leaf(IEnumerable<TestChunk> part) => Add("TREE", (byte)1, (byte)0, (ushort)part.Count(), Undefined, Undefined,
            Fields([.. part.Select(c => (object)Fields(Key(c), Add(c.Stored)))]), Key(part.Last()));
        var half = chunks.Count / 2;
        var (left, right) = (chunks.Take(half).ToList(), chunks.Skip(half).ToList());
        var (a, b) = (Leaf(left), Leaf(right));
        var root = Add("TREE", (byte)1, (byte)1, (ushort)2, Undefined, Undefined, Key(left[0]), a, Key(right[0]), b, Key(right[^1]));
        return (8, Fields((byte)3, (byte)2, (byte)(chunk.Length + 1), root, chunk, (uint)size));
    }

    public (byte, byte[]) Single(uint[] chunk, int size, TestChunk only, bool filtered) => Indexed(
        1, chunk, size, (byte)(filtered ? 2 : 0), filtered ? Fields((ulong)only.Stored.Length, only.Mask) : [], Add(only.Stored));

    /// <summary>All chunks, in order.</summary>
    public (byte, byte[]) Implicit(uint[] chunk, int size, IEnumerable<TestChunk> chunks) =>
        Indexed(2, chunk, size, 0, [], Add([.. chunks.Select(c => (object)c.Stored)]));

    private static int SizeBytes(uint[] chunk, int size) =>
        1 + ((int)Math.Log2(chunk.Aggregate((long)size, (bytes, extent) => bytes * extent)) + 8) / 8;

    private byte[] Element(uint[] chunk, int size, TestChunk? c, bool filtered)
    {
        var sizeBytes = filtered ? SizeBytes(chunk, size) : 0;
        return Fields(c is { } there ? Add(there.Stored) : Undefined,
            filtered ? Fields(BitConverter.GetBytes((ulong)(c?.Stored.Length ?? 0))[..sizeBytes], c?.Mask ?? 0u) : []);
    }

    /// <summary>An array of fixed length; null where nothing was written.</summary>
    public (byte, byte[]) FixedArray(uint[] chunk, int size, IReadOnlyList<TestChunk?> chunks, bool filtered, byte pageBits)
    {
        var elements = chunks.Select(c => Element(chunk, size, c, filtered)).ToList();
        var (client, inPage) = ((byte)(filtered ? 1 : 0), 1 << pageBits);
        var header = AddChecked(new byte[8 + 8 + 8]);
        ulong block;
        if (elements.Count <= inPage)
            block = AddChecked("FADB", (byte)0, client, header, Fields([.. elements]));
        else
        {
            var pages = elements.Chunk(inPage).ToList();
            var bitmap = new byte[(pages.Count + 7) / 8];
            for (var page = 0; page < pages.Count; page++)
                if (pages[page].Any(element => BitConverter.ToUInt64(element) != Undefined))
                    bitmap[page / 8] |= (byte)(0x80 >> page % 8);
            block = AddChecked("FADB", (byte)0, client, header, bitmap);
            foreach (var page in pages)
                AddChecked([.. page]);
        }
        Put(header, Fields("FAHD", (byte)0, client, (byte)elements[0].Length, pageBits, (ulong)elements.Count, block));
        return Indexed(3, chunk, size, 0, [pageBits], header);
    }

    /// <summary>An array that may grow: two elements in its index, blocks from two elements on, pages of eight.</summary>
    public (byte, byte[]) ExtensibleArray(uint[] chunk, int size, IReadOnlyList<TestChunk?> chunks, bool filtered)
    {
        const int inIndex = 2, smallest = 2, pointers = 4, maxBits = 32, pageBits = 3, inPage = 1 << pageBits;
        var queue = new Queue<byte[]>(chunks.Select(c => Element(chunk, size, c, filtered)));
        var (nothing, client, header) = (Element(chunk, size, null, filtered), (byte)(filtered ? 1 : 0), AddChecked(new byte[12 + 6 * 8 + 8]));
        byte[] Next() => queue.TryDequeue(out var element) ? element : nothing;
        byte[] Take(int count) => Fields([.. Enumerable.Range(0, count).Select(_ => (object)Next())]);
        ulong Block(int count)
        {
            if (queue.Count == 0)
                return Undefined;
            var prefix = Fields("EADB", (byte)0, client, header, 0u);
            if (count <= inPage)
                return AddChecked(prefix, Take(count));
            var block = AddChecked(prefix);
            for (var page = 0; page < count / inPage; page++)
                AddChecked(Take(inPage));
            return block;
        }

        var (first, blocks, rest) = (Take(inIndex), new List<object>(), new List<object>());
        for (var group = 0; group < 1 + maxBits - 1; group++)
        {
            var (count, elements) = (group > 20 ? 0 : 1 << group / 2, group > 20 ? 0 : (1 << (group + 1) / 2) * smallest);
            if (group < 4)
            {
                for (var i = 0; i < count; i++)
                    blocks.Add(Block(elements));
                continue;
            }
            if (queue.Count == 0)
            {
                rest.Add(Undefined);
                continue;
            }
            var bitmap = new byte[elements > inPage ? count * ((elements / inPage + 7) / 8) : 0];
            Array.Fill(bitmap, (byte)0xFF);
            var addresses = Enumerable.Range(0, count).Select(_ => (object)Block(elements)).ToArray();
            rest.Add(AddChecked("EASB", (byte)0, client, header, 0u, bitmap, Fields(addresses)));
        }
        var index = AddChecked("EAIB", (byte)0, client, header, first, Fields([.. blocks]), Fields([.. rest]));
        Put(header,
            Fields("EAHD", (byte)0, client, (byte)nothing.Length, (byte)maxBits, (byte)inIndex, (byte)smallest, (byte)pointers, (byte)pageBits,
            new ulong[] { 0, 0, 0, 0, (ulong)chunks.Count, (ulong)chunks.Count }, index));
        return Indexed(4, chunk, size, 0, [maxBits, inIndex, pointers, smallest, pageBits], header);
    }

    /// <summary>A tree of version 2 with two levels.</summary>
    public (byte, byte[]) BTree2(uint[] chunk, int size, IReadOnlyList<TestChunk> chunks, bool filtered)
    {
        var records = chunks.Select(c => Fields(Element(chunk, size, c, filtered), c.At)).ToList();
        byte type = (byte)(filtered ? 11 : 10);
        ulong Leaf(IEnumerable<byte[]> part) => AddChecked("BTLF", (byte)0, type, Fields([.. part]));
        var half = records.Count / 2;
        var (left, right) = (Leaf(records.Take(half)), Leaf(records.Skip(half + 1)));
        var root = AddChecked("BTIN", (byte)0, type, records[half], left, (byte)half, right, (byte)(records.Count - half - 1));
        var header = AddChecked("BTHD", (byte)0, type, 2048u, (ushort)records[0].Length, (ushort)1, (byte)100, (byte)40, root, (ushort)1,
            (ulong)records.Count);
        return Indexed(5, chunk, size, 0, Fields(2048u, (byte)100, (byte)40), header);
    }

    /// <summary>The names and places of a dataset's bytes in other files.</summary>
    public (byte, byte[]) External(string file, ulong offset, ulong size)
    {
        var names = Add(new byte[8], file, (byte)0);
        var heap = Add("HEAP", (byte)0, new byte[3], (ulong)(9 + file.Length), Undefined, names);
        return (7, Fields((byte)1, new byte[3], (ushort)1, (ushort)1, heap, 8UL, offset, size));
    }

    private void Put(ulong address, byte[] bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            _bytes[(int)address + i] = bytes[i];
    }
}
