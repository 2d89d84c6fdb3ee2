using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The parallel Mutex Watershed on an ILGPU device; the rounds are those of <see cref="MutexWatershedHost"/>.</summary>
/// <typeparam name="TAtomics">One pass over 64-bit keys, or two over their halves.</typeparam>
internal sealed class MutexWatershedSimt<TAtomics> : IMutexWatershed where TAtomics : unmanaged, IKeyAtomics
{
    // Below, the launches of a round take longer than the sequential rule.
    private const int FinishBelow = 40_000;
    private const double LeastProgress = 0.9;

    private readonly DeviceScratch _scratch;
    private readonly IlgpuDevice _gpu;
    private readonly int _passes;
    private readonly MutexRun _run;
    private readonly MutexFinish _finish;
    private readonly CancellationToken _cancellation;

    /// <summary>A computation on a device.</summary>
    public MutexWatershedSimt(IlgpuDevice gpu, int passes, MutexRun run, MutexFinish finish, CancellationToken cancellation)
    {
        (_gpu, _passes, _run, _finish, _cancellation) = (gpu, passes, run, finish, cancellation);
        _scratch = new DeviceScratch(gpu, "MutexWatershed");
    }

    /// <inheritdoc/>
    public long FromEmbeddings(
        MutexGrid grid, ReadOnlySpan<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        Span<int> labels) => FromEmbeddings(grid, _scratch.Upload(embeddings), dimensions, reach, mask, seeds, labels);

