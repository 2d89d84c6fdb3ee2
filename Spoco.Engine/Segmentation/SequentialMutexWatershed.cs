using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mutex Watershed (Wolf et al., ECCV 2018) as it is defined, one edge after another: the reference of <see cref="MutexWatershed"/>, which gives the
/// same labels sooner. All edges are processed by descending priority, equal priorities by ascending edge id
/// (channel * voxels + voxel). An attractive edge joins the clusters of its ends unless they exclude each other; a repulsive edge makes them
/// exclude each other unless they are one. Labels are numbered from 1 in order of their first voxel; 0 = masked out.
/// </summary>
public static class SequentialMutexWatershed
{
    private const int EdgesBetweenCancellationChecks = 1 << 16;

    /// <summary>Segments pixel embeddings: the weights of <see cref="Affinities"/>, then <see cref="FromAffinities"/>.</summary>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
    /// <param name="mask">Foreground: voxels that are 0 here get label 0 and no edge.</param>
    /// <param name="seeds">Given segments: voxels of one seed start as one, different seeds never join. 0 = no seed.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">The mask has other extents, an embedding is not finite, or an option is out of range.</exception>
    public static Volume<int> FromEmbeddings(
        Volume<float> embeddings, MutexWatershedOptions? options = null, Volume<byte>? mask = null, Volume<int>? seeds = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        options ??= new MutexWatershedOptions();
        if (mask is not null && (!mask.HasExtentsOf(embeddings) || mask.Channels != 1))
            throw new ArgumentException($"MutexWatershed: the mask ({mask}) does not fit the embeddings ({embeddings}).");
        var weights = Affinities.FromEmbeddings(embeddings, options.Resolve(embeddings.Depth).Offsets, options.PushMargin);
        var labels = FromAffinities(weights, embeddings.Depth, embeddings.Height, embeddings.Width, options, mask?.Data, seeds?.Data, cancellation);
        return new Volume<int>(labels, embeddings.Depth, embeddings.Height, embeddings.Width) { VoxelSize = embeddings.VoxelSize };
    }

    /// <summary>
    /// Segments given edge weights: 0 = attractive (same object), 1 = repulsive (different objects), in every channel; any finite weight is taken as
    /// it is. Priority of an attractive edge: reference - w; of a repulsive one: w + bias; both in float32.
    /// </summary>
    /// <param name="weights">[C, D, H, W], one channel per offset: the weight of edge (i, i + offset) at voxel i. Values of edges that leave the
    /// image or the mask are not read.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets, priorities, strides; SPOCO's defaults where null.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="seeds">[D, H, W]; given segments: voxels of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, a weight is not finite, or an option is out of range.</exception>
    public static int[] FromAffinities(
        ReadOnlyMemory<float> weights, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var graph = new GridGraph(weights.Length, depth, height, width, options, mask.Length, seeds.Length);
        var reference = 1f;
        if (options.AttractiveReference == AttractiveReference.Max)
            reference = graph.MaximumAttractive(weights.Span, mask.Span);
        return Segment(graph, weights.Span, mask.Span, seeds.Span, (-1, reference), (1, options.RepulsiveBias), cancellation);
    }

    /// <summary>Segments given priorities: larger = earlier, for attractive and repulsive edges alike. Weights are taken as they are.</summary>
    /// <param name="priorities">[C, D, H, W], one channel per offset.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets and strides; the reference and the bias do not apply.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="seeds">[D, H, W]; given segments: voxels of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, a priority is not finite, or an option is out of range.</exception>
    public static int[] FromPriorities(
        ReadOnlyMemory<float> priorities, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, CancellationToken cancellation = default)
    {
        var graph = new GridGraph(priorities.Length, depth, height, width, options ?? new MutexWatershedOptions(), mask.Length, seeds.Length);
        return Segment(graph, priorities.Span, mask.Span, seeds.Span, (1, 0), (1, 0), cancellation);
    }

    /// <summary>Segments any graph; see <see cref="MutexGraph"/> for the signs and the order of equal priorities.</summary>
    /// <param name="graph">Nodes, edges and known mutexes.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>A label per node, numbered from 1 in order of the first node.</returns>
    /// <exception cref="ArgumentException">A length, a node or a priority is out of range.</exception>
    public static int[] FromGraph(MutexGraph graph, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        graph.Validate();
        var (attractive, repulsive, mutexes) = (graph.Attractive, graph.Repulsive, graph.Mutexes);
        var first = graph.AttractivePriorities.Length;
        var keys = GC.AllocateUninitializedArray<ulong>(checked(first + graph.RepulsivePriorities.Length));
        for (var e = 0; e < first; e++)
            keys[e] = EdgeOrder.Key(graph.AttractivePriorities.Span[e], (uint)e);
        for (var e = first; e < keys.Length; e++)
            keys[e] = EdgeOrder.Key(graph.RepulsivePriorities.Span[e - first], (uint)e);

        var forest = new MutexForest(graph.Nodes);
        if (!graph.Seeds.IsEmpty)
            forest.Seed(graph.Seeds.Span, []);
        for (var m = 0; m < mutexes.Length; m += 2)
            forest.Repel(mutexes.Span[m], mutexes.Span[m + 1]);
        var sorted = EdgeOrder.Sort(keys);
        for (var start = 0; start < sorted.Length; start += EdgesBetweenCancellationChecks)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var key in sorted.Slice(start, Math.Min(EdgesBetweenCancellationChecks, sorted.Length - start)))
            {
                var e = (int)(uint)key;
                if (e < first)
                    forest.Attract(attractive.Span[2 * e], attractive.Span[2 * e + 1]);
                else
                    forest.Repel(repulsive.Span[2 * (e - first)], repulsive.Span[2 * (e - first) + 1]);
            }
        }
        return forest.Labels([]);
    }

    /// <summary>Ends a graph that the parallel rounds have contracted; see <see cref="MutexFinish"/>.</summary>
    internal static int[] Finish(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive)
    {
        var forest = new MutexForest(nodes);
        foreach (var edge in EdgeListOrder.Sort(edges.ToArray()))
            if (edge.Key == EdgeKey.Mutex || EdgeKey.Edge(edge.Key) >= firstRepulsive)
                forest.Repel(edge.U, edge.V);
            else
                forest.Attract(edge.U, edge.V);
        return forest.Labels([]);
    }

    private static int[] Segment(
        GridGraph graph, ReadOnlySpan<float> values, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        (float Scale, float Shift) attractive, (float Scale, float Shift) repulsive, CancellationToken cancellation)
    {
        var forest = new MutexForest(graph.Voxels);
        if (!seeds.IsEmpty)
            forest.Seed(seeds, mask);
        var sorted = EdgeOrder.Sort(graph.Keys(values, mask, attractive, repulsive, out var attractiveEdges));
        var voxels = (uint)Math.Max(1, graph.Voxels);
        // Exclusions after the last attractive edge change nothing.
        for (var start = 0; start < sorted.Length && attractiveEdges > 0; start += EdgesBetweenCancellationChecks)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var key in sorted.Slice(start, Math.Min(EdgesBetweenCancellationChecks, sorted.Length - start)))
            {
                var (channel, u) = Math.DivRem((uint)key, voxels);
                var v = (int)u + graph.Linear[channel];
                if (channel < (uint)graph.Attractive)
                {
                    forest.Attract((int)u, v);
                    attractiveEdges--;
                }
                else
                {
                    forest.Repel((int)u, v);
                }
            }
        }
        return forest.Labels(mask);
    }
}
