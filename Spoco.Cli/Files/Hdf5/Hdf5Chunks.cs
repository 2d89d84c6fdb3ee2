using System.Numerics;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>Where a chunk is; filter i of the pipeline was left out for it where bit i of the mask is set.</summary>
internal readonly record struct Hdf5Chunk(ulong Address, long Size, uint Mask);

/// <summary>Finds the chunks of a dataset by all the indices that HDF5 has. Each is read once, when the first chunk is asked for.</summary>
internal sealed class Hdf5Chunks
{
    private readonly Hdf5Bytes _file;
    private readonly Hdf5Layout _layout;
    private readonly bool _filtered;
    private readonly long _chunkBytes;
    private readonly ulong[] _counts;
    private readonly ulong[] _steps;
    private readonly int _growing;
    private readonly Dictionary<ulong, Hdf5Chunk> _chunks = [];
    private bool _isRead;

    public Hdf5Chunks(Hdf5Bytes file, Hdf5Layout layout, Hdf5Dataspace space, bool filtered, long chunkBytes)
    {
        (_file, _layout, _filtered, _chunkBytes) = (file, layout, filtered, chunkBytes);
        var rank = layout.Chunks.Length;
        _counts = new ulong[rank];
        var most = new ulong[rank];
        for (var i = 0; i < rank; i++)
        {
            _counts[i] = Quotient(space.Extents[i], layout.Chunks[i]);
            most[i] = layout.Index is Hdf5Index.BTree1 or Hdf5Index.BTree2 || space.Largest[i] == ulong.MaxValue ? _counts[i]
                : Quotient(space.Largest[i], layout.Chunks[i]);
        }

        // Arrays number chunks as if the dataset were as large as it may become; of the one axis without limit the chunks come slowest.
        _growing = layout.Index == Hdf5Index.ExtensibleArray ? Math.Max(0, Array.IndexOf(space.Largest, ulong.MaxValue)) : 0;
        _steps = new ulong[rank];
        var step = (UInt128)1;
        for (var i = rank - 1; i >= 0; i--)
            if (i != _growing)
                (_steps[i], step) = ((ulong)UInt128.Min(step, ulong.MaxValue), UInt128.Min(step * most[i], ulong.MaxValue));
        if (rank > 0)
            _steps[_growing] = (ulong)step;
    }

    private static ulong Quotient(ulong extent, ulong chunk) => extent / chunk + (extent % chunk == 0 ? 0UL : 1UL);

    /// <summary>The chunk at these coordinates, counted in chunks; null where nothing was written.</summary>
    public Hdf5Chunk? Find(ReadOnlySpan<ulong> at)
    {
        if (!_file.IsDefined(_layout.Address))
            return null;
        if (!_isRead)
        {
            ReadIndex();
            _isRead = true;
        }
        var number = Number(at);
        if (_layout.Index == Hdf5Index.Implicit)
            return new Hdf5Chunk(_layout.Address + unchecked(number * (ulong)_chunkBytes), _chunkBytes, 0);
        return _chunks.TryGetValue(number, out var chunk) ? chunk : null;
    }

    private ulong Number(ReadOnlySpan<ulong> at)
    {
        ulong number = 0;
        for (var i = 0; i < at.Length; i++)
            number = unchecked(number + at[i] * _steps[i]);
        return number;
    }

    private void ReadIndex()
    {
        switch (_layout.Index)
        {
            case Hdf5Index.BTree1:
                ReadBTree1(_layout.Address, level: -1);
                break;
            case Hdf5Index.Single:
                Add(0, new Hdf5Chunk(_layout.Address, _layout.SingleSize == 0 ? _chunkBytes : Size(_layout.SingleSize), _layout.SingleMask));
                break;
            case Hdf5Index.FixedArray:
                ReadFixedArray();
                break;
            case Hdf5Index.ExtensibleArray:
                ReadExtensibleArray();
                break;
            case Hdf5Index.BTree2:
                Hdf5BTree2.ForEach(_file, _layout.Address, ReadRecord);
                break;
        }
    }

    private static long Size(ulong size) => (long)Math.Min(size, long.MaxValue);

    private void Add(ulong number, Hdf5Chunk chunk)
    {
        if (_file.IsDefined(chunk.Address))
            _chunks[number] = chunk;
    }

