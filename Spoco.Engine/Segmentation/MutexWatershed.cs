using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mutex Watershed (Wolf et al., ECCV 2018), exact and parallel: all edges are processed by descending priority, equal ones by ascending edge id
/// (channel * voxels + voxel). An attractive edge joins the clusters of its ends unless they exclude each other; a repulsive edge makes them
/// exclude each other unless they are one. Labels are numbered from 1 in order of their first voxel; 0 = masked out. The labels are those of
/// <see cref="SequentialMutexWatershed"/> on every device, whatever the number of threads; docs/mutex-watershed.md says how and why. Specks are
/// removed by <see cref="SizeFloor"/>.
/// </summary>
public static class MutexWatershed
{
    /// <summary>Segments pixel embeddings: the weights of <see cref="Affinities"/>, then as from affinities.</summary>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
    /// <param name="mask">Foreground: voxels that are 0 here get label 0 and no edge.</param>
    /// <param name="seeds">Given segments: voxels of one seed start as one, different seeds never join. 0 = no seed.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">
    /// The mask has other extents, an embedding is not finite, an option is out of range, or there are more than 2^30 voxels.
    /// </exception>
    public static Volume<int> FromEmbeddings(
        Volume<float> embeddings, MutexWatershedOptions? options = null, Volume<byte>? mask = null, Volume<int>? seeds = null,
        ComputeDevice? device = null, CancellationToken cancellation = default) =>
        Segment(embeddings, options, mask, seeds, new MutexRun(device), cancellation);

    /// <summary>
    /// Segments given edge weights: 0 = attractive (same object), 1 = repulsive (different objects), in every channel. Priority of an attractive
    /// edge: reference - w; of a repulsive one: w + bias; both in float32.
    /// </summary>
    /// <param name="weights">[C, D, H, W], one channel per offset: the weight of edge (i, i + offset) at voxel i. Values of edges that leave the
    /// image or the mask are not read.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets, priorities, strides; SPOCO's defaults where null.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="seeds">[D, H, W]; given segments: voxels of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">
    /// Lengths do not fit the extents, the weight of an edge is not within 0 to 1 (up to rounding) or not a number, or an option is out of range.
    /// </exception>
    public static int[] FromAffinities(
        ReadOnlyMemory<float> weights, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, ComputeDevice? device = null,
        CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        new GridGraph(weights.Length, depth, height, width, options, mask.Length, seeds.Length).CheckRange(weights.Span, mask.Span);
        return Segment(weights, (depth, height, width), options, isPriority: false, mask, seeds, new MutexRun(device), cancellation);
    }

    /// <summary>Segments given priorities: larger = earlier, for attractive and repulsive edges alike. Weights are taken as they are.</summary>
    /// <param name="priorities">[C, D, H, W], one channel per offset.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets and strides; the reference and the bias do not apply.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="seeds">[D, H, W]; given segments: voxels of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, a priority is not finite, or an option is out of range.</exception>
    public static int[] FromPriorities(
        ReadOnlyMemory<float> priorities, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, ComputeDevice? device = null,
        CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        return Segment(priorities, (depth, height, width), options, isPriority: true, mask, seeds, new MutexRun(device), cancellation);
    }

    /// <summary>
    /// Segments any graph. Priorities: larger = earlier, for both kinds (for weights with 0 = attractive, 1 = repulsive hand over 1 - w and w).
    /// </summary>
    /// <param name="graph">Nodes, edges and known mutexes.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>A label per node, numbered from 1 in order of the first node.</returns>
    /// <exception cref="ArgumentException">A length, a node or a priority is out of range, or there are more than 2^30 nodes.</exception>
    public static int[] FromGraph(MutexGraph graph, ComputeDevice? device = null, CancellationToken cancellation = default) =>
        Segment(graph, new MutexRun(device), cancellation);

    /// <summary>Segments embeddings where they lie; see the other overload.</summary>
    /// <param name="embeddings">[D, H, W, E], on any device, which computes.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="seeds">[D, H, W]; given segments: voxels of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, an embedding is not finite, or an option is out of range.</exception>
    public static int[] FromEmbeddings(
        DeviceBuffer<float> embeddings, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var offsets = options.Resolve(depth).Offsets.Count;
        var graph = new GridGraph((long)offsets * depth * height * width, depth, height, width, options, mask.Length, seeds.Length);
        if (graph.Voxels == 0)
            return [];
        var dimensions = Dimensions(embeddings, graph, depth, height, width);
        CheckSeeds(seeds.Span);
        var grid = graph.ToParallelGrid(isPriority: false);
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        using var solver = MutexWatershedChooser.Open(new MutexRun(embeddings.Device), cancellation);
        RequireFinite(solver.FromEmbeddings(grid, embeddings, dimensions, 2 * options.PushMargin, mask.Span, seeds.Span, labels), dimensions, embeddings, (depth, height, width));
        return labels;
    }

