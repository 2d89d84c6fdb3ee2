using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>One dataset: what it holds, and boxes of its values, a chunk at a time. Not safe under several threads.</summary>
internal sealed class Hdf5Dataset
{
    private readonly Hdf5Bytes _file;
    private readonly Hdf5DataType _type;
    private readonly Hdf5Layout _layout;
    private readonly Hdf5Filters _filters;
    private readonly Hdf5External? _external;
    private readonly Hdf5Chunks? _chunks;
    private readonly byte[] _fill;
    private ulong[]? _lastAt;
    private byte[]? _last;

    /// <param name="file">The file that holds it.</param>
    /// <param name="path">The file it was asked of, which links may have led away from.</param>
    /// <param name="name">Its name.</param>
    /// <param name="header">Its header.</param>
    /// <exception cref="InputException">It is stored in a way that is not read, or damaged.</exception>
    public Hdf5Dataset(Hdf5Bytes file, string path, string name, Hdf5Header header)
    {
        _file = file;
        _type = Hdf5DataType.Read(file, header.Require(Hdf5MessageKind.DataType));
        Sample = _type.Sample ?? throw new InputException($"{path}: dataset '{name}' holds {_type.Name}; integers and floats are read.");
        var space = Hdf5Dataspace.Read(file, header.Require(Hdf5MessageKind.Dataspace));
        Extents = space.Extents;
        if (space.IsNull)
            throw new InputException($"{path}: dataset '{name}' is empty.");
        _layout = Hdf5Layout.Read(file, header.Require(Hdf5MessageKind.Layout));
        if (_layout.Storage == Hdf5Storage.Virtual)
            throw new InputException($"{path}: dataset '{name}' is a virtual dataset, put together from others, which is not read; "
                + "\"h5repack -l CONTI in.h5 out.h5\" writes it into one file.");
        _filters = new Hdf5Filters(file, name, header.Find(Hdf5MessageKind.Filters));
        Attributes = new Hdf5Attributes(file, header);
        _fill = FillValue(header);
        if (header.Find(Hdf5MessageKind.ExternalFiles) is { } external)
            _external = new Hdf5External(file, external);
        if (_layout.Storage != Hdf5Storage.Chunked)
        {
            CheckStored(path, name);
            return;
        }
        if (_layout.Chunks.Length != Extents.Length || _layout.Chunks.AsSpan().Contains(0UL))
            throw file.Damaged($"chunks [{string.Join(", ", _layout.Chunks)}] for a shape [{string.Join(", ", Extents)}]");
        if (Bytes(_layout.Chunks) > int.MaxValue / 2)
            throw new InputException($"{path}: dataset '{name}' declares chunks [{string.Join(", ", _layout.Chunks)}], "
                + "more than 1 GiB each, which are not read; "
                + "\"h5repack -l CHUNK=... in.h5 out.h5\" writes smaller ones.");
        _chunks = new Hdf5Chunks(file, _layout, space, _filters.Any, (long)Bytes(_layout.Chunks));
    }

    public ulong[] Extents { get; }

    public SampleType Sample { get; }

    public Hdf5Attributes Attributes { get; }

    /// <summary>Extents of a chunk; null where there are none.</summary>
    public ulong[]? Chunks => _chunks is null ? null : _layout.Chunks;

    /// <summary>Bytes of the file that it lies in.</summary>
    public long FileLength => _file.Length;

