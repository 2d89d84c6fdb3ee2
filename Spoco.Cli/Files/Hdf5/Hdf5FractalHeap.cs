using System.Numerics;
using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>The heap in which groups with many links and objects with many attributes keep them.</summary>
internal sealed class Hdf5FractalHeap
{
    private readonly Hdf5Bytes _file;
    private readonly int _width;
    private readonly ulong _startSize;
    private readonly int _offsetSize;
    private readonly int _lengthSize;
    private readonly int _directRows;
    private readonly ulong _root;
    private readonly int _rootRows;

    public Hdf5FractalHeap(Hdf5Bytes file, ulong address)
    {
        _file = file;
        // Where the heap is filtered, more follows before the checksum.
        var filtered = new Hdf5Cursor(file, file.StructureUpTo(address, 9));
        filtered.Expect("FRHP"u8);
        filtered.Skip(3);
        if (filtered.UInt16() != 0)
            throw new InputException($"{file.Path}: the names in the file are compressed, which is not read; "
                + "\"h5repack in.h5 out.h5\" writes them plainly.");
        var header = new Hdf5Cursor(file, file.Checked(address, 22 + 3 * file.OffsetSize + 12 * file.LengthSize));
        header.Skip(10);
        var largestObject = header.UInt32();
        header.Skip(2 * file.OffsetSize + 10 * file.LengthSize);
        _width = header.UInt16();
        (_startSize, var largestDirect, var heapBits) = (header.Length(), header.Length(), header.UInt16());
        header.Skip(2);
        (_root, _rootRows) = (header.Offset(), header.UInt16());
        if (!BitOperations.IsPow2(_startSize) || !BitOperations.IsPow2(largestDirect) || !BitOperations.IsPow2(_width) || heapBits > 64
            || largestDirect < _startSize || _rootRows > 64)
            throw file.Damaged("a heap of impossible measures");
        _offsetSize = (heapBits + 7) / 8;
        _lengthSize = Math.Min((BitOperations.Log2(largestDirect) + 7) / 8, Hdf5BTree2.SizeOf(largestObject));
        _directRows = BitOperations.Log2(largestDirect) - BitOperations.Log2(_startSize) + 2;
    }

    /// <summary>The object of an identifier.</summary>
    public byte[] Get(ReadOnlySpan<byte> id)
    {
        var cursor = new Hdf5Cursor(_file, id);
        var flags = cursor.Byte();
        switch (flags >> 4 & 3)
        {
            case 0:
                var (offset, length) = (cursor.Number(_offsetSize), cursor.Number(_lengthSize));
                return _file.Structure(Locate(offset), (long)length);
            case 2:
                return cursor.Bytes((flags & 15) + 1).ToArray();
            default:
                // Only an attribute of more than 64 KB is stored so; none that is looked at is.
                return [];
        }
    }

    private ulong Locate(ulong offset)
    {
        if (_rootRows == 0)
            return _root + offset;
        var (block, rows) = (_root, _rootRows);
        for (var depth = 0; depth < 8; depth++)
        {
            var row = offset < _startSize * (ulong)_width ? 0 : BitOperations.Log2(offset / (_startSize * (ulong)_width)) + 1;
            if (row >= rows)
                throw _file.Damaged("a heap's object lies outside it");
            var size = row == 0 ? _startSize : _startSize << row - 1;
            var rowStart = row == 0 ? 0 : (ulong)_width * _startSize << row - 1;
            var column = (offset - rowStart) / size;
            var entry = (ulong)row * (ulong)_width + column;
            _file.Check(block, 5 + _file.OffsetSize + _offsetSize);
            var pointer = new Hdf5Cursor(
                _file, _file.Structure(block + 5 + (ulong)_file.OffsetSize + (ulong)_offsetSize + entry * (ulong)_file.OffsetSize, _file.OffsetSize));
            (block, offset) = (pointer.Offset(), offset - rowStart - column * size);
            if (row < _directRows)
                return block + offset;
            rows = BitOperations.Log2(size) - BitOperations.Log2(_startSize * (ulong)_width) + 1;
        }
        throw _file.Damaged("a heap too deep");
    }
}
