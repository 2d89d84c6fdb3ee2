using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The parallel Mutex Watershed on an ILGPU device; the rounds are those of <see cref="MutexWatershedHost"/>.</summary>
/// <typeparam name="TAtomics">One pass over 64-bit keys, or two over their halves.</typeparam>
internal sealed class MutexWatershedSimt<TAtomics> : IMutexWatershed where TAtomics : unmanaged, IKeyAtomics
{
    // Below, the launches of a round take longer than the sequential rule.
    private const int FinishBelow = 40_000;

    private readonly DeviceScratch _scratch;
    private readonly IlgpuDevice _gpu;
    private readonly MutexRun _run;
    private readonly CancellationToken _cancellation;

    /// <summary>A computation on a device.</summary>
    public MutexWatershedSimt(IlgpuDevice gpu, MutexRun run, CancellationToken cancellation)
    {
        (_gpu, _run, _cancellation) = (gpu, run, cancellation);
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
        var pairs = MutexCrossingsSimt.Of<TAtomics>(_scratch, list, map, numbers);
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
        var refused = Solve(grid, embeddings, dimensions, reach, mask, seeds, labels);
        return refused < 0 ? -1 : refused * dimensions + Array.FindIndex(
            embeddings.Slice(refused * dimensions, dimensions).ToArray(), value => !float.IsFinite(value));
    }

    private long FromWeights(MutexGrid grid, DeviceBuffer<float> weights, DeviceBuffer<byte> mask, MutexSeeds? seeds, DeviceBuffer<int> labels) =>
        Solve(grid, weights, 0, 0, mask, seeds, labels);

    // Returns the first voxel or edge that is refused, or -1: known when the numbers are read.
    private long Solve(
        MutexGrid grid, DeviceBuffer<float> values, int dimensions, float reach, DeviceBuffer<byte> mask, MutexSeeds? seeds, DeviceBuffer<int> labels)
    {
        if (grid.Voxels == 0)
            return -1;
        var numbers = new MutexNumbers(_scratch, grid.Offsets.Length);
        var channels = _scratch.Upload<MutexChannel>(MutexChannel.Of(grid, mask.Length > 0, reach, dimensions));
        var priorities = _scratch.Take<float>(channels.Length * grid.Voxels);
        MutexPrioritiesSimt.Of(_gpu, grid, channels, values, dimensions, mask, priorities, numbers);
        Phase("priorities");
        _cancellation.ThrowIfCancellationRequested();
        // The map of the voxels lies where the labels will be.
        var map = labels;
        if (seeds is null)
            new MutexRoundSimt<TAtomics>(_scratch, numbers, Phase).Contract(grid, channels, priorities, mask, map);
        else
            Fill(map, seeds);
        var selected = MutexCrossingsSimt.Select(_scratch, channels, priorities, map, numbers);
        numbers.Read();
        if (numbers.FirstRefused >= 0)
            return numbers.FirstRefused;
        var clusters = seeds?.Clusters ?? numbers.Of(numbers.Clusters)[1];
        var pairs = MutexCrossingsSimt.Of<TAtomics>(_scratch, selected, channels, priorities, map, seeds, numbers);
        _scratch.Return(priorities);
        Phase("reduction");
        Look(map, Solve(clusters, pairs, checked((uint)((long)grid.Attractive * grid.Voxels)), numbers));
        Phase("labels");
        return -1;
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
            if (attractive == 0 || edges <= (_run.FinishBelow ?? FinishBelow) || edges > MutexRoundHost.LeastProgress * edgesBefore)
                return Finish(nodes, attractive == 0 ? attracting : list, firstRepulsive, maps);
            edgesBefore = edges;
            var map = _scratch.Take<int>(nodes);
            maps.Add(map);
            new MutexRoundSimt<TAtomics>(_scratch, numbers, Phase).Contract(nodes, attracting, excluding, pairs, map);
            pairs = MutexCrossingsSimt.Of<TAtomics>(_scratch, list, map, numbers);
            _scratch.Return(list);
            Phase("later reductions");
        }
    }

    // Ends by the sequential rule, and goes back from the nodes of the last round to those of the first.
    private DeviceBuffer<int> Finish(int nodes, DeviceBuffer<MutexEdge> edges, uint firstRepulsive, List<DeviceBuffer<int>> maps)
    {
        var found = _scratch.Upload<int>(MutexWatershedSequential.OfEdges(nodes, edges.ToArray(), firstRepulsive));
        Phase("finish");
        for (var round = maps.Count - 1; round >= 0; round--)
        {
            Look(maps[round], found);
            found = maps[round];
        }

        return found;
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
}