    /// <summary>
    /// Segments edge weights where they lie: 0 = attractive, 1 = repulsive; see the other overload. That they are within that range is not checked
    /// here.
    /// </summary>
    /// <param name="weights">[C, D, H, W], on any device, which computes.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets, priorities, strides; SPOCO's defaults where null.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="seeds">[D, H, W]; given segments: voxels of one seed start as one, different seeds never join. 0 = no seed. Empty: none.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, a weight is not finite, or an option is out of range.</exception>
    public static int[] FromAffinities(
        DeviceBuffer<float> weights, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ReadOnlyMemory<int> seeds = default, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var graph = new GridGraph(weights.Length, depth, height, width, options, mask.Length, seeds.Length);
        CheckSeeds(seeds.Span);
        var grid = graph.ToParallelGrid(isPriority: false);
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        using var solver = MutexWatershedChooser.Open(new MutexRun(weights.Device), cancellation);
        var refused = solver.FromWeights(grid, weights, mask.Span, seeds.Span, labels);
        if (refused >= 0)
            throw graph.NotFinite(refused, weights.Slice(refused, 1).ToArray()[0]);
        return labels;
    }

    /// <summary>Segments embeddings on their device, and leaves the labels there. The host reads a few numbers per round, and the edges of a contracted graph at the end.</summary>
    /// <param name="embeddings">[D, H, W, E], on any device, which computes.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="labels">[D, H, W], on the same device; receives the labels. Undefined after an exception.</param>
    /// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
    /// <param name="mask">[D, H, W], on the same device; voxels that are 0 here get label 0 and no edge. Without memory: no mask.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <exception cref="ArgumentException">
    /// Lengths do not fit the extents, a buffer is on another device, an embedding is not finite, or an option is out of range.
    /// </exception>
    public static void FromEmbeddings(
        DeviceBuffer<float> embeddings, int depth, int height, int width, DeviceBuffer<int> labels, MutexWatershedOptions? options = null,
        DeviceBuffer<byte> mask = default, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var offsets = options.Resolve(depth).Offsets.Count;
        var graph = new GridGraph((long)offsets * depth * height * width, depth, height, width, options, mask.Length);
        var dimensions = Dimensions(embeddings, graph, depth, height, width);
        RequireThere(embeddings, graph, labels, mask);
        if (graph.Voxels == 0)
            return;
        var grid = graph.ToParallelGrid(isPriority: false);
        using var solver = MutexWatershedChooser.Open(new MutexRun(embeddings.Device), cancellation);
        RequireFinite(solver.FromEmbeddings(grid, embeddings, dimensions, 2 * options.PushMargin, mask, labels), dimensions, embeddings, (depth, height, width));
    }

    /// <summary>
    /// Segments edge weights on their device, and leaves the labels there: 0 = attractive, 1 = repulsive. That they are within that range is not checked here.
    /// </summary>
    /// <param name="weights">[C, D, H, W], on any device, which computes.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="labels">[D, H, W], on the same device; receives the labels. Undefined after an exception.</param>
    /// <param name="options">Offsets, priorities, strides; SPOCO's defaults where null.</param>
    /// <param name="mask">[D, H, W], on the same device; voxels that are 0 here get label 0 and no edge. Without memory: no mask.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <exception cref="ArgumentException">
    /// Lengths do not fit the extents, a buffer is on another device, a weight is not finite, or an option is out of range.
    /// </exception>
    public static void FromAffinities(
        DeviceBuffer<float> weights, int depth, int height, int width, DeviceBuffer<int> labels, MutexWatershedOptions? options = null,
        DeviceBuffer<byte> mask = default, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var graph = new GridGraph(weights.Length, depth, height, width, options, mask.Length);
        RequireThere(weights, graph, labels, mask);
        if (graph.Voxels == 0)
            return;
        var grid = graph.ToParallelGrid(isPriority: false);
        using var solver = MutexWatershedChooser.Open(new MutexRun(weights.Device), cancellation);
        var refused = solver.FromWeights(grid, weights, mask, labels);
        if (refused >= 0)
            throw graph.NotFinite(refused, weights.Slice(refused, 1).ToArray()[0]);
    }