    /// <summary>Reads a box.</summary>
    /// <param name="start">First index along every axis.</param>
    /// <param name="block">Extents of the box, which lies within the dataset.</param>
    /// <param name="target">Receives the values.</param>
    public void Read<T>(ulong[] start, ulong[] block, Span<T> target) where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(target);
        if (_chunks is null)
            ReadPlain(start, block, bytes);
        else
            ReadChunks(start, block, bytes);
        if (_type.IsBigEndian != BitConverter.IsLittleEndian)
            return;
        switch (_type.Size)
        {
            case 2: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(bytes), MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case 4: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, uint>(bytes), MemoryMarshal.Cast<byte, uint>(bytes)); break;
            case 8: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ulong>(bytes), MemoryMarshal.Cast<byte, ulong>(bytes)); break;
        }
    }

    /// <summary>Bytes of so many values, at most 2^64 - 1.</summary>
    private ulong Bytes(ulong[] extents)
    {
        var bytes = (UInt128)_type.Size;
        foreach (var extent in extents)
            // Held below 2^64 so that the next factor cannot overflow.
            bytes = UInt128.Min(bytes * extent, ulong.MaxValue);
        return (ulong)bytes;
    }

    /// <summary>What is not in chunks has all its bytes in one place, unless nothing was ever written.</summary>
    private void CheckStored(string path, string name)
    {
        var stored = _layout.Storage == Hdf5Storage.Compact ? (ulong)_layout.Compact.Length
            : _external is not null ? _external.Size()
            : _file.IsDefined(_layout.Address) ? (ulong)Math.Max(0, _file.Length - _file.Base - (long)Math.Min(_layout.Address, (ulong)_file.Length))
            : ulong.MaxValue;
        if (Bytes(Extents) > stored)
            throw new InputException($"{path}: dataset '{name}' declares shape [{string.Join(", ", Extents)}] "
                + $"but the file has only {stored} bytes for it.");
    }

    private byte[] FillValue(Hdf5Header header)
    {
        if (header.Find(Hdf5MessageKind.FillValue) is { } body)
        {
            var cursor = new Hdf5Cursor(_file, body);
            var (version, flags) = (cursor.Byte(), cursor.Byte());
            if (version < 3)
                cursor.Skip(1);
            if (version < 3 ? cursor.Byte() != 0 : (flags & 0x20) != 0)
                return Fitting(cursor);
        }
        else if (header.Find(Hdf5MessageKind.OldFillValue) is { } old)
            return Fitting(new Hdf5Cursor(_file, old));
        return new byte[_type.Size];
    }

    private byte[] Fitting(Hdf5Cursor cursor)
    {
        var value = cursor.Bytes(cursor.UInt32());
        return value.Length == _type.Size ? value.ToArray() : new byte[_type.Size];
    }

    /// <summary>Rows of the last axis; of those axes that the box spans in whole, all at once.</summary>
    private void ReadPlain(ulong[] start, ulong[] block, Span<byte> target)
    {
        var rank = block.Length;
        var whole = rank;
        ulong run = (ulong)_type.Size;
        while (whole > 0)
        {
            whole--;
            run *= block[whole];
            if (block[whole] != Extents[whole])
                break;
        }
        var at = (ulong[])start.Clone();
        for (var to = 0; to < target.Length; to += (int)run)
        {
            ulong index = 0;
            for (var axis = 0; axis < rank; axis++)
                index = index * Extents[axis] + at[axis];
            ReadRun(index * (ulong)_type.Size, target.Slice(to, (int)run));
            for (var axis = whole - 1; axis >= 0 && ++at[axis] == start[axis] + block[axis]; axis--)
                at[axis] = start[axis];
        }
    }

    private void ReadRun(ulong at, Span<byte> bytes)
    {
        if (_layout.Storage == Hdf5Storage.Compact)
            _layout.Compact.AsSpan((int)at, bytes.Length).CopyTo(bytes);
        else if (_external is not null)
            _external.Read(at, bytes);
        else if (_file.IsDefined(_layout.Address))
            _file.Read(_layout.Address + at, bytes);
        else
            Fill(bytes);
    }

    private void Fill(Span<byte> bytes)
    {
        if (!_fill.AsSpan().ContainsAnyExcept((byte)0))
            bytes.Clear();
        else
            for (var i = 0; i < bytes.Length; i += _fill.Length)
                _fill.CopyTo(bytes[i..]);
    }

    private void ReadChunks(ulong[] start, ulong[] block, Span<byte> target)
    {
        var rank = block.Length;
        var (size, chunks) = (_type.Size, _layout.Chunks);
        var (first, end, at) = (new ulong[rank], new ulong[rank], new ulong[rank]);
        for (var axis = 0; axis < rank; axis++)
        {
            at[axis] = first[axis] = start[axis] / chunks[axis];
            end[axis] = (start[axis] + block[axis] - 1) / chunks[axis] + 1;
        }
        var (from, count, row, zero) = (new ulong[rank], new ulong[rank], new ulong[rank], new ulong[rank]);
        for (var more = true; more;)
        {
            for (var axis = 0; axis < rank; axis++)
            {
                from[axis] = Math.Max(start[axis], at[axis] * chunks[axis]);
                count[axis] = Math.Min(start[axis] + block[axis] - from[axis], at[axis] * chunks[axis] + chunks[axis] - from[axis]);
                row[axis] = 0;
            }
            var bytes = Chunk(at);
            var length = (int)count[^1] * size;
            for (var rows = true; rows;)
            {
                ulong source = 0, to = 0;
                for (var axis = 0; axis < rank; axis++)
                {
                    var index = from[axis] + row[axis];
                    source = source * chunks[axis] + (index - at[axis] * chunks[axis]);
                    to = to * block[axis] + (index - start[axis]);
                }
                var part = target.Slice((int)to * size, length);
                if (bytes is null)
                    Fill(part);
                else
                    bytes.AsSpan((int)source * size, length).CopyTo(part);
                rows = Next(row, zero, count, rank - 2);
            }
            more = Next(at, first, end, rank - 1);
        }
    }

    /// <summary>Counts up like the digits of a number; false at the end.</summary>
    private static bool Next(ulong[] at, ulong[] first, ulong[] end, int axis)
    {
        for (; axis >= 0; axis--)
        {
            if (++at[axis] < end[axis])
                return true;
            at[axis] = first[axis];
        }
        return false;
    }

    /// <summary>Bytes of a chunk; null where nothing was written. The last one is kept: a box may need it again.</summary>
    private byte[]? Chunk(ulong[] at)
    {
        if (_lastAt is not null && at.AsSpan().SequenceEqual(_lastAt))
            return _last;
        var bytes = _chunks!.Find(at) is { } chunk ? Load(chunk, at) : null;
        (_lastAt, _last) = ((ulong[])at.Clone(), bytes);
        return bytes;
    }

    private byte[] Load(Hdf5Chunk chunk, ulong[] at)
    {
        var declared = (int)Bytes(_layout.Chunks);
        var plain = !_filters.Any;
        for (var axis = 0; _layout.SkipsEdges && axis < at.Length; axis++)
            plain |= (at[axis] + 1) * _layout.Chunks[axis] > Extents[axis];
        _file.Check(chunk.Address, chunk.Size);
        if (plain && chunk.Size != declared || chunk.Size > int.MaxValue / 2)
            throw _file.Damaged($"a chunk of {chunk.Size} bytes instead of {declared}");
        var stored = new byte[chunk.Size];
        _file.Read(chunk.Address, stored);
        return plain ? stored : _filters.Undo(stored, chunk.Mask, declared);
    }
}
