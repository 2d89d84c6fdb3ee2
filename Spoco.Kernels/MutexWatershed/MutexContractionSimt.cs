using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The second half of a round on an ILGPU device; see <see cref="MutexContractionHost"/>.</summary>
internal sealed class MutexContractionSimt<TAtomics> where TAtomics : unmanaged, IKeyAtomics
{
    private readonly DeviceScratch _scratch;
    private readonly IlgpuDevice _gpu;
    private readonly MutexTreeSimt<TAtomics> _tree;
    private readonly int _passes;

    public MutexContractionSimt(DeviceScratch scratch, MutexTreeSimt<TAtomics> tree, int passes)
    {
        (_scratch, _gpu, _tree, _passes) = (scratch, scratch.Gpu, tree, passes);
        Dirty = scratch.TakeCleared<ulong>(tree.Nodes);
        Blocked = scratch.TakeCleared<byte>(tree.Leaves);
    }

    public DeviceBuffer<ulong> Dirty { get; }

    public DeviceBuffer<byte> Blocked { get; }

    /// <summary>Joins what is certain to be joined on a grid.</summary>
    public int Contract(DeviceBuffer<int> linear, DeviceBuffer<byte> mask, DeviceBuffer<int> map)
    {
        var cluster = Begin();
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, MutexTreeView, ArrayView<ulong>, ArrayView<byte>, ArrayView<int>, ArrayView<int>, int>(MutexContractionKernels.UniteVoxels))(
            _tree.Nodes, _tree.View, Dirty.View, Blocked.View, cluster.View, linear.View, _tree.Leaves);
        return Number(cluster, mask, map);
    }

    /// <summary>Joins what is certain to be joined in a graph whose tree was grown from a list.</summary>
    public int Contract(DeviceBuffer<MutexEdge> attractive, DeviceBuffer<int> map)
    {
        var cluster = Begin();
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, MutexTreeView, ArrayView<ulong>, ArrayView<byte>, ArrayView<int>, ArrayView<MutexEdge>>(MutexContractionKernels.UniteNodes))(
            _tree.Nodes, _tree.View, Dirty.View, Blocked.View, cluster.View, attractive.View);
        return Number(cluster, default, map);
    }

    private DeviceBuffer<int> Begin()
    {
        var starts = _tree.Starts;
        for (var level = 1; level < starts.Count - 1; level++)
            for (var pass = 0; pass < _passes; pass++)
                _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, MutexTreeView, ArrayView<ulong>, int, TAtomics>(
                    MutexContractionKernels.SpreadUp))(starts[level + 1] - starts[level], starts[level], _tree.View, Dirty.View, pass, default);
        for (var level = starts.Count - 2; level >= 0; level--)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, MutexTreeView, ArrayView<ulong>>(MutexContractionKernels.SpreadDown))(
                starts[level + 1] - starts[level], starts[level], _tree.View, Dirty.View);
        var cluster = _tree.Spare;
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(MutexContractionKernels.Identity))(_tree.Leaves, cluster.View);
        return cluster;
    }

    private int Number(DeviceBuffer<int> cluster, DeviceBuffer<byte> mask, DeviceBuffer<int> map)
    {
        var (leaves, hasMask) = (_tree.Leaves, mask.IsNull || mask.Length == 0 ? 0 : 1);
        var foreground = hasMask == 0 ? Blocked : mask;
        var runs = DeviceScratch.Pieces(leaves, MutexTreeKernels.Run);
        var counts = _scratch.Take<int>(runs + 1);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<int>, ArrayView<byte>, int, ArrayView<int>>(
            MutexContractionKernels.CountClusters))(runs, leaves, cluster.View, foreground.View, hasMask, counts.View);
        var clusters = _scratch.Scan(counts);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<int>, ArrayView<byte>, int, ArrayView<int>, ArrayView<int>>(
            MutexContractionKernels.NumberClusters))(runs, leaves, cluster.View, foreground.View, hasMask, counts.View, map.View);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(MutexContractionKernels.MapLeaves))(
            leaves, cluster.View, map.View);
        _scratch.Return(counts);
        _scratch.Return(Dirty);
        _scratch.Return(Blocked);
        return clusters;
    }
}
