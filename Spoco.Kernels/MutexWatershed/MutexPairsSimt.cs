using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The edges between clusters on an ILGPU device, one per pair; see <see cref="PairListHost"/>.</summary>
internal sealed class MutexPairsSimt
{
    private readonly DeviceScratch _scratch;
    private readonly DeviceBuffer<MutexEdge> _edges;
    private readonly DeviceBuffer<int> _slots;
    private readonly DeviceBuffer<ulong> _keys;

    private MutexPairsSimt(DeviceScratch scratch, DeviceBuffer<MutexEdge> edges)
    {
        (_scratch, _edges) = (scratch, edges);
        var slots = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(16, 2 * edges.Length));
        _slots = scratch.TakeCleared<int>(IlgpuDevice.Extent(slots, "MutexWatershed"));
        _keys = scratch.TakeCleared<ulong>(slots);
        View = new MutexPairView { Edges = _edges.View, Slots = _slots.View, Keys = _keys.View };
    }

    public MutexPairView View { get; }

    /// <summary>Takes over a list of edges in which pairs may repeat.</summary>
    public static MutexPairsSimt Of<TAtomics>(DeviceScratch scratch, DeviceBuffer<MutexEdge> edges, int passes)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var pairs = new MutexPairsSimt(scratch, edges);
        if (edges.Length == 0)
            return pairs;
        scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexPairView>(MutexPairKernels.Insert))((int)edges.Length, pairs.View);
        for (var pass = 0; pass < passes; pass++)
            scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexPairView, int, TAtomics>(MutexPairKernels.Raise))(
                (int)edges.Length, pairs.View, pass, default);
        return pairs;
    }

    /// <summary>The edges of an image whose ends are in different clusters, followed by further ones.</summary>
    public static DeviceBuffer<MutexEdge> Collect(
        DeviceScratch scratch, MutexChannel[] channels, DeviceBuffer<int> map, DeviceBuffer<float> priorities, ReadOnlySpan<MutexEdge> further)
    {
        var length = scratch.Take<int>(1);
        var nothing = scratch.Take<MutexEdge>(1);
        Launch(nothing, 1);
        var count = DeviceScratch.Read(length);
        var edges = scratch.Take<MutexEdge>((long)count + further.Length);
        if (count > 0)
            Launch(edges, 0);
        edges.Slice(count, further.Length).CopyFrom(further);
        scratch.Return(length);
        scratch.Return(nothing);
        return edges;

        void Launch(DeviceBuffer<MutexEdge> target, int countOnly)
        {
            length.Clear();
            foreach (var channel in channels)
                if (channel.Linear != 0 && channel.Voxels > 0)
                    scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                        Index1D, MutexChannel, ArrayView<int>, ArrayView<float>, ArrayView<MutexEdge>, ArrayView<int>, int>(
                        MutexGridKernels.Collect))(
                        DeviceScratch.Pieces(channel.Voxels, MutexTreeKernels.Strip), channel, map.View, priorities.View, target.View, length.View,
                        countOnly);
        }
    }

    /// <summary>The edges of lists whose ends are in different clusters.</summary>
    public static DeviceBuffer<MutexEdge> Collect(DeviceScratch scratch, DeviceBuffer<MutexEdge>[] lists, DeviceBuffer<int> map)
    {
        var length = scratch.Take<int>(1);
        var nothing = scratch.Take<MutexEdge>(1);
        Launch(nothing, 1);
        var count = DeviceScratch.Read(length);
        var edges = scratch.Take<MutexEdge>(count);
        if (count > 0)
            Launch(edges, 0);
        scratch.Return(length);
        scratch.Return(nothing);
        return edges;

        void Launch(DeviceBuffer<MutexEdge> target, int countOnly)
        {
            length.Clear();
            foreach (var list in lists)
                if (list.Length > 0)
                    scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                        Index1D, ArrayView<MutexEdge>, int, ArrayView<int>, ArrayView<MutexEdge>, ArrayView<int>, int>(MutexPairKernels.Map))(
                        DeviceScratch.Pieces(list.Length, MutexTreeKernels.Strip), list.View, (int)list.Length, map.View, target.View, length.View,
                        countOnly);
        }
    }

    /// <summary>The edges by kind: attractive, repulsive, mutexes.</summary>
    public DeviceBuffer<MutexEdge>[] ToLists(uint firstRepulsive)
    {
        var lengths = _scratch.TakeCleared<int>(3);
        var nothing = _scratch.Take<MutexEdge>(1);
        for (var kind = 0; kind < 3; kind++)
            Extract(kind, nothing, 1);
        var lists = Array.ConvertAll(lengths.ToArray(), count => _scratch.Take<MutexEdge>(count));
        lengths.Clear();
        for (var kind = 0; kind < 3; kind++)
            if (lists[kind].Length > 0)
                Extract(kind, lists[kind], 0);
        _scratch.Return(lengths);
        _scratch.Return(nothing);
        return lists;

        void Extract(int kind, DeviceBuffer<MutexEdge> list, int countOnly) => _scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, MutexPairView, uint, int, ArrayView<MutexEdge>, ArrayView<int>, int>(MutexPairKernels.Extract))(
            DeviceScratch.Pieces(_slots.Length, MutexTreeKernels.Strip), View, firstRepulsive, kind, list.View, lengths.View, countOnly);
    }

    public void Release()
    {
        _scratch.Return(_edges);
        _scratch.Return(_slots);
        _scratch.Return(_keys);
    }
}
