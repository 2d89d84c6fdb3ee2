using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mutex Watershed (Wolf et al., ECCV 2018) as it is defined, one edge after another: the reference of <see cref="MutexWatershed"/>, which gives the
/// same labels sooner. All edges are processed by descending priority, equal priorities by ascending edge id
/// (channel * voxels + voxel). An attractive edge joins the clusters of its ends unless they exclude each other; a repulsive edge makes them
/// exclude each other unless they are one. Labels are numbered from 1 in order of their first voxel; 0 = masked out.
/// </summary>
internal static class SequentialMutexWatershed
{
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
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, CancellationToken cancellation = default) =>
        Segment(weights.Span, (depth, height, width), options ?? new MutexWatershedOptions(), isPriority: false, mask.Span, seeds.Span, cancellation);

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
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, CancellationToken cancellation = default) =>
        Segment(priorities.Span, (depth, height, width), options ?? new MutexWatershedOptions(), isPriority: true, mask.Span, seeds.Span, cancellation);

    /// <summary>Segments any graph; see <see cref="MutexGraph"/> for the signs and the order of equal priorities.</summary>
    /// <param name="graph">Nodes, edges and known mutexes.</param>
    /// <param name="cancellation">Stops between batches of edges.</param>
    /// <returns>A label per node, numbered from 1 in order of the first node.</returns>
    /// <exception cref="ArgumentException">A length, a node or a priority is out of range.</exception>
    public static int[] FromGraph(MutexGraph graph, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        graph.Validate();
        return MutexWatershedSequential.OfEdges(graph.Nodes, graph.ToEdges(), (uint)graph.AttractivePriorities.Length, graph.Seeds.Span, cancellation);
    }

    private static int[] Segment(
        ReadOnlySpan<float> values, (int Depth, int Height, int Width) extents, MutexWatershedOptions options, bool isPriority, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        CancellationToken cancellation)
    {
        var graph = new GridGraph(values.Length, extents.Depth, extents.Height, extents.Width, options, mask.Length, seeds.Length);
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        var refused = MutexWatershedSequential.FromWeights(graph.ToGrid(isPriority), values, mask, seeds, labels, cancellation);
        return refused < 0 ? labels : throw graph.NotFinite(refused, values[(int)refused]);
    }
}
