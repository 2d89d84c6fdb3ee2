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
        var there = _scratch.Take<int>(grid.Voxels);
        var refused = FromEmbeddings(grid, embeddings, dimensions, reach, Foreground(mask), Contract(seeds, mask), there);
        if (refused < 0)
            there.CopyTo(labels);
        return refused;
    }

    /// <inheritdoc/>
    public long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, DeviceBuffer<byte> mask, DeviceBuffer<int> labels) =>
        FromEmbeddings(grid, embeddings, dimensions, reach, Foreground(mask), null, labels);

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels) =>
        FromWeights(grid, _scratch.Upload(weights), mask, seeds, labels);

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, ReadOnlySpan<byte> mask, ReadOnlySpan<int> seeds, Span<int> labels)
    {
        var there = _scratch.Take<int>(grid.Voxels);
        var refused = FromWeights(grid, weights, Foreground(mask), Contract(seeds, mask), there);
        if (refused < 0)
            there.CopyTo(labels);
        return refused;
    }

    /// <inheritdoc/>
    public long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, DeviceBuffer<byte> mask, DeviceBuffer<int> labels) =>
        FromWeights(grid, weights, Foreground(mask), null, labels);

    /// <inheritdoc/>
    public void FromEdges(int nodes, ReadOnlySpan<MutexEdge> edges, uint firstRepulsive, ReadOnlySpan<int> seeds, Span<int> labels)
    {
        if (nodes == 0)
            return;
        var contracted = seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, []);
        MutexEdge[] further = contracted is null ? [] : MutexSeeds.Pairs(contracted.Nodes);
        var numbers = new MutexNumbers(_scratch, 0);
        var list = _scratch.Take<MutexEdge>((long)edges.Length + further.Length);
        list.Slice(0, edges.Length).CopyFrom(edges);
        list.Slice(edges.Length, further.Length).CopyFrom(further);
        var map = _scratch.Take<int>(nodes);
        Fill(map, contracted);
        var pairs = Cross(list, map, numbers);
        _scratch.Return(list);
        _run.Trace?.Phase("pairs");
        Look(map, Solve(contracted?.Clusters ?? nodes, pairs, firstRepulsive, numbers));
        map.CopyTo(labels);
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();

    private long FromEmbeddings(
        MutexGrid grid, DeviceBuffer<float> embeddings, int dimensions, float reach, DeviceBuffer<byte> mask, MutexSeeds? seeds, DeviceBuffer<int> labels)
    {
        if (grid.Voxels == 0)
            return -1;
        var numbers = new MutexNumbers(_scratch, grid.Offsets.Length);
        var channels = Channels(grid, mask.Length > 0, reach, dimensions);
        var priorities = _scratch.Take<float>(channels.Length * grid.Voxels);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, ArrayView<MutexChannel>, ArrayView<float>, ArrayView<byte>, ArrayView<float>, ArrayView<uint>>(MutexGridKernels.FromEmbeddings))(
            grid.Voxels, channels.View, embeddings.View, mask.View, priorities.View, numbers.Refused);
        var refused = Solve(grid, channels, priorities, mask, seeds, numbers, labels);
        return refused < 0 ? -1 : refused * dimensions + Array.FindIndex(
            embeddings.Slice(refused * dimensions, dimensions).ToArray(), value => !float.IsFinite(value));
    }

    private long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, DeviceBuffer<byte> mask, MutexSeeds? seeds, DeviceBuffer<int> labels)
    {
        if (grid.Voxels == 0)
            return -1;
        var numbers = new MutexNumbers(_scratch, grid.Offsets.Length);
        var channels = Channels(grid, mask.Length > 0, 0, 0);
        var priorities = _scratch.Take<float>(channels.Length * grid.Voxels);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, ArrayView<MutexChannel>, ArrayView<float>, ArrayView<byte>, ArrayView<float>, ArrayView<uint>>(MutexGridKernels.FromWeights))(
            grid.Voxels, channels.View, weights.View, mask.View, priorities.View, numbers.Refused);
        return Solve(grid, channels, priorities, mask, seeds, numbers, labels);
    }

    // Returns the first voxel or edge that is refused, or -1. What is not finite is known when the numbers are read: until then it does no harm, as edges are what geometry says.
    private long Solve(
        MutexGrid grid, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities, DeviceBuffer<byte> mask, MutexSeeds? seeds, MutexNumbers numbers,
        DeviceBuffer<int> labels)
    {
        // The map of the voxels lies where the labels will be.
        var map = labels;
        var attractive = (long)grid.Attractive * grid.Voxels;
        if (grid.AttractiveShift is null && attractive > 0)
            SubtractFromMaximum(priorities.Slice(0, attractive), numbers);
        Phase("priorities");
        _cancellation.ThrowIfCancellationRequested();
        if (seeds is null)
            ContractGrid(grid, channels, priorities, mask, map, numbers);
        else
            Fill(map, seeds);
        MutexEdge[] further = seeds is null ? [] : MutexSeeds.Pairs(seeds.Seeded);
        var selected = new Selected(_scratch, (int)channels.Length, grid.Voxels);
        var ends = numbers.Crossings((int)channels.Length);
        Compaction.Select(_gpu, new MutexGridCrossings(channels.View, priorities.View, map.View, _scratch.Take<MutexEdge>(0).View), selected, ends);
        numbers.Read();
        if (numbers.FirstRefused >= 0)
            return numbers.FirstRefused;
        var clusters = seeds?.Clusters ?? numbers.Of(numbers.Clusters)[1];
        var crossings = numbers.Of(ends)[^1];
        var edges = _scratch.Take<MutexEdge>((long)crossings + further.Length);
        if (crossings > 0)
            Compaction.Keep(_gpu, new MutexGridCrossings(channels.View, priorities.View, map.View, edges.View), selected);
        if (further.Length > 0)
        {
            edges.Slice(crossings, further.Length).CopyFrom(further);
            ends.Slice(ends.Length - 1, 1).CopyFrom([checked(crossings + further.Length)]);
        }

        selected.Release();
        _scratch.Return(priorities);
        var pairs = MutexPairsSimt.Of<TAtomics>(_scratch, edges, ends, _passes);
        Phase("reduction");
        Look(map, Solve(clusters, pairs, checked((uint)attractive), numbers));
        Phase("labels");
        return -1;
    }

    private void ContractGrid(
        MutexGrid grid, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities, DeviceBuffer<byte> mask, DeviceBuffer<int> map,
        MutexNumbers numbers)
    {
        var tree = new MutexTreeSimt<TAtomics>(_scratch, numbers, grid.Voxels, _passes);
        tree.Grow(grid.Attractive, channels, priorities);
        Phase("forest");
        var contraction = new MutexContractionSimt<TAtomics>(_scratch, tree);
        for (var pass = 0; pass < _passes; pass++)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, int, ArrayView<MutexChannel>, ArrayView<float>, MutexTreeView, MutexContractionView, int, int, TAtomics>(
                MutexGridKernels.Commit))(
                grid.Voxels, grid.Attractive, channels.View, priorities.View, tree.View, contraction.View, pass, pass == _passes - 1 ? 1 : 0, default);
        Phase("exclusions");
        contraction.Contract(channels, mask, map, numbers);
        tree.Release();
        Phase("contraction");
    }

    private DeviceBuffer<int> Solve(int nodes, MutexPairsSimt pairs, uint firstRepulsive, MutexNumbers numbers)
    {
        var maps = new List<DeviceBuffer<int>>();
        var edgesBefore = long.MaxValue;
        while (true)
        {
            var list = pairs.ToList(firstRepulsive, numbers);
            var (attractive, edges) = (numbers.Of(numbers.Pairs)[1], numbers.Of(numbers.Pairs)[2]);
            nodes = maps.Count == 0 ? nodes : numbers.Of(numbers.Clusters)[1];
            var (attracting, excluding) = (list.Slice(0, attractive), list.Slice(attractive, edges - attractive));
            Trace(nodes, attracting, excluding);
            _cancellation.ThrowIfCancellationRequested();
            if (attractive == 0 || edges <= (_run.FinishBelow ?? FinishBelow) || edges > LeastProgress * edgesBefore)
                return Finish(nodes, attractive == 0 ? attracting : list, firstRepulsive, maps);
            edgesBefore = edges;
            var map = _scratch.Take<int>(nodes);
            maps.Add(map);
            Contract(nodes, attracting, excluding, pairs, map, numbers);
            pairs.Release();
            pairs = Cross(list, map, numbers);
            _scratch.Return(list);
            Phase("later reductions");
        }
    }

    // Ends by the sequential rule, and goes back from the nodes of the last round to those of the first.
    private DeviceBuffer<int> Finish(int nodes, DeviceBuffer<MutexEdge> edges, uint firstRepulsive, List<DeviceBuffer<int>> maps)
    {
        var found = _scratch.Upload<int>(_finish(nodes, edges.ToArray(), firstRepulsive));
        Phase("finish");
        for (var round = maps.Count - 1; round >= 0; round--)
        {
            Look(maps[round], found);
            found = maps[round];
        }

        return found;
    }

    private void Contract(
        int nodes, DeviceBuffer<MutexEdge> attractive, DeviceBuffer<MutexEdge> exclusions, MutexPairsSimt pairs, DeviceBuffer<int> map, MutexNumbers numbers)
    {
        var tree = new MutexTreeSimt<TAtomics>(_scratch, numbers, nodes, _passes);
        tree.Grow(attractive);
        Phase("later forests");
        var contraction = new MutexContractionSimt<TAtomics>(_scratch, tree);
        if (exclusions.Length > 0)
        {
            for (var pass = 0; pass < _passes; pass++)
                _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                    Index1D, ArrayView<MutexEdge>, MutexTreeView, ArrayView<ulong>, MutexPairView, int, int, TAtomics>(MutexPairKernels.Commit))(
                    (int)exclusions.Length, exclusions.View, tree.View, contraction.View.Dirty, pairs.View, pass, pass == _passes - 1 ? 1 : 0, default);
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, ArrayView<MutexEdge>, MutexTreeView, ArrayView<MutexEdge>, MutexPairView, ArrayView<byte>>(MutexPairKernels.Block))(
                (int)exclusions.Length, exclusions.View, tree.View, attractive.View, pairs.View, contraction.View.Blocked);
        }

        Phase("later exclusions");
        contraction.Contract(attractive, _scratch.Take<byte>(0), map, numbers);
        tree.Release();
        Phase("later contractions");
    }

    // The edges of a list between different clusters, one per pair.
    private MutexPairsSimt Cross(DeviceBuffer<MutexEdge> list, DeviceBuffer<int> map, MutexNumbers numbers)
    {
        var edges = _scratch.Take<MutexEdge>(list.Length);
        var selected = new Selected(_scratch, 1, IlgpuDevice.Extent(list.Length, "MutexWatershed"));
        var crossings = new MutexCrossings(list.View, map.View, edges.View);
        Compaction.Select(_gpu, crossings, selected, numbers.Crossings(1));
        Compaction.Keep(_gpu, crossings, selected);
        selected.Release();
        return MutexPairsSimt.Of<TAtomics>(_scratch, edges, numbers.Crossings(1), _passes);
    }

    private void SubtractFromMaximum(DeviceBuffer<float> weights, MutexNumbers numbers)
    {
        var count = IlgpuDevice.Extent(weights.Length, "MutexWatershed");
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<uint>>(MutexGridKernels.Maximum))(
            count, weights.View, numbers.Maximum);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<uint>, ArrayView<uint>>(MutexGridKernels.Subtract))(
            count, weights.View, numbers.Maximum, numbers.Refused);
    }

    private void Look(DeviceBuffer<int> map, DeviceBuffer<int> labels) =>
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(MutexContractionKernels.Look))(
            (int)map.Length, map.View, labels.View);

    private void Fill(DeviceBuffer<int> map, MutexSeeds? seeds)
    {
        if (seeds is not null)
            map.CopyFrom(seeds.Map);
        else
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(MutexContractionKernels.Identity))((int)map.Length, map.View);
    }

    private static MutexSeeds? Contract(ReadOnlySpan<int> seeds, ReadOnlySpan<byte> mask) => seeds.IsEmpty ? null : MutexSeeds.Contract(seeds, mask);

    // Kernels take a view of memory that is there, even of no elements.
    private DeviceBuffer<byte> Foreground(ReadOnlySpan<byte> mask) => _scratch.Upload(mask);

    private DeviceBuffer<byte> Foreground(DeviceBuffer<byte> mask) => mask.IsNull ? _scratch.Take<byte>(0) : mask;

    private void Trace(int nodes, DeviceBuffer<MutexEdge> attractive, DeviceBuffer<MutexEdge> exclusions)
    {
        if (_run.Trace is null)
            return;
        var mutexes = exclusions.ToArray().Count(edge => edge.Key == EdgeKey.Mutex);
        _run.Trace.Rounds.Add((nodes, (int)attractive.Length, (int)exclusions.Length - mutexes, mutexes));
    }

    private void Phase(string name)
    {
        if (_run.Trace is null)
            return;
        _gpu.Synchronize();
        _run.Trace.Phase(name);
    }

    // A grid without offsets has one channel all the same, whose edges do not exist: kernels read the extents there.
    private DeviceBuffer<MutexChannel> Channels(MutexGrid grid, bool hasMask, float reach, int dimensions)
    {
        var channels = new MutexChannel[Math.Max(1, grid.Offsets.Length)];
        for (var c = 0; c < channels.Length; c++)
        {
            var attractive = c < grid.Attractive;
            var linear = c < grid.Linear.Length ? grid.Linear[c] : 0;
            var offset = linear != 0 ? grid.Offsets[c] : default;
            channels[c] = new MutexChannel
            {
                Depth = grid.Depth, Height = grid.Height, Width = grid.Width,
                Z = offset.Z, Y = offset.Y, X = offset.X, Linear = linear, Channel = c,
                Scale = !attractive || grid.AttractiveShift is null ? 1 : grid.AttractiveScale,
                Shift = attractive ? grid.AttractiveShift ?? 0 : grid.RepulsiveShift,
                StrideZ = attractive ? 1 : grid.Strides.Z, StrideY = attractive ? 1 : grid.Strides.Y, StrideX = attractive ? 1 : grid.Strides.X,
                IsRandom = !attractive && grid.RandomStrides ? 1 : 0, Seed = grid.Seed,
                Reach = reach, Dimensions = dimensions, HasMask = hasMask ? 1 : 0,
            };
        }

        return _scratch.Upload<MutexChannel>(channels);
    }
}
