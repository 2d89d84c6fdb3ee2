namespace Spoco.Engine.Segmentation;

/// <summary>The last step: segments are dropped by size, and numbered by first voxel, as in an image that lies in memory.</summary>
internal static class BlockSegments
{
    /// <summary>Turns the segments of clusters into labels, in place; 0 = dropped.</summary>
    /// <returns>Number of labels.</returns>
    public static int Number(BlockLayout layout, BlockFolder folder, int[] segments, int[] starts, BlockwiseOptions options)
    {
        var count = segments.Length == 0 ? 0 : segments.Max();
        var firsts = new long[count + 1];
        var sizes = new long[count + 1];
        Array.Fill(firsts, long.MaxValue);
        for (var b = 0; b < layout.Count; b++)
        {
            using var file = BlockFile.Open(folder.PathOf(b), b, layout.Box(b));
            var (firstOf, sizeOf) = (new long[file.Clusters], new int[file.Clusters]);
            file.ReadFirsts(firstOf);
            file.ReadSizes(sizeOf);
            for (var i = 0; i < firstOf.Length; i++)
            {
                var segment = segments[starts[b] + i];
                firsts[segment] = Math.Min(firsts[segment], firstOf[i]);
                sizes[segment] += sizeOf[i];
            }
        }

        var order = Enumerable.Range(1, count).OrderBy(s => firsts[s]).ToList();
        if (options.RemoveLargest && order.Count > 0)
            order.Remove(order.MaxBy(s => sizes[s]));
        order.RemoveAll(s => sizes[s] < options.SizeFloor);
        var labels = new int[count + 1];
        for (var i = 0; i < order.Count; i++)
            labels[order[i]] = i + 1;
        for (var i = 0; i < segments.Length; i++)
            segments[i] = labels[segments[i]];
        return order.Count;
    }
}
