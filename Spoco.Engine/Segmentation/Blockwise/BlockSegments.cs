namespace Spoco.Engine.Segmentation;

/// <summary>The last step: what becomes of the segments of all blocks, as in an image that lies in memory.</summary>
/// <param name="files">The results of the blocks.</param>
/// <param name="segments">The segment of every cluster of every block, from 1.</param>
/// <param name="starts">Where those of each block begin.</param>
internal sealed class BlockSegments(BlockFiles files, int[] segments, int[] starts)
{
    // Sums of clusters that are read at once.
    private const int SumsRead = 1 << 16;

    // Its size, numbers and best offer, and the borders of those that absorb others.
    private const long BytesPerSegment = 110;

    // As an entry of a table that grows, and at both of its segments.
    private const long BytesPerBorder = 40;

    /// <summary>Turns the segments of clusters into labels, in place; 0 = dropped.</summary>
    /// <param name="joining">What is joined, and what is dropped.</param>
    /// <param name="dimensions">Dimensions of the embeddings that are known; 0 = none are.</param>
    /// <param name="memory">Bytes that sums and borders of segments may take.</param>
    /// <param name="report">Told what has been done.</param>
    /// <param name="cancellation">Stops between blocks and segments.</param>
    /// <returns>Number of labels, and the mean embedding of the largest segment where embeddings are known.</returns>
    public (int Labels, double[] MeanOfLargest) Number(InstanceSegmentationOptions joining, int dimensions, long memory, Action<string> report, CancellationToken cancellation)
    {
        OrderByFirst();
        var count = segments.Length == 0 ? 0 : segments.Max();
        var own = (count + 1L) * (BytesPerSegment + sizeof(double) * dimensions);
        if ((dimensions > 0 || SegmentJoining.Joins(joining)) && own > memory)
            throw TooLittle(count, dimensions, own);
        if ((count + 1L) * dimensions > Array.MaxLength)
            throw new ArgumentException($"BlockwiseMutexWatershed: {count} segments with embeddings of {dimensions} dimensions are more than one array holds.");
        report($"{count} segments ordered");
        var joins = SegmentJoining.Joins(joining);
        var borders = joins ? Borders((memory - own) / BytesPerBorder, pairs => TooLittle(count, dimensions, own + pairs * BytesPerBorder), cancellation)
            : new BorderTable(countsFaces: false);
        report($"{borders.Count} borders found");
        var graph = new SegmentGraph(Sizes(count), Sums(count, dimensions), dimensions, borders);
        var mean = dimensions > 0 && count > 0 ? graph.Mean(graph.Largest) : [];
        var labels = SegmentJoining.Labels(graph, joining, cancellation);
        for (var i = 0; i < segments.Length; i++)
            segments[i] = labels[segments[i]];
        return (labels.Length == 0 ? 0 : labels.Max(), mean);
    }

    private void OrderByFirst()
    {
        var count = segments.Length == 0 ? 0 : segments.Max();
        var firsts = new long[count];
        Array.Fill(firsts, long.MaxValue);
        ForEachBlock((file, start) =>
        {
            var firstOf = new long[file.Clusters];
            file.ReadFirsts(firstOf);
            for (var i = 0; i < firstOf.Length; i++)
            {
                ref var first = ref firsts[segments[start + i] - 1];
                first = Math.Min(first, firstOf[i]);
            }
        });
        var order = Enumerable.Range(0, count).ToArray();
        Array.Sort(firsts, order);
        var numbers = new int[count];
        for (var i = 0; i < count; i++)
            numbers[order[i]] = i + 1;
        for (var i = 0; i < segments.Length; i++)
            segments[i] = numbers[segments[i] - 1];
    }

    private long[] Sizes(int count)
    {
        var sizes = new long[count + 1];
        ForEachBlock((file, start) =>
        {
            var sizeOf = new int[file.Clusters];
            file.ReadSizes(sizeOf);
            for (var i = 0; i < sizeOf.Length; i++)
                sizes[segments[start + i]] += sizeOf[i];
        });
        return sizes;
    }

    private double[] Sums(int count, int dimensions)
    {
        var sums = new double[(count + 1) * dimensions];
        if (dimensions == 0)
            return sums;
        var part = new double[SumsRead / dimensions * dimensions];
        ForEachBlock((file, start) =>
        {
            for (var first = 0; first < file.Clusters; first += part.Length / dimensions)
            {
                var clusters = Math.Min(part.Length / dimensions, file.Clusters - first);
                file.ReadSums(first, part.AsSpan(0, clusters * dimensions));
                for (var i = 0; i < clusters; i++)
                    for (var e = 0; e < dimensions; e++)
                        sums[segments[start + first + i] * dimensions + e] += part[i * dimensions + e];
            }
        });
        return sums;
    }

    private BorderTable Borders(long most, Func<long, Exception> tooLittle, CancellationToken cancellation)
    {
        var borders = new BorderTable(countsFaces: false);
        using var labels = new BlockwiseLabels(files, segments, starts, 0, null);
        var values = Array.Empty<int>();
        for (var b = 0; b < files.Layout.Count; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var box = files.Layout.Box(b);
            foreach (var slab in box.Slabs(1 << 22))
            {
                var read = new VoxelBox(slab.Z - 1, slab.Y - 1, slab.X - 1, slab.Depth + 1, slab.Height + 1, slab.Width + 1).Intersect(files.Layout.Whole);
                if (values.Length < read.VoxelCount)
                    values = new int[read.VoxelCount];
                labels.Read(read, values.AsSpan(0, (int)read.VoxelCount));
                borders.Add(values.AsSpan(0, (int)read.VoxelCount), read, slab);
                // The blocks to come are like those that have been seen, and a fifth more to be sure.
                if (borders.Count > most)
                    throw tooLittle((long)(1.2 * borders.Count * files.Layout.Count / (b + 1)));
            }
        }

        return borders;
    }

    private static InsufficientMemoryLimitException TooLittle(int count, int dimensions, long bytes) => new(
        $"BlockwiseMutexWatershed: joining {count} segments with embeddings of {dimensions} dimensions needs {(bytes >> 20) + 1} MiB.", bytes);

    private void ForEachBlock(Action<BlockFile, int> take)
    {
        for (var b = 0; b < files.Layout.Count; b++)
        {
            using var file = files.Open(b);
            take(file, starts[b]);
        }
    }
}