    internal static Volume<int> Segment(
        Volume<float> embeddings, MutexWatershedOptions? options, Volume<byte>? mask, Volume<int>? seeds, MutexRun run,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        options ??= new MutexWatershedOptions();
        if (mask is not null && (!mask.HasExtentsOf(embeddings) || mask.Channels != 1))
            throw new ArgumentException($"MutexWatershed: the mask ({mask}) does not fit the embeddings ({embeddings}).");
        if (seeds is not null && (!seeds.HasExtentsOf(embeddings) || seeds.Channels != 1))
            throw new ArgumentException($"MutexWatershed: the seeds ({seeds}) do not fit the embeddings ({embeddings}).");
        if (MutexSeeds.Count(seeds?.Data) > MutexSeeds.Maximum)
            return SequentialMutexWatershed.FromEmbeddings(embeddings, options, mask, seeds, cancellation);
        var (depth, height, width) = (embeddings.Depth, embeddings.Height, embeddings.Width);
        var offsets = options.Resolve(depth).Offsets.Count;
        var graph = new GridGraph((long)offsets * embeddings.VoxelCount, depth, height, width, options, mask?.Data.Length ?? 0);
        var grid = graph.ToParallelGrid(isPriority: false);
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        using var solver = MutexWatershedChooser.Open(run, cancellation);
        var refused = solver.FromEmbeddings(
            grid, embeddings.Data, embeddings.Channels, 2 * options.PushMargin, mask?.Data, seeds?.Data, labels);
        if (refused >= 0)
            throw Affinities.NotFinite(embeddings, refused);
        return new Volume<int>(labels, depth, height, width) { VoxelSize = embeddings.VoxelSize };
    }

    internal static int[] Segment(
        ReadOnlyMemory<float> weights, (int Depth, int Height, int Width) extents, MutexWatershedOptions options, bool isPriority,
        ReadOnlyMemory<byte> mask, ReadOnlyMemory<int> seeds, MutexRun run, CancellationToken cancellation)
    {
        var (depth, height, width) = extents;
        var graph = new GridGraph(weights.Length, depth, height, width, options, mask.Length, seeds.Length);
        if (MutexSeeds.Count(seeds.Span) > MutexSeeds.Maximum)
            return isPriority
                ? SequentialMutexWatershed.FromPriorities(weights, depth, height, width, options, mask, seeds, cancellation)
                : SequentialMutexWatershed.FromAffinities(weights, depth, height, width, options, mask, seeds, cancellation);
        var grid = graph.ToParallelGrid(isPriority);
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        using var solver = MutexWatershedChooser.Open(run, cancellation);
        var refused = solver.FromWeights(grid, weights.Span, mask.Span, seeds.Span, labels);
        if (refused >= 0)
            throw graph.NotFinite(refused, weights.Span[(int)refused]);
        return labels;
    }

    internal static int[] Segment(MutexGraph graph, MutexRun run, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(graph);
        graph.Validate();
        MutexNodes.Require(graph.Nodes);
        if (MutexSeeds.Count(graph.Seeds.Span) > MutexSeeds.Maximum)
            return SequentialMutexWatershed.FromGraph(graph, cancellation);
        var labels = new int[graph.Nodes];
        using var solver = MutexWatershedChooser.Open(run, cancellation);
        solver.FromEdges(graph.Nodes, graph.ToEdges(), (uint)graph.AttractivePriorities.Length, graph.Seeds.Span, labels);
        return labels;
    }

    private static int Dimensions(DeviceBuffer<float> embeddings, GridGraph graph, int depth, int height, int width)
    {
        if (graph.Voxels > 0 && (embeddings.Length == 0 || embeddings.Length % graph.Voxels != 0))
            throw new ArgumentException($"MutexWatershed: {embeddings.Length} values do not fill [{depth}, {height}, {width}, E].");
        return graph.Voxels == 0 ? 0 : (int)(embeddings.Length / graph.Voxels);
    }

    private static void RequireFinite(long refused, int dimensions, DeviceBuffer<float> embeddings, (int Depth, int Height, int Width) extents)
    {
        if (refused >= 0)
            throw Affinities.NotFinite(
                refused, dimensions, embeddings.Slice(refused, 1).ToArray()[0], $"{extents.Depth}x{extents.Height}x{extents.Width}x{dimensions}");
    }

    private static void RequireThere(DeviceBuffer<float> values, GridGraph graph, DeviceBuffer<int> labels, DeviceBuffer<byte> mask)
    {
        if (labels.Length != graph.Voxels)
            throw new ArgumentException($"MutexWatershed: {labels.Length} labels do not fit an image of {graph.Voxels} voxels.");
        if (graph.Voxels > 0 && (labels.Device != values.Device || (!mask.IsNull && mask.Device != values.Device)))
            throw new ArgumentException($"MutexWatershed: labels and mask must be on the device of the values, {values.Device.Name}.");
    }

    // Each seed excludes every other: what lies in host memory is left to the sequential rule where that is too much.
    private static void CheckSeeds(ReadOnlySpan<int> seeds)
    {
        if (MutexSeeds.Count(seeds) is var count && count > MutexSeeds.Maximum)
            throw new ArgumentException(
                $"MutexWatershed: {count} seeds are more than a device takes ({MutexSeeds.Maximum}); hand over weights in host memory.");
    }
}
