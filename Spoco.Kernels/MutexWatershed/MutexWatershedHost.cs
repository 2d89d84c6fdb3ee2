namespace Spoco.Kernels.Primitives;

/// <summary>
/// The parallel Mutex Watershed on the host: rounds that contract what is certain, until so little is left, or a round achieves so little, that the
/// sequential rule is faster.
/// </summary>
internal sealed unsafe class MutexWatershedHost : IMutexWatershed
{
    // Edges below which another round is not worth its fixed costs. Not tuned: both sides of it differ by less than the noise of a timing.
    private const int FinishBelow = 40_000;

    private readonly HostScratch _scratch;
    private readonly HostDevice? _owned;
    private readonly MutexTrace? _trace;
    private readonly CancellationToken _cancellation;
    private readonly long _finishBelow;

    /// <summary>A computation on a device, which is closed at the end where it is owned.</summary>
    public MutexWatershedHost(HostDevice host, bool ownsHost, MutexRun run, CancellationToken cancellation)
    {
        _scratch = new HostScratch(host, "MutexWatershed");
        _owned = ownsHost ? host : null;
        _finishBelow = run.FinishBelow ?? FinishBelow;
        (_trace, _cancellation) = (run.Trace, cancellation);
    }

    /// <inheritdoc/>
    public long FromEmbeddings(
        MutexGrid grid, ReadOnlySpan<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        Span<int> labels)
    {
        fixed (float* values = embeddings)
        fixed (byte* foreground = mask)
        fixed (int* result = labels)
        {
            var priorities = _scratch.Take<float>((long)grid.Offsets.Length * grid.Voxels);
            var refused = MutexPrioritiesHost.FromEmbeddings(_scratch, grid, values, dimensions, reach, foreground, priorities);
            if (refused < 0)
                Solve(grid, priorities, foreground, seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, mask), result);
            return refused;
        }
    }

    /// <inheritdoc/>
    public long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        Span<int> labels) => FromEmbeddings(grid, embeddings.Span, dimensions, reach, mask, seeds, labels);

    /// <inheritdoc/>
    public long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, DeviceBuffer<byte> mask, DeviceBuffer<int> labels) =>
        FromEmbeddings(grid, embeddings.Span, dimensions, reach, mask.Span, [], labels.Span);

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, DeviceBuffer<byte> mask, DeviceBuffer<int> labels) =>
        FromWeights(grid, weights.Span, mask.Span, [], labels.Span);

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels) =>
        FromWeights(grid, weights.Span, mask, seeds, labels);

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels)
    {
        fixed (float* values = weights)
        fixed (byte* foreground = mask)
        fixed (int* result = labels)
        {
            var priorities = _scratch.Take<float>(weights.Length);
            var refused = MutexPrioritiesHost.FromWeights(_scratch, grid, values, foreground, priorities);
            if (refused < 0)
                Solve(grid, priorities, foreground, seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, mask), result);
            return refused;
        }
    }

    /// <inheritdoc/>
    public void FromEdges(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive, ReadOnlySpan<int> seeds, Span<int> labels)
    {
        var contracted = seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, []);
        var clusters = contracted?.Clusters ?? nodes;
        var ofCluster = new int[clusters];
        fixed (MutexEdge* list = edges)
        fixed (int* map = contracted?.Map)
        {
            var pairs = MutexPairsHost.Of(_scratch, clusters, list, edges.Length, map, contracted);
            _trace?.Phase("pairs");
            Solve(clusters, pairs, firstRepulsive, ofCluster);
        }

        for (var i = 0; i < nodes; i++)
            labels[i] = ofCluster[contracted?.Map[i] ?? i];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scratch.Dispose();
        _owned?.Dispose();
    }

    private void Solve(MutexGrid grid, float* priorities, byte* mask, MutexSeeds? seeds, int* labels)
    {
        _trace?.Phase("priorities");
        _cancellation.ThrowIfCancellationRequested();
        // The map of the voxels lies where the labels will be.
        var clusters = seeds?.Clusters ?? MutexRoundHost.Contract(_scratch, grid, priorities, mask, labels, _trace);
        seeds?.Map.CopyTo(new Span<int>(labels, grid.Voxels));
        var pairs = MutexCrossingsHost.Of(_scratch, grid, priorities, labels, clusters, seeds);
        _trace?.Phase("reduction");
        _scratch.Return(priorities);
        var ofCluster = _scratch.Take<int>(clusters);
        Solve(clusters, pairs, checked((uint)((long)grid.Attractive * grid.Voxels)), new Span<int>(ofCluster, clusters));
        Look(labels, grid.Voxels, ofCluster);
        _trace?.Phase("labels");
    }

    private void Solve(int nodes, MutexPairsHost pairs, uint firstRepulsive, Span<int> labels)
    {
        var maps = new List<(nint Map, int Nodes)>();
        var edgesBefore = long.MaxValue;
        var lists = pairs.ToLists(firstRepulsive);
        while (true)
        {
            _trace?.Rounds.Add((lists.Nodes, lists.AttractiveCount, lists.RepulsiveCount, lists.MutexCount));
            _cancellation.ThrowIfCancellationRequested();
            if (lists.AttractiveCount == 0 || lists.Edges <= _finishBelow || lists.Edges > MutexRoundHost.LeastProgress * edgesBefore)
                break;
            edgesBefore = lists.Edges;
            var map = _scratch.Take<int>(lists.Nodes);
            maps.Add(((nint)map, lists.Nodes));
            (var clusters, pairs) = MutexRoundHost.Contract(_scratch, lists, pairs, map, _trace);
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
        var found = MutexWatershedSequential.OfEdges(lists.Nodes, edges, firstRepulsive);
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