    private void AddAt(ReadOnlySpan<ulong> at, Hdf5Chunk chunk)
    {
        for (var i = 0; i < at.Length; i++)
            if (at[i] >= _counts[i])
                return;
        Add(Number(at), chunk);
    }

    private void ReadBTree1(ulong address, int level)
    {
        var head = new Hdf5Cursor(_file, _file.Structure(address, 8));
        head.Expect("TREE"u8);
        var (type, here, count) = (head.Byte(), head.Byte(), head.UInt16());
        if (type != 1 || level >= 0 && here != level)
            throw _file.Damaged("the tree of its chunks is none");
        var rank = _counts.Length;
        var children = new Hdf5Cursor(_file,
            _file.Structure(address + 8 + 2 * (ulong)_file.OffsetSize, (long)count * (16 + 8 * rank + _file.OffsetSize)));
        var at = new ulong[rank];
        for (var entry = 0; entry < count; entry++)
        {
            var (size, mask) = (children.UInt32(), children.UInt32());
            for (var i = 0; i < rank; i++)
                at[i] = children.UInt64() / _layout.Chunks[i];
            children.Skip(8);
            var child = children.Offset();
            if (here > 0)
                ReadBTree1(child, here - 1);
            else
                AddAt(at, new Hdf5Chunk(child, size, mask));
        }
    }

    private void ReadRecord(byte[] record)
    {
        var cursor = new Hdf5Cursor(_file, record);
        var chunk = Element(ref cursor);
        var at = new ulong[_counts.Length];
        for (var i = 0; i < at.Length; i++)
            at[i] = cursor.UInt64();
        AddAt(at, chunk);
    }

    private int ElementSize => _file.OffsetSize + (_filtered ? SizeBytes + 4 : 0);

    /// <summary>Bytes that hold the size of a filtered chunk, which may be larger than the chunk.</summary>
    private int SizeBytes => _layout.WideSizes ? _file.LengthSize : Math.Min(8, 1 + (BitOperations.Log2((ulong)_chunkBytes) + 8) / 8);

    private Hdf5Chunk Element(ref Hdf5Cursor cursor)
    {
        var address = cursor.Offset();
        return _filtered ? new Hdf5Chunk(address, Size(cursor.Number(SizeBytes)), cursor.UInt32()) : new Hdf5Chunk(address, _chunkBytes, 0);
    }

    private void ReadElements(ref Hdf5Cursor cursor, ulong first, ulong count)
    {
        for (ulong i = 0; i < count; i++)
            Add(first + i, Element(ref cursor));
    }

    private void ReadFixedArray()
    {
        var header = new Hdf5Cursor(_file, _file.Checked(_layout.Address, 8 + _file.LengthSize + _file.OffsetSize));
        header.Expect("FAHD"u8);
        header.Skip(3);
        var (pageBits, count, block) = (header.Byte(), header.Length(), header.Offset());
        if (!_file.IsDefined(block))
            return;
        if (count > (ulong)_file.Length || pageBits > 32)
            throw _file.Damaged("an array of chunks with more entries than bytes");
        var inPage = 1UL << pageBits;
        var pages = count > inPage ? Quotient(count, inPage) : 0;
        var prefix = 6 + _file.OffsetSize;
        var body = new Hdf5Cursor(_file, _file.Checked(block, prefix + (pages == 0 ? (long)count * ElementSize : (long)(pages + 7) / 8)));
        body.Expect("FADB"u8);
        body.Skip(2 + _file.OffsetSize);
        if (pages == 0)
            ReadElements(ref body, 0, count);
        else
            ReadPages(block + (ulong)prefix + (pages + 7) / 8 + 4, body.Bytes((long)(pages + 7) / 8), 0, count, inPage);
    }

    /// <summary>Pages of elements, each followed by a checksum; those whose bit is not set were never written.</summary>
    private void ReadPages(ulong address, ReadOnlySpan<byte> written, ulong first, ulong count, ulong inPage)
    {
        for (ulong page = 0; page * inPage < count; page++, address += inPage * (ulong)ElementSize + 4)
        {
            if (page / 8 < (ulong)written.Length && (written[(int)(page / 8)] & 0x80 >> (int)(page % 8)) == 0)
                continue;
            var here = Math.Min(inPage, count - page * inPage);
            var elements = new Hdf5Cursor(_file, _file.Checked(address, (long)here * ElementSize));
            ReadElements(ref elements, first + page * inPage, here);
        }
    }

