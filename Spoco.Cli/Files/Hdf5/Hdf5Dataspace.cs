namespace Spoco.Cli.Files.Hdf5;

/// <summary>Extents of a dataset or an attribute, and how far they may grow.</summary>
/// <param name="Extents">Empty for a single value.</param>
/// <param name="Largest">Its extents at most; <see cref="ulong.MaxValue"/> for no limit.</param>
/// <param name="IsNull">There is no value at all.</param>
internal sealed record Hdf5Dataspace(ulong[] Extents, ulong[] Largest, bool IsNull)
{
    private const int MaxRank = 32;

    public static Hdf5Dataspace Read(Hdf5Bytes file, ReadOnlySpan<byte> body)
    {
        var cursor = new Hdf5Cursor(file, body);
        var (version, rank, flags) = (cursor.Byte(), cursor.Byte(), cursor.Byte());
        if (version is not (1 or 2) || rank > MaxRank)
            throw file.Damaged($"a shape of version {version} with {rank} axes");
        var kind = cursor.Byte();
        if (version == 1)
            cursor.Skip(4);
        var extents = new ulong[rank];
        for (var i = 0; i < rank; i++)
            extents[i] = Unlimited(file, cursor.Length());
        var largest = (ulong[])extents.Clone();
        for (var i = 0; (flags & 1) != 0 && i < rank; i++)
            largest[i] = Unlimited(file, cursor.Length());
        return new Hdf5Dataspace(extents, largest, IsNull: version == 2 && kind == 2);
    }

    private static ulong Unlimited(Hdf5Bytes file, ulong extent) => file.LengthSize == 4 && extent == uint.MaxValue ? ulong.MaxValue : extent;
}
