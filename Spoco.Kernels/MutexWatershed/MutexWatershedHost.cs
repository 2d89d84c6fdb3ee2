namespace Spoco.Kernels.Primitives;

/// <summary>Ends the contracted graph by the sequential rule.</summary>
/// <param name="nodes">Number of nodes.</param>
/// <param name="edges">At most one edge per pair of nodes; <see cref="EdgeKey"/> tells their kind.</param>
/// <param name="firstRepulsive">Edges with this id or a larger one are repulsive.</param>
/// <returns>A label per node, numbered from 1 in order of the first node.</returns>
internal delegate int[] MutexFinish(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive);

/// <summary>
/// The parallel Mutex Watershed on the host: rounds that contract what is certain, until so little is left, or a round achieves so little, that the
/// sequential rule is faster.
/// </summary>
internal sealed unsafe class MutexWatershedHost : IDisposable
{
    // Measured: a round over fewer edges takes longer than the sequential rule.
    private const int FinishBelow = 40_000;

    // Measured on a monotone path, whose rounds contract a fifth each.
    private const double LeastProgress = 0.9;

    private readonly HostScratch _scratch;
    private readonly MutexFinish _finish;
    private readonly MutexTrace? _trace;
    private readonly CancellationToken _cancellation;

    /// <summary>A computation on a device.</summary>
    public MutexWatershedHost(HostDevice host, MutexFinish finish, MutexTrace? trace, CancellationToken cancellation)
    {
        _scratch = new HostScratch(host, "MutexWatershed");
        (_finish, _trace, _cancellation) = (finish, trace, cancellation);
    }

    /// <summary>Edges at which the sequential rule takes over.</summary>
    public long Threshold { get; init; } = FinishBelow;

    /// <summary>Segments embeddings, [D, H, W, E].</summary>
    /// <param name="grid">The graph.</param>
    /// <param name="embeddings">The values.</param>
    /// <param name="dimensions">E.</param>
    /// <param name="reach">2 delta_d.</param>
    /// <param name="mask">Voxels that are 0 here get label 0; empty = all count.</param>
    /// <param name="labels">Receives a label per voxel.</param>
    /// <returns>The index of the first value that is not finite, or -1.</returns>
    public long FromEmbeddings(
        MutexGrid grid, ReadOnlySpan<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, Span<int> labels)
    {
        fixed (float* values = embeddings)
        fixed (byte* foreground = mask)
        fixed (int* result = labels)
        {
            var priorities = _scratch.Take<float>((long)grid.Offsets.Length * grid.Voxels);
            var refused = MutexPrioritiesHost.FromEmbeddings(_scratch, grid, values, dimensions, reach, foreground, priorities);
            if (refused < 0)
                Solve(grid, priorities, foreground, result);
            return refused;
        }
    }

    /// <summary>Segments edge weights, [C, D, H, W].</summary>
    /// <returns>The id of the first edge whose priority is not finite, or -1.</returns>
    public long FromWeights(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, Span<int> labels)
    {
        fixed (float* values = weights)
        fixed (byte* foreground = mask)
        fixed (int* result = labels)
        {
            var priorities = _scratch.Take<float>(weights.Length);
            var refused = MutexPrioritiesHost.FromWeights(_scratch, grid, values, foreground, priorities);
            if (refused < 0)
                Solve(grid, priorities, foreground, result);
            return refused;
        }
    }

    /// <summary>Segments a graph given as a list of edges; loops have no effect, and edges may repeat.</summary>
    public void FromEdges(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive, Span<int> labels)
    {
        var pairs = new PairListHost(_scratch, nodes);
        fixed (MutexEdge* list = edges)
        fixed (int* result = labels)
        {
            var source = list;
            _scratch.Run(edges.Length, (from, until, _) =>
            {
                for (var e = from; e < until; e++)
                    if (source[e].U != source[e].V)
                        pairs.Count(source[e].U, source[e].V);
            });
            pairs.Allocate();
            _scratch.Run(edges.Length, (from, until, _) =>
            {
                for (var e = from; e < until; e++)
                    if (source[e].U != source[e].V)
                        pairs.Put(source[e].U, source[e].V, source[e].Key);
            });
            pairs.Merge();
            _trace?.Phase("pairs");
            Solve(nodes, pairs, firstRepulsive, new Span<int>(result, nodes));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();

    private void Solve(MutexGrid grid, float* priorities, byte* mask, int* labels)
    {
        _trace?.Phase("priorities");
        _cancellation.ThrowIfCancellationRequested();
        // The map of the voxels lies where the labels will be.
        var (clusters, pairs) = MutexGridHost.Contract(_scratch, grid, priorities, mask, labels, _trace);
        _scratch.Return(priorities);
        var ofCluster = _scratch.Take<int>(clusters);
        Solve(clusters, pairs, checked((uint)((long)grid.Attractive * grid.Voxels)), new Span<int>(ofCluster, clusters));
        Look(labels, grid.Voxels, ofCluster);
        _trace?.Phase("labels");
    }

    private void Solve(int nodes, PairListHost pairs, uint firstRepulsive, Span<int> labels)
    {
        var maps = new List<(nint Map, int Nodes)>();
        var edgesBefore = long.MaxValue;
        var lists = pairs.ToLists(firstRepulsive);
        while (true)
        {
            _trace?.Rounds.Add((lists.Nodes, lists.AttractiveCount, lists.RepulsiveCount, lists.MutexCount));
            _cancellation.ThrowIfCancellationRequested();
            if (lists.AttractiveCount == 0 || lists.Edges <= Threshold || lists.Edges > LeastProgress * edgesBefore)
                break;
            edgesBefore = lists.Edges;
            var map = _scratch.Take<int>(lists.Nodes);
            maps.Add(((nint)map, lists.Nodes));
            (var clusters, pairs) = new MutexListHost(_scratch, lists, pairs).Contract(map, _trace);
            lists = pairs.ToLists(firstRepulsive);
        }

        pairs.Release();
        var edges = new MutexEdge[lists.AttractiveCount == 0 ? 0 : lists.Edges];
        if (edges.Length > 0)
        {
            new Span<MutexEdge>(lists.Attractive, lists.AttractiveCount).CopyTo(edges);
            new Span<MutexEdge>(lists.Repulsive, lists.RepulsiveCount).CopyTo(edges.AsSpan(lists.AttractiveCount));
            new Span<MutexEdge>(lists.Mutexes, lists.MutexCount).CopyTo(edges.AsSpan(lists.AttractiveCount + lists.RepulsiveCount));
        }

        lists.Release();
        var found = _finish(lists.Nodes, edges, firstRepulsive);
        _trace?.Phase("finish");
        Expand(found, maps, labels);
    }

    // From the nodes of the last round back to those of the first.
    private void Expand(int[] found, List<(nint Map, int Nodes)> maps, Span<int> labels)
    {
        for (var round = maps.Count - 1; round >= 0; round--)
        {
            var map = (int*)maps[round].Map;
            var nodes = maps[round].Nodes;
            fixed (int* above = found)
                Look(map, nodes, above);
            found = new Span<int>(map, nodes).ToArray();
            _scratch.Return(map);
        }

        found.CopyTo(labels);
    }

    private void Look(int* map, int count, int* labels) => _scratch.Run(count, (from, until, _) =>
    {
        for (var i = from; i < until; i++)
            map[i] = map[i] < 0 ? 0 : labels[map[i]];
    });
}
