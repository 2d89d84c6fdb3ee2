using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>Where a dataset's bytes are.</summary>
internal enum Hdf5Storage
{
    Compact = 0, Contiguous = 1, Chunked = 2, Virtual = 3,
}

/// <summary>How chunks are found.</summary>
internal enum Hdf5Index
{
    BTree1 = 0, Single = 1, Implicit = 2, FixedArray = 3, ExtensibleArray = 4, BTree2 = 5,
}

/// <summary>A dataset's layout message.</summary>
/// <param name="Storage">The layout.</param>
/// <param name="Address">Of the bytes, or of the index of the chunks.</param>
/// <param name="Size">Bytes stored, where the message says so: contiguous layout of versions 3 and 4.</param>
/// <param name="Compact">The bytes themselves, in a compact layout.</param>
/// <param name="Chunks">Extents of a chunk.</param>
/// <param name="Index">How chunks are found.</param>
/// <param name="SkipsEdges">Chunks that reach beyond the dataset's edge are stored without filters.</param>
/// <param name="SingleSize">Bytes of the only chunk where it is filtered; 0 where not.</param>
/// <param name="SingleMask">Filters left out for the only chunk.</param>
/// <param name="WideSizes">Sizes of filtered chunks are lengths of the file, not as wide as a chunk needs.</param>
internal sealed record Hdf5Layout(
    Hdf5Storage Storage, ulong Address, ulong? Size, byte[] Compact, ulong[] Chunks, Hdf5Index Index, bool SkipsEdges, ulong SingleSize,
    uint SingleMask, bool WideSizes)
{
    private const int MaxRank = 33;

    public static Hdf5Layout Read(Hdf5Bytes file, ReadOnlySpan<byte> body)
    {
        var cursor = new Hdf5Cursor(file, body);
        var version = cursor.Byte();
        return version switch
        {
            1 or 2 => ReadOld(file, cursor),
            3 => ReadNew(file, cursor, version),
            4 or 5 => ReadNew(file, cursor, version),
            _ => throw new InputException(
                $"{file.Path}: a dataset's layout has version {version}, which is newer than what is read; "
                + "\"h5repack --high=v110 in.h5 out.h5\" writes an older one."),
        };
    }

    private static Hdf5Layout ReadOld(Hdf5Bytes file, Hdf5Cursor cursor)
    {
        var (rank, storage) = (cursor.Byte(), (Hdf5Storage)cursor.Byte());
        cursor.Skip(5);
        var address = storage == Hdf5Storage.Compact ? 0 : cursor.Offset();
        var extents = Extents(file, ref cursor, rank, size: 4);
        return storage switch
        {
            Hdf5Storage.Compact => Plain(storage, 0, null, cursor.Bytes(cursor.UInt32()).ToArray()),
            Hdf5Storage.Contiguous => Plain(storage, address, null, []),
            Hdf5Storage.Chunked when rank > 1 => Chunked(address, extents, Hdf5Index.BTree1),
            _ => throw file.Damaged("a layout that does not exist"),
        };
    }

    private static Hdf5Layout ReadNew(Hdf5Bytes file, Hdf5Cursor cursor, byte version)
    {
        var storage = (Hdf5Storage)cursor.Byte();
        switch (storage)
        {
            case Hdf5Storage.Compact:
                return Plain(storage, 0, null, cursor.Bytes(cursor.UInt16()).ToArray());
            case Hdf5Storage.Contiguous:
                return Plain(storage, cursor.Offset(), cursor.Length(), []);
            case Hdf5Storage.Virtual when version >= 4:
                return Plain(storage, 0, null, []);
            case Hdf5Storage.Chunked when version == 3:
                var rank = cursor.Byte();
                var address = cursor.Offset();
                return Chunked(address, Extents(file, ref cursor, rank, size: 4), Hdf5Index.BTree1);
            case Hdf5Storage.Chunked:
                return ReadIndexed(file, cursor) with { WideSizes = version > 4 };
            default:
                throw file.Damaged("a layout that does not exist");
        }
    }

    private static Hdf5Layout ReadIndexed(Hdf5Bytes file, Hdf5Cursor cursor)
    {
        var (flags, rank, size) = (cursor.Byte(), cursor.Byte(), cursor.Byte());
        var extents = Extents(file, ref cursor, rank, size);
        var index = (Hdf5Index)cursor.Byte();
        var (singleSize, singleMask) = (0UL, 0u);
        switch (index)
        {
            case Hdf5Index.Single when (flags & 2) != 0:
                (singleSize, singleMask) = (cursor.Length(), cursor.UInt32());
                break;
            case Hdf5Index.Single or Hdf5Index.Implicit:
                break;
            case Hdf5Index.FixedArray:
                cursor.Skip(1);
                break;
            case Hdf5Index.ExtensibleArray:
                cursor.Skip(5);
                break;
            case Hdf5Index.BTree2:
                cursor.Skip(6);
                break;
            default:
                throw file.Damaged("chunks without an index");
        }
        return Chunked(cursor.Offset(), extents, index) with { SkipsEdges = (flags & 1) != 0, SingleSize = singleSize, SingleMask = singleMask };
    }

    private static Hdf5Layout Plain(Hdf5Storage storage, ulong address, ulong? size, byte[] compact) =>
        new(storage, address, size, compact, [], Hdf5Index.BTree1, false, 0, 0, false);

    /// <summary>The last of the extents is the size of a value, which the data type says too.</summary>
    private static Hdf5Layout Chunked(ulong address, ulong[] extents, Hdf5Index index) =>
        new(Hdf5Storage.Chunked, address, null, [], extents[..^1], index, false, 0, 0, false);

    private static ulong[] Extents(Hdf5Bytes file, ref Hdf5Cursor cursor, int rank, int size)
    {
        if (rank is 0 or > MaxRank)
            throw file.Damaged($"a layout of {rank} axes");
        var extents = new ulong[rank];
        for (var i = 0; i < rank; i++)
            extents[i] = cursor.Number(size);
        return extents;
    }
}
