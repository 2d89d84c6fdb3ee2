using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The edges of an image between different clusters, a row per channel, to be listed between these.</summary>
internal struct MutexGridCrossings(ArrayView<MutexChannel> channels, ArrayView<float> priorities, ArrayView<int> map, ArrayView<MutexEdge> edges) : ICompaction
{
    private ArrayView<MutexChannel> _channels = channels;
    private ArrayView<float> _priorities = priorities;
    private ArrayView<int> _map = map;
    private ArrayView<MutexEdge> _edges = edges;

    /// <inheritdoc/>
    public readonly int Count => _map.IntLength;

    /// <inheritdoc/>
    public readonly bool Includes(int row, int i) =>
        !EdgePriority.IsAbsent(_priorities[(long)row * Count + i]) && _map[i] != _map[i + _channels[row].Linear];

    /// <inheritdoc/>
    public void Keep(int row, int i, int place)
    {
        var edge = (long)row * Count + i;
        var priority = _priorities[edge];
        _edges[place] = new MutexEdge(
            _map[i], _map[i + _channels[row].Linear], EdgePriority.IsMutex(priority) ? EdgeKey.Mutex : EdgeKey.Of(priority, (uint)edge), 0);
    }
}

/// <summary>The edges of a list whose ends are in different clusters, to be listed between these.</summary>
internal struct MutexCrossings(ArrayView<MutexEdge> list, ArrayView<int> map, ArrayView<MutexEdge> edges) : ICompaction
{
    private ArrayView<MutexEdge> _list = list;
    private ArrayView<int> _map = map;
    private ArrayView<MutexEdge> _edges = edges;

    /// <inheritdoc/>
    public readonly int Count => _list.IntLength;

    /// <inheritdoc/>
    public readonly bool Includes(int row, int i) => _list[i].Key != EdgeKey.None && _map[_list[i].U] != _map[_list[i].V];

    /// <inheritdoc/>
    public void Keep(int row, int i, int place)
    {
        var edge = _list[i];
        _edges[place] = new MutexEdge(_map[edge.U], _map[edge.V], edge.Place < 0 ? EdgeKey.Mutex : edge.Key, 0);
    }
}

/// <summary>The edges between clusters on an ILGPU device, as a list of pairs; see <see cref="MutexCrossingsHost"/>.</summary>
internal static class MutexCrossingsSimt
{
    /// <summary>Selects the edges of an image whose ends are in different clusters, and counts them there.</summary>
    public static Selected Select(
        DeviceScratch scratch, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities, DeviceBuffer<int> map, MutexNumbers numbers)
    {
        var selected = new Selected(scratch, (int)channels.Length, (int)map.Length);
        Compaction.Select(
            scratch.Gpu, new MutexGridCrossings(channels.View, priorities.View, map.View, scratch.Take<MutexEdge>(0).View), selected, numbers.Crossings((int)channels.Length));
        return selected;
    }

    /// <summary>Makes pairs of the edges that were selected, once the numbers have been read, and of the exclusions of seeds.</summary>
    public static MutexPairsSimt Of<TAtomics>(
        DeviceScratch scratch, Selected selected, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities, DeviceBuffer<int> map, MutexSeeds? seeds,
        MutexNumbers numbers)
        where TAtomics : unmanaged, IKeyAtomics
    {
        MutexEdge[] further = seeds is null ? [] : MutexSeeds.Pairs(seeds.Seeded);
        var ends = numbers.Crossings((int)channels.Length);
        var crossings = numbers.Of(ends)[^1];
        var edges = scratch.Take<MutexEdge>((long)crossings + further.Length);
        if (crossings > 0)
            Compaction.Keep(scratch.Gpu, new MutexGridCrossings(channels.View, priorities.View, map.View, edges.View), selected);
        if (further.Length > 0)
        {
            edges.Slice(crossings, further.Length).CopyFrom(further);
            ends.Slice(ends.Length - 1, 1).CopyFrom([checked(crossings + further.Length)]);
        }

        selected.Release();
        return MutexPairsSimt.Of<TAtomics>(scratch, edges, ends);
    }

    /// <summary>Makes pairs of the edges of a list whose ends are in different clusters.</summary>
    public static MutexPairsSimt Of<TAtomics>(DeviceScratch scratch, DeviceBuffer<MutexEdge> list, DeviceBuffer<int> map, MutexNumbers numbers)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var edges = scratch.Take<MutexEdge>(list.Length);
        var selected = new Selected(scratch, 1, IlgpuDevice.Extent(list.Length, "MutexWatershed"));
        var crossings = new MutexCrossings(list.View, map.View, edges.View);
        Compaction.Select(scratch.Gpu, crossings, selected, numbers.Crossings(1));
        Compaction.Keep(scratch.Gpu, crossings, selected);
        selected.Release();
        return MutexPairsSimt.Of<TAtomics>(scratch, edges, numbers.Crossings(1));
    }
}
