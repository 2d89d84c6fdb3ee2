using Spoco.Engine.Data;

namespace Spoco.Cli.Data;

/// <summary>The images that were read from files lately, up to a number of bytes. Safe under several threads.</summary>
internal sealed class DecodedImages(long bytes)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(object Key, TrainingItem Item)> _recent = [];
    private long _held;

    /// <summary>The image of a key: one that is here, or what <paramref name="read"/> returns.</summary>
    public TrainingItem Get(object key, Func<TrainingItem> read)
    {
        lock (_lock)
        {
            if (Find(key) is { } kept)
                return kept;
        }

        // Two threads may read the same file at once: rarer and cheaper than waiting for each other. The first one's image is kept.
        var item = read();
        lock (_lock)
        {
            if (Find(key) is { } kept)
                return kept;
            _recent.AddFirst((key, item));
            _held += Bytes(item);
            while (_held > bytes && _recent.Count > 1)
            {
                _held -= Bytes(_recent.Last!.Value.Item);
                _recent.RemoveLast();
            }
        }

        return item;
    }

    private TrainingItem? Find(object key)
    {
        for (var node = _recent.First; node is not null; node = node.Next)
        {
            if (node.Value.Key != key)
                continue;
            _recent.Remove(node);
            _recent.AddFirst(node);
            return node.Value.Item;
        }

        return null;
    }

    private static long Bytes(TrainingItem item) => 4L * (item.Image.Data.LongLength + item.Labels.Data.LongLength);
}
