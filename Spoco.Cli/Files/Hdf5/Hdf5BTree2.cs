namespace Spoco.Cli.Files.Hdf5;

/// <summary>The records of a B-tree of version 2, in no order that is used.</summary>
internal static class Hdf5BTree2
{
    private const int Overhead = 10;
    private const int MaxDepth = 16;

    /// <summary>Calls back with every record.</summary>
    public static void ForEach(Hdf5Bytes file, ulong address, Action<byte[]> use)
    {
        var header = new Hdf5Cursor(file, file.Checked(address, 4 + 2 + 4 + 2 + 2 + 2 + file.OffsetSize + 2 + file.LengthSize));
        header.Expect("BTHD"u8);
        header.Skip(2);
        var (nodeSize, recordSize, depth) = (header.UInt32(), header.UInt16(), header.UInt16());
        header.Skip(2);
        var (root, records) = (header.Offset(), header.UInt16());
        if (!file.IsDefined(root) || records == 0)
            return;
        if (recordSize == 0 || depth > MaxDepth || nodeSize <= Overhead + recordSize)
            throw file.Damaged("a B-tree of impossible measures");

        // Bytes that count the records of one node and, level by level, of all nodes below.
        var most = (ulong)(nodeSize - Overhead) / recordSize;
        var countSize = SizeOf(most);
        var belowSize = new int[depth + 1];
        var below = (UInt128)most;
        for (var level = 1; level <= depth; level++)
        {
            var pointer = file.OffsetSize + countSize + belowSize[level - 1];
            if (nodeSize <= Overhead + pointer)
                throw file.Damaged("a B-tree of impossible measures");
            var inNode = (ulong)(nodeSize - Overhead - pointer) / (ulong)(recordSize + pointer);
            below = UInt128.Min((inNode + 1) * below + inNode, ulong.MaxValue);
            belowSize[level] = SizeOf((ulong)below);
        }
        Visit(file, root, records, depth, recordSize, countSize, belowSize, use);
    }

    /// <summary>Bytes that hold a number up to this one.</summary>
    internal static int SizeOf(ulong largest) => (63 - (int)ulong.LeadingZeroCount(Math.Max(1, largest))) / 8 + 1;

    private static void Visit(
        Hdf5Bytes file, ulong address, ulong count, int level, int recordSize, int countSize, int[] belowSize, Action<byte[]> use)
    {
        var pointer = level == 0 ? 0 : file.OffsetSize + countSize + belowSize[level - 1];
        if (count > (ulong)file.Length)
            throw file.Damaged("a B-tree with more records than bytes");
        var node = new Hdf5Cursor(file, file.Checked(address, 6 + (long)count * recordSize + (level == 0 ? 0 : ((long)count + 1) * pointer)));
        node.Expect(level == 0 ? "BTLF"u8 : "BTIN"u8);
        node.Skip(2);
        for (ulong i = 0; i < count; i++)
            use(node.Bytes(recordSize).ToArray());
        if (level == 0)
            return;
        for (ulong i = 0; i <= count; i++)
        {
            var (child, records) = (node.Offset(), node.Number(countSize));
            node.Skip(belowSize[level - 1]);
            Visit(file, child, records, level - 1, recordSize, countSize, belowSize, use);
        }
    }
}
