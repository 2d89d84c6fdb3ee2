namespace Spoco.Kernels.Primitives;

/// <summary>
/// Mutex Watershed (Wolf et al., ECCV 2018) as it is defined, one edge after another in the order of <see cref="EdgeKey"/>: an attractive edge joins the clusters of its ends unless they
/// exclude each other; a repulsive edge makes them exclude each other unless they are one. The parallel rounds end by it.
/// </summary>
internal static class MutexWatershedSequential
{
    private const int EdgesBetweenCancellationChecks = 1 << 16;

    /// <summary>Segments edge weights.</summary>
    /// <param name="grid">The graph.</param>
    /// <param name="weights">[C, D, H, W]; those of edges that do not exist are not looked at.</param>
    /// <param name="mask">Voxels that are 0 here get label 0; empty = all count.</param>
    /// <param name="seeds">Given segments; empty = none.</param>
    /// <param name="labels">Receives a label per voxel, numbered from 1 in order of the first voxel.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>The id of the first edge whose priority is not finite, or -1.</returns>
    /// <exception cref="ArgumentException">There are more edges, or exclusions, than one array holds.</exception>
    public static long FromWeights(
        MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels, CancellationToken cancellation)
    {
        var refused = Keys(grid, weights, mask, out var keys, out var attractiveEdges);
        if (refused >= 0)
            return refused;
        var sets = new MutexSets(grid.Voxels);
        if (!seeds.IsEmpty)
            sets.Seed(seeds, mask);
        var sorted = EdgeOrder.Sort(keys);
        var voxels = (uint)Math.Max(1, grid.Voxels);
        // Exclusions after the last attractive edge change nothing.
        for (var start = 0; start < sorted.Length && attractiveEdges > 0; start += EdgesBetweenCancellationChecks)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var key in sorted.Slice(start, Math.Min(EdgesBetweenCancellationChecks, sorted.Length - start)))
            {
                var (channel, u) = Math.DivRem(EdgeKey.Edge(key), voxels);
                var v = (int)u + grid.Linear[channel];
                if (channel < (uint)grid.Attractive)
                {
                    sets.Attract((int)u, v);
                    attractiveEdges--;
                }
                else
                {
                    sets.Repel((int)u, v);
                }
            }
        }

        sets.Label(mask, labels);
        return -1;
    }

    /// <summary>Segments a graph given as a list of edges; loops have no effect, and edges may repeat.</summary>
    /// <param name="nodes">Number of nodes.</param>
    /// <param name="edges">The edges, in any order; overwritten.</param>
    /// <param name="firstRepulsive">Edges with this id or a larger one are repulsive, as are mutexes.</param>
    /// <param name="seeds">Given segments; empty = none.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>A label per node, numbered from 1 in order of the first node.</returns>
    public static int[] OfEdges(int nodes, Span<MutexEdge> edges, uint firstRepulsive, ReadOnlySpan<int> seeds = default, CancellationToken cancellation = default)
    {
        var sets = new MutexSets(nodes);
        if (!seeds.IsEmpty)
            sets.Seed(seeds, []);
        var sorted = EdgeOrder.Sort(edges);
        for (var start = 0; start < sorted.Length; start += EdgesBetweenCancellationChecks)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (ref var edge in sorted.Slice(start, Math.Min(EdgesBetweenCancellationChecks, sorted.Length - start)))
                if (edge.Key == EdgeKey.Mutex || EdgeKey.Edge(edge.Key) >= firstRepulsive)
                    sets.Repel(edge.U, edge.V);
                else
                    sets.Attract(edge.U, edge.V);
        }

        var labels = new int[nodes];
        sets.Label([], labels);
        return labels;
    }

    // The keys of all edges in ascending edge order.
    private static long Keys(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, out Span<ulong> keys, out int attractiveEdges)
    {
        var bound = 0L;
        foreach (var o in grid.Offsets)
            if (o.FitsIn(grid.Depth, grid.Height, grid.Width))
                bound += (grid.Depth - Math.Abs((long)o.Z)) * (grid.Height - Math.Abs(o.Y)) * (grid.Width - Math.Abs(o.X));
        if (bound > Array.MaxLength)
            throw new ArgumentException($"MutexWatershed: {bound} edges are more than one array holds; segment in tiles.");
        keys = GC.AllocateUninitializedArray<ulong>((int)bound);
        var count = 0;
        attractiveEdges = 0;
        var largest = grid.AttractiveShift is null ? LargestAttractive(grid, weights, mask) : 0;
        for (var c = 0; c < grid.Offsets.Length; c++)
        {
            var isAttractive = c < grid.Attractive;
            var (scale, shift) = isAttractive ? (grid.AttractiveScale, grid.AttractiveShift ?? largest) : (1, grid.RepulsiveShift);
            var isSparse = !isAttractive && grid.IsSparse;
            for (var row = 0; row < grid.Depth * grid.Height; row++)
            {
                var (z, y) = (row / grid.Height, row % grid.Height);
                if (!grid.Columns(c, z, y, out var from, out var to))
                    continue;
                for (var x = from; x < to; x++)
                {
                    var i = row * grid.Width + x;
                    var edge = (uint)((long)c * grid.Voxels + i);
                    if (!IsWithin(mask, i, i + grid.Linear[c]) || (isSparse && !grid.IsKept(edge, z, y, x)))
                        continue;
                    var priority = scale * weights[(int)edge] + shift;
                    if (!float.IsFinite(priority))
                        return edge;
                    keys[count++] = EdgeKey.Of(priority, edge);
                }
            }

            if (isAttractive)
                attractiveEdges = count;
        }

        keys = keys[..count];
        return -1;
    }

    // The largest weight of an attractive edge; what is not finite is refused later.
    private static float LargestAttractive(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask)
    {
        var largest = float.NegativeInfinity;
        for (var c = 0; c < grid.Attractive; c++)
            for (var row = 0; row < grid.Depth * grid.Height; row++)
                if (grid.Columns(c, row / grid.Height, row % grid.Height, out var from, out var to))
                    for (var i = row * grid.Width + from; i < row * grid.Width + to; i++)
                        if (IsWithin(mask, i, i + grid.Linear[c]) && weights[(int)((long)c * grid.Voxels + i)] is var weight && weight > largest && float.IsFinite(weight))
                            largest = weight;
        return largest;
    }

    private static bool IsWithin(ReadOnlySpan<byte> mask, int u, int v) => mask.IsEmpty || (mask[u] != 0 && mask[v] != 0);
}