    /// <inheritdoc/>
    public long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds,
        Span<int> labels)
    {
        if (grid.Voxels == 0)
            return -1;
        var refused = _scratch.Upload([uint.MaxValue]);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<float>, ArrayView<uint>>(MutexGridKernels.CheckEmbedding))(
            grid.Voxels, dimensions, embeddings.View, refused.View);
        if (DeviceScratch.Read(refused) is var voxel && voxel != uint.MaxValue)
            return (long)voxel * dimensions
                + Array.FindIndex(embeddings.Slice((long)voxel * dimensions, dimensions).ToArray(), value => !float.IsFinite(value));
        var channels = Channels(grid, !mask.IsEmpty, reach, dimensions);
        var foreground = Foreground(mask);
        var priorities = _scratch.Take<float>((long)channels.Length * grid.Voxels);
        foreach (var channel in channels)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, MutexChannel, ArrayView<float>, ArrayView<byte>, ArrayView<float>>(MutexGridKernels.FromEmbeddings))(
                grid.Voxels, channel, embeddings.View, foreground.View, priorities.View);
        Solve(grid, channels, priorities, foreground, mask, seeds, refused, labels);
        return -1;
    }

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels) =>
        FromWeights(grid, _scratch.Upload(weights), mask, seeds, labels);

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels)
    {
        if (grid.Voxels == 0)
            return -1;
        var refused = _scratch.Upload([uint.MaxValue]);
        var channels = Channels(grid, !mask.IsEmpty, 0, 0);
        var foreground = Foreground(mask);
        var priorities = _scratch.Take<float>(weights.Length);
        foreach (var channel in channels)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, MutexChannel, ArrayView<float>, ArrayView<byte>, ArrayView<float>, ArrayView<uint>>(MutexGridKernels.FromWeights))(
                grid.Voxels, channel, weights.View, foreground.View, priorities.View, refused.View);
        if (DeviceScratch.Read(refused) is var edge && edge != uint.MaxValue)
            return edge;
        return Solve(grid, channels, priorities, foreground, mask, seeds, refused, labels);
    }

    /// <inheritdoc/>
    public void FromEdges(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive, ReadOnlySpan<int> seeds, Span<int> labels)
    {
        if (nodes == 0)
            return;
        var contracted = seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, []);
        var map = Map(nodes, contracted);
        var collected = MutexPairsSimt.Collect(
            _scratch, [_scratch.Upload(edges), _scratch.Upload<MutexEdge>(contracted is null ? [] : MutexSeeds.Pairs(contracted.Nodes))], map);
        _run.Trace?.Phase("pairs");
        var found = Solve(contracted?.Clusters ?? nodes, MutexPairsSimt.Of<TAtomics>(_scratch, collected, _passes), firstRepulsive);
        Look(map, found);
        map.CopyTo(labels);
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();

    private long Solve(
        MutexGrid grid, MutexChannel[] channels, DeviceBuffer<float> priorities, DeviceBuffer<byte> foreground, ReadOnlySpan<byte> mask,
        ReadOnlySpan<int> seeds, DeviceBuffer<uint> refused, Span<int> labels)
    {
        if (grid.AttractiveShift is null && SubtractFromMaximum(channels.AsSpan(0, grid.Attractive), priorities, refused) is >= 0 and var edge)
            return edge;
        Phase("priorities");
        var contracted = seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, mask);
        var map = contracted is null ? _scratch.Take<int>(grid.Voxels) : Map(grid.Voxels, contracted);
        var clusters = contracted?.Clusters ?? ContractGrid(grid, channels, priorities, foreground, map);
        var edges = MutexPairsSimt.Collect(_scratch, channels, map, priorities, contracted is null ? [] : MutexSeeds.Pairs(contracted.Seeded));
        _scratch.Return(priorities);
        var pairs = MutexPairsSimt.Of<TAtomics>(_scratch, edges, _passes);
        Phase("reduction");
        var found = Solve(clusters, pairs, checked((uint)((long)grid.Attractive * grid.Voxels)));
        Look(map, found);
        map.CopyTo(labels);
        Phase("labels");
        return -1;
    }

    private int ContractGrid(
        MutexGrid grid, MutexChannel[] channels, DeviceBuffer<float> priorities, DeviceBuffer<byte> foreground, DeviceBuffer<int> map)
    {
        var linear = _scratch.Upload<int>(grid.Linear);
        var tree = new MutexTreeSimt<TAtomics>(_scratch, grid.Voxels, _passes);
        tree.Grow(channels[..grid.Attractive], linear, priorities);
        Phase("forest");
        var contraction = new MutexContractionSimt<TAtomics>(_scratch, tree, _passes);
        for (var pass = 0; pass < _passes; pass++)
            foreach (var channel in channels.AsSpan(grid.Attractive))
                _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                    Index1D, MutexChannel, ArrayView<float>, MutexTreeView, ArrayView<ulong>, ArrayView<byte>, int, int, TAtomics>(
                    MutexGridKernels.Commit))(
                    grid.Voxels, channel, priorities.View, tree.View, contraction.Dirty.View, contraction.Blocked.View, pass,
                    pass == _passes - 1 ? 1 : 0, default);
        Phase("exclusions");
        var clusters = contraction.Contract(linear, foreground, map);
        tree.Release();
        Phase("contraction");
        return clusters;
    }

    private DeviceBuffer<int> Solve(int nodes, MutexPairsSimt pairs, uint firstRepulsive)
    {
        var maps = new List<DeviceBuffer<int>>();
        var edgesBefore = long.MaxValue;
        var lists = pairs.ToLists(firstRepulsive);
        while (true)
        {
            var edges = lists.Sum(list => list.Length);
            _run.Trace?.Rounds.Add((nodes, (int)lists[0].Length, (int)lists[1].Length, (int)lists[2].Length));
            _cancellation.ThrowIfCancellationRequested();
            if (lists[0].Length == 0 || edges <= (_run.FinishBelow ?? FinishBelow) || edges > LeastProgress * edgesBefore)
                break;
            edgesBefore = edges;
            var map = _scratch.Take<int>(nodes);
            maps.Add(map);
            nodes = Contract(nodes, lists, pairs, map);
            var collected = MutexPairsSimt.Collect(_scratch, lists, map);
            foreach (var list in lists)
                _scratch.Return(list);
            pairs.Release();
            pairs = MutexPairsSimt.Of<TAtomics>(_scratch, collected, _passes);
            lists = pairs.ToLists(firstRepulsive);
            Phase("later reductions");
        }

        var rest = lists[0].Length == 0 ? [] : lists.SelectMany(list => list.ToArray()).ToArray();
        var found = _scratch.Upload<int>(_finish(nodes, rest, firstRepulsive));
        Phase("finish");
        for (var round = maps.Count - 1; round >= 0; round--)
        {
            Look(maps[round], found);
            found = maps[round];
        }

        return found;
    }

    private int Contract(int nodes, DeviceBuffer<MutexEdge>[] lists, MutexPairsSimt pairs, DeviceBuffer<int> map)
    {
        var tree = new MutexTreeSimt<TAtomics>(_scratch, nodes, _passes);
        tree.Grow(lists[0]);
        Phase("later forests");
        var contraction = new MutexContractionSimt<TAtomics>(_scratch, tree, _passes);
        for (var pass = 0; pass < _passes; pass++)
            for (var kind = 1; kind < 3; kind++)
                if (lists[kind].Length > 0)
                    _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                        Index1D, ArrayView<MutexEdge>, int, MutexTreeView, ArrayView<ulong>, MutexPairView, int, int, TAtomics>(
                        MutexPairKernels.Commit))(
                        (int)lists[kind].Length, lists[kind].View, kind - 1, tree.View, contraction.Dirty.View, pairs.View, pass,
                        pass == _passes - 1 ? 1 : 0, default);
        for (var kind = 1; kind < 3; kind++)
            if (lists[kind].Length > 0)
                _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                    Index1D, ArrayView<MutexEdge>, MutexTreeView, ArrayView<MutexEdge>, MutexPairView, ArrayView<byte>>(MutexPairKernels.Block))(
                    (int)lists[kind].Length, lists[kind].View, tree.View, lists[0].View, pairs.View, contraction.Blocked.View);
        Phase("later exclusions");
        var clusters = contraction.Contract(lists[0], map);
        tree.Release();
        Phase("later contractions");
        return clusters;
    }

    private long SubtractFromMaximum(ReadOnlySpan<MutexChannel> attractive, DeviceBuffer<float> weights, DeviceBuffer<uint> refused)
    {
        var maximum = _scratch.TakeCleared<uint>(1);
        foreach (var channel in attractive)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexChannel, ArrayView<float>, ArrayView<uint>>(
                MutexGridKernels.Maximum))(
                channel.Voxels, channel, weights.View, maximum.View);
        var largest = EdgeKey.Priority((ulong)DeviceScratch.Read(maximum) << 32);
        foreach (var channel in attractive)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexChannel, float, ArrayView<float>, ArrayView<uint>>(
                MutexGridKernels.Subtract))(channel.Voxels, channel, largest, weights.View, refused.View);
        return DeviceScratch.Read(refused) is var edge && edge == uint.MaxValue ? -1 : edge;
    }

    private void Look(DeviceBuffer<int> map, DeviceBuffer<int> labels) =>
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(MutexContractionKernels.Look))(
            (int)map.Length, map.View, labels.View);

    private DeviceBuffer<int> Map(int nodes, MutexSeeds? seeds)
    {
        if (seeds is not null)
            return _scratch.Upload<int>(seeds.Map);
        var map = _scratch.Take<int>(nodes);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(MutexContractionKernels.Identity))(nodes, map.View);
        return map;
    }

    private DeviceBuffer<byte> Foreground(ReadOnlySpan<byte> mask) => mask.IsEmpty ? _scratch.Take<byte>(1).Slice(0, 0) : _scratch.Upload(mask);

    private void Phase(string name)
    {
        if (_run.Trace is null)
            return;
        _gpu.Synchronize();
        _run.Trace.Phase(name);
    }

    private static MutexChannel[] Channels(MutexGrid grid, bool hasMask, float reach, int dimensions)
    {
        var channels = new MutexChannel[grid.Offsets.Length];
        for (var c = 0; c < channels.Length; c++)
        {
            var (offset, attractive) = (grid.Offsets[c], c < grid.Attractive);
            var fits = grid.Linear[c] != 0;
            channels[c] = new MutexChannel
            {
                Depth = grid.Depth, Height = grid.Height, Width = grid.Width,
                Z = fits ? offset.Z : 0, Y = fits ? offset.Y : 0, X = fits ? offset.X : 0, Linear = grid.Linear[c], Channel = c,
                Scale = !attractive || grid.AttractiveShift is null ? 1 : grid.AttractiveScale,
                Shift = attractive ? grid.AttractiveShift ?? 0 : grid.RepulsiveShift,
                StrideZ = attractive ? 1 : grid.Strides.Z, StrideY = attractive ? 1 : grid.Strides.Y, StrideX = attractive ? 1 : grid.Strides.X,
                IsRandom = !attractive && grid.RandomStrides ? 1 : 0, Seed = grid.Seed,
                Reach = reach, Dimensions = dimensions, HasMask = hasMask ? 1 : 0,
            };
        }

        return channels;
    }
}