    private void ReadExtensibleArray()
    {
        var header = new Hdf5Cursor(_file, _file.Checked(_layout.Address, 12 + 6 * _file.LengthSize + _file.OffsetSize));
        header.Expect("EAHD"u8);
        header.Skip(3);
        int maxBits = header.Byte(), inIndex = header.Byte(), smallest = header.Byte(), minPointers = header.Byte(), pageBits = header.Byte();
        header.Skip(6 * _file.LengthSize);
        var address = header.Offset();
        if (!_file.IsDefined(address))
            return;
        if (maxBits > 64 || smallest == 0 || minPointers == 0 || pageBits > 32 || !BitOperations.IsPow2(smallest)
            || !BitOperations.IsPow2(minPointers) || maxBits < BitOperations.Log2((uint)smallest))
            throw _file.Damaged("an array of chunks of impossible measures");

        var groups = 1 + maxBits - BitOperations.Log2((uint)smallest);
        var direct = 2 * BitOperations.Log2((uint)minPointers);
        var blocks = 2 * (minPointers - 1);
        var rest = Math.Max(0, groups - direct);
        var index = new Hdf5Cursor(
            _file, _file.Checked(address, 6 + _file.OffsetSize + inIndex * ElementSize + (long)(blocks + rest) * _file.OffsetSize));
        index.Expect("EAIB"u8);
        index.Skip(2 + _file.OffsetSize);
        ReadElements(ref index, 0, (ulong)inIndex);

        var (first, offsetBytes, inPage) = ((ulong)inIndex, (maxBits + 7) / 8, 1UL << pageBits);
        for (int group = 0, used = 0; group < groups; group++)
        {
            var (count, elements) = (1UL << group / 2, (1UL << (group + 1) / 2) * (ulong)smallest);
            if (group < direct)
            {
                for (ulong i = 0; i < count && used < blocks; i++, used++, first += elements)
                    ReadBlock(index.Offset(), first, elements, offsetBytes, inPage, []);
                continue;
            }
            var block = index.Offset();
            if (_file.IsDefined(block))
                ReadSuperBlock(block, first, count, elements, offsetBytes, inPage);
            first += count * elements;
        }
    }

    private void ReadSuperBlock(ulong address, ulong first, ulong count, ulong elements, int offsetBytes, ulong inPage)
    {
        if (count > (ulong)_file.Length || elements > (ulong)_file.Length)
            throw _file.Damaged("an array of chunks with more entries than bytes");
        var bitmap = elements > inPage ? (long)(elements / inPage + 7) / 8 : 0;
        var cursor = new Hdf5Cursor(
            _file, _file.Checked(address, 6 + _file.OffsetSize + offsetBytes + (long)count * bitmap + (long)count * _file.OffsetSize));
        cursor.Expect("EASB"u8);
        cursor.Skip(2 + _file.OffsetSize + offsetBytes);
        var written = cursor.Bytes((long)count * bitmap);
        for (ulong i = 0; i < count; i++)
            ReadBlock(cursor.Offset(), first + i * elements, elements, offsetBytes, inPage, written.Slice((int)((long)i * bitmap), (int)bitmap));
    }

    private void ReadBlock(ulong address, ulong first, ulong elements, int offsetBytes, ulong inPage, ReadOnlySpan<byte> written)
    {
        if (!_file.IsDefined(address))
            return;
        if (elements > (ulong)_file.Length)
            throw _file.Damaged("an array of chunks with more entries than bytes");
        var prefix = 6 + _file.OffsetSize + offsetBytes;
        var cursor = new Hdf5Cursor(_file, _file.Checked(address, prefix + (elements > inPage ? 0 : (long)elements * ElementSize)));
        cursor.Expect("EADB"u8);
        cursor.Skip(2 + _file.OffsetSize + offsetBytes);
        if (elements > inPage)
            ReadPages(address + (ulong)prefix + 4, written, first, elements, inPage);
        else
            ReadElements(ref cursor, first, elements);
    }
}
