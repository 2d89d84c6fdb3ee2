using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The second half of a round on an ILGPU device; see <see cref="MutexContractionHost"/>. The number of clusters stays there.</summary>
internal sealed class MutexContractionSimt<TAtomics> where TAtomics : unmanaged, IKeyAtomics
{
    private readonly DeviceScratch _scratch;
    private readonly IlgpuDevice _gpu;
    private readonly MutexTreeSimt<TAtomics> _tree;
    private readonly DeviceBuffer<ulong> _dirty;
    private readonly DeviceBuffer<byte> _blocked;

    public MutexContractionSimt(DeviceScratch scratch, MutexTreeSimt<TAtomics> tree)
    {
        (_scratch, _gpu, _tree) = (scratch, scratch.Gpu, tree);
        _dirty = scratch.Take<ulong>(tree.Nodes);
        _blocked = scratch.Take<byte>(tree.Leaves);
        View = new MutexContractionView { Dirty = _dirty.View, Blocked = _blocked.View, Cluster = tree.Spare.View };
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexContractionView>(MutexContractionKernels.Begin))(tree.Nodes, View);
    }

    public MutexContractionView View { get; }

    /// <summary>Joins what is certain to be joined on a grid.</summary>
    public void Contract(DeviceBuffer<MutexChannel> channels, DeviceBuffer<byte> mask, DeviceBuffer<int> map, MutexNumbers numbers)
    {
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexTreeView, MutexContractionView, ArrayView<MutexChannel>>(
            MutexContractionKernels.UniteVoxels))(_tree.Nodes, _tree.View, View, channels.View);
        Number(mask, map, numbers);
    }

    /// <summary>Joins what is certain to be joined in a graph whose tree was grown from a list.</summary>
    public void Contract(DeviceBuffer<MutexEdge> attractive, DeviceBuffer<byte> mask, DeviceBuffer<int> map, MutexNumbers numbers)
    {
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexTreeView, MutexContractionView, ArrayView<MutexEdge>>(
            MutexContractionKernels.UniteNodes))(_tree.Nodes, _tree.View, View, attractive.View);
        Number(mask, map, numbers);
    }

    // Numbers the clusters by their first leaf.
    private void Number(DeviceBuffer<byte> mask, DeviceBuffer<int> map, MutexNumbers numbers)
    {
        var clusters = new Selected(_scratch, 1, _tree.Leaves);
        Compaction.Select(_gpu, new MutexClusters(View, mask.View), clusters, numbers.Clusters);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexContractionView, ArrayView<byte>, SelectedView, ArrayView<int>>(
            MutexContractionKernels.Number))(_tree.Leaves, View, mask.View, clusters.View, map.View);
        clusters.Release();
        _scratch.Return(_dirty);
        _scratch.Return(_blocked);
    }
}
