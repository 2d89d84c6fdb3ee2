using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Mutex Watershed (Wolf et al., ECCV 2018), exact and parallel: all edges are processed by descending priority, equal priorities by ascending edge id
/// (channel * voxels + voxel). An attractive edge joins the clusters of its ends unless they exclude each other; a repulsive edge makes them
/// exclude each other unless they are one. Labels are numbered from 1 in order of their first voxel; 0 = masked out. The labels are those of
/// <see cref="SequentialMutexWatershed"/> on every device, whatever the number of threads; docs/mutex-watershed.md says how and why.
/// </summary>
public static class MutexWatershed
{
    /// <summary>Segments pixel embeddings: the weights of <see cref="Affinities"/>, then as <see cref="FromAffinities"/>.</summary>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
    /// <param name="mask">Foreground: voxels that are 0 here get label 0 and no edge.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">The mask has other extents, an embedding is not finite, or an option is out of range.</exception>
    public static Volume<int> FromEmbeddings(
        Volume<float> embeddings, MutexWatershedOptions? options = null, Volume<byte>? mask = null, ComputeDevice? device = null,
        CancellationToken cancellation = default) =>
        Segment(embeddings, options, mask, device, null, cancellation);

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
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, a weight is not finite, or an option is out of range.</exception>
    public static int[] FromAffinities(
        ReadOnlyMemory<float> weights, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var graph = new GridGraph(weights.Length, depth, height, width, options, mask.Length);
        return FromWeights(graph, graph.ToGrid(options, isPriority: false), weights.Span, mask.Span, device, cancellation);
    }

    /// <summary>Segments given priorities: larger = earlier, for attractive and repulsive edges alike. Weights are taken as they are.</summary>
    /// <param name="priorities">[C, D, H, W], one channel per offset.</param>
    /// <param name="depth">Slices; 1 for an image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Offsets and strides; the reference and the bias do not apply.</param>
    /// <param name="mask">[D, H, W]; voxels that are 0 here get label 0 and no edge. Empty: no mask.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>Labels, [D, H, W].</returns>
    /// <exception cref="ArgumentException">Lengths do not fit the extents, a priority is not finite, or an option is out of range.</exception>
    public static int[] FromPriorities(
        ReadOnlyMemory<float> priorities, int depth, int height, int width, MutexWatershedOptions? options = null,
        ReadOnlyMemory<byte> mask = default, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        options ??= new MutexWatershedOptions();
        var graph = new GridGraph(priorities.Length, depth, height, width, options, mask.Length);
        return FromWeights(graph, graph.ToGrid(options, isPriority: true), priorities.Span, mask.Span, device, cancellation);
    }

    /// <summary>
    /// Segments any graph. Priorities: larger = earlier, for both kinds (for weights with 0 = attractive, 1 = repulsive hand over 1 - w and w).
    /// </summary>
    /// <param name="graph">Nodes, edges and known mutexes.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between phases.</param>
    /// <returns>A label per node, numbered from 1 in order of the first node.</returns>
    /// <exception cref="ArgumentException">A length, a node or a priority is out of range.</exception>
    public static int[] FromGraph(MutexGraph graph, ComputeDevice? device = null, CancellationToken cancellation = default) =>
        Segment(graph, device, null, cancellation);

    internal static Volume<int> Segment(
        Volume<float> embeddings, MutexWatershedOptions? options, Volume<byte>? mask, ComputeDevice? device, MutexTrace? trace,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        options ??= new MutexWatershedOptions();
        if (mask is not null && (!mask.HasExtentsOf(embeddings) || mask.Channels != 1))
            throw new ArgumentException($"MutexWatershed: the mask ({mask}) does not fit the embeddings ({embeddings}).");
        var (depth, height, width) = (embeddings.Depth, embeddings.Height, embeddings.Width);
        var offsets = options.Resolve(depth).Offsets.Count;
        var graph = new GridGraph((long)offsets * embeddings.VoxelCount, depth, height, width, options, mask?.Data.Length ?? 0);
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        var (host, opened) = Host(device);
        using (opened)
        using (var solver = new MutexWatershedHost(host, SequentialMutexWatershed.Finish, trace, cancellation))
        {
            var refused = solver.FromEmbeddings(
                graph.ToGrid(options, isPriority: false), embeddings.Data, embeddings.Channels, 2 * options.PushMargin, mask?.Data, labels);
            if (refused >= 0)
                throw Affinities.NotFinite(embeddings, refused);
        }

        return new Volume<int>(labels, depth, height, width) { VoxelSize = embeddings.VoxelSize };
    }

    internal static int[] Segment(MutexGraph graph, ComputeDevice? device, MutexTrace? trace, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(graph);
        graph.Validate();
        var labels = new int[graph.Nodes];
        var (host, opened) = Host(device);
        using (opened)
        using (var solver = new MutexWatershedHost(host, SequentialMutexWatershed.Finish, trace, cancellation))
            solver.FromEdges(graph.Nodes, graph.ToEdges(), (uint)graph.AttractivePriorities.Length, labels);
        return labels;
    }

    private static int[] FromWeights(
        GridGraph graph, MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, ComputeDevice? device, CancellationToken cancellation)
    {
        var labels = GC.AllocateUninitializedArray<int>(graph.Voxels);
        var (host, opened) = Host(device);
        using (opened)
        using (var solver = new MutexWatershedHost(host, SequentialMutexWatershed.Finish, null, cancellation))
        {
            var refused = solver.FromWeights(grid, weights, mask, labels);
            if (refused >= 0)
                throw graph.NotFinite(refused, weights[(int)refused]);
        }

        return labels;
    }

    private static (HostDevice Host, HostDevice? Opened) Host(ComputeDevice? device)
    {
        if (device is HostDevice host)
            return (host, null);
        host = (HostDevice)ComputeDevice.Open("cpu");
        return (host, host);
    }
}
