using System.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The edges between clusters on an ILGPU device, one per pair; see <see cref="MutexPairsHost"/>. How many there are is known there; the memory is enough for as many as there may be.
/// </summary>
internal sealed class MutexPairsSimt
{
    private readonly DeviceScratch _scratch;
    private readonly DeviceBuffer<MutexEdge> _edges;
    private readonly DeviceBuffer<int> _slots;
    private readonly DeviceBuffer<ulong> _keys;

    private MutexPairsSimt(DeviceScratch scratch, DeviceBuffer<MutexEdge> edges, DeviceBuffer<int> ends)
    {
        (_scratch, _edges) = (scratch, edges);
        var slots = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(16, 2 * edges.Length));
        _slots = scratch.TakeCleared<int>(IlgpuDevice.Extent(slots, "MutexWatershed"));
        _keys = scratch.TakeCleared<ulong>(slots);
        View = new MutexPairView { Edges = _edges.View, Ends = ends.View, Slots = _slots.View, Keys = _keys.View };
    }

    public MutexPairView View { get; }

    /// <summary>Takes over a list of edges in which pairs may repeat.</summary>
    /// <param name="scratch">Memory.</param>
    /// <param name="edges">Room for the edges.</param>
    /// <param name="ends">Ends with their number.</param>
    public static MutexPairsSimt Of<TAtomics>(DeviceScratch scratch, DeviceBuffer<MutexEdge> edges, DeviceBuffer<int> ends)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var pairs = new MutexPairsSimt(scratch, edges, ends);
        if (edges.Length == 0)
            return pairs;
        scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexPairView, TAtomics>(MutexPairKernels.Insert))(
            (int)edges.Length, pairs.View, default);
        if (TAtomics.Passes == 2)
            scratch.Gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexPairView, TAtomics>(MutexPairKernels.RaiseAgain))(
                (int)edges.Length, pairs.View, default);
        return pairs;
    }

    /// <summary>Lists one edge per pair: first those that attract, then the others. Reads the numbers, that of pairs among them.</summary>
    public DeviceBuffer<MutexEdge> ToList(uint firstRepulsive, MutexNumbers numbers)
    {
        var selected = new Selected(_scratch, 2, (int)_slots.Length);
        Compaction.Select(_scratch.Gpu, new MutexStrongest(View, firstRepulsive, _scratch.Take<MutexEdge>(0).View), selected, numbers.Pairs);
        numbers.Read();
        var list = _scratch.Take<MutexEdge>(numbers.Of(numbers.Pairs)[^1]);
        if (list.Length > 0)
            Compaction.Keep(_scratch.Gpu, new MutexStrongest(View, firstRepulsive, list.View), selected);
        selected.Release();
        return list;
    }

    public void Release()
    {
        _scratch.Return(_edges);
        _scratch.Return(_slots);
        _scratch.Return(_keys);
    }
}
