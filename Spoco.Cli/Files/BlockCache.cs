namespace Spoco.Cli.Files;

/// <summary>Decoded blocks of a file, of which the least recently used are given up.</summary>
/// <param name="capacity">The most bytes that blocks take together, <see cref="EntryBytes"/> with each; one is held whatever it takes.</param>
internal sealed class BlockCache(long capacity)
{
    /// <summary>What a block takes beside its bytes: its place in the table, which grows by doubling, and in the order, and the head of the array.</summary>
    public const int EntryBytes = 200;

    private readonly Dictionary<(int Page, long Number), LinkedListNode<Entry>> _entries = [];

    // The most recently used is first.
    private readonly LinkedList<Entry> _order = new();
    private long _bytes;

    /// <summary>A block that is held, which is then the most recently used; else null.</summary>
    public byte[]? Find(int page, long number)
    {
        if (!_entries.TryGetValue((page, number), out var node))
            return null;
        if (node != _order.First)
        {
            _order.Remove(node);
            _order.AddFirst(node);
        }
        return node.Value.Bytes;
    }

    /// <summary>Memory for a block, for which others are given up; it holds anything.</summary>
    public byte[] MakeRoom(int bytes)
    {
        var need = (long)bytes + EntryBytes;
        while (_order.Last is { } last && _bytes + need > capacity)
        {
            _order.RemoveLast();
            _entries.Remove(last.Value.Key);
            _bytes -= last.Value.Bytes.Length + EntryBytes;
            if (last.Value.Bytes.Length == bytes && _bytes + need <= Math.Max(capacity, need))
                return last.Value.Bytes;
        }
        return new byte[bytes];
    }

    /// <summary>Holds a block for which room was made.</summary>
    public void Add(int page, long number, byte[] block)
    {
        _entries.Add((page, number), _order.AddFirst(new Entry((page, number), block)));
        _bytes += block.Length + EntryBytes;
    }

    private readonly record struct Entry((int Page, long Number) Key, byte[] Bytes);
}
