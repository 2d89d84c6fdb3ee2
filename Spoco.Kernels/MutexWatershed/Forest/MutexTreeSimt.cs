using System.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Grows Boruvka's tree on an ILGPU device; see <see cref="MutexTreeHost"/>. How many nodes a level has stays there: a launch has threads for as many as there may be, half of those of the
/// level before, and after as many levels as graphs usually have the host looks whether that was enough.
/// </summary>
internal sealed class MutexTreeSimt<TAtomics> where TAtomics : unmanaged, IKeyAtomics
{
    // A level has about a quarter of the nodes of the one before.
    private const double LevelsPerHalving = 0.5;

    private readonly DeviceScratch _scratch;
    private readonly IlgpuDevice _gpu;
    private readonly MutexNumbers _numbers;
    private readonly DeviceBuffer<int> _parent, _hook, _place;
    private readonly DeviceBuffer<ulong> _best;
    private readonly Selected _roots;

    public MutexTreeSimt(DeviceScratch scratch, MutexNumbers numbers, int leaves)
    {
        MutexNodes.Require(leaves);
        (_scratch, _gpu, _numbers, Leaves, Nodes) = (scratch, scratch.Gpu, numbers, leaves, leaves);
        _parent = scratch.Take<int>(2L * leaves);
        _hook = scratch.Take<int>(2L * leaves);
        _place = scratch.Take<int>(2L * leaves);
        _best = scratch.Take<ulong>(2L * leaves);
        _roots = new Selected(scratch, 1, leaves);
        View = new MutexTreeView { Parent = _parent.View, Best = _best.View, Hook = _hook.View, Place = _place.View, Starts = numbers.Starts.View };
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, MutexTreeView>(MutexTreeKernels.Begin))(
            IlgpuDevice.Extent(Math.Max(2, 2L * leaves - 1), "MutexWatershed"), leaves, View);
    }

    public int Leaves { get; }

    public int Nodes { get; private set; }

    public MutexTreeView View { get; }

    /// <summary>Memory for the clusters of the leaves, free once the tree is built.</summary>
    public DeviceBuffer<int> Spare => _hook.Slice(0, Leaves);

    /// <summary>From a list of edges.</summary>
    public void Grow(DeviceBuffer<MutexEdge> list)
    {
        var strips = Strips(DeviceScratch.Pieces(list.Length, MutexTreeKernels.Strip));
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<MutexEdge>, MutexStripView, MutexTreeView, TAtomics>(MutexTreeKernels.Cut))(
            (int)strips.Counts.Length, list.View, Of(strips), View, default);
        Partners(strips);
        Climb(strips, null);
    }

    /// <summary>From the implicit edges of an image.</summary>
    public void Grow(int attractive, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities)
    {
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<MutexChannel>, ArrayView<float>, MutexTreeView>(
            MutexGridTreeKernels.Strongest))(Leaves, attractive, channels.View, priorities.View, View);
        var perChannel = DeviceScratch.Pieces(Leaves, MutexTreeKernels.Strip);
        var strips = Strips(IlgpuDevice.Extent((long)attractive * perChannel, "MutexWatershed"));
        Climb(strips, () => _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, ArrayView<MutexChannel>, ArrayView<float>, MutexStripView, MutexTreeView, TAtomics>(MutexGridTreeKernels.Cut))(
            (int)strips.Counts.Length, channels.View, priorities.View, Of(strips), View, default));
    }

    public void Release()
    {
        _scratch.Return(_parent);
        _scratch.Return(_hook);
        _scratch.Return(_place);
        _scratch.Return(_best);
        _roots.Release();
    }

    private (DeviceBuffer<MutexEdge> Edges, DeviceBuffer<int> Counts) Strips(int count) =>
        (_scratch.Take<MutexEdge>((long)count * MutexTreeKernels.Strip), _scratch.Take<int>(count));

    private static MutexStripView Of((DeviceBuffer<MutexEdge> Edges, DeviceBuffer<int> Counts) strips) =>
        new() { Edges = strips.Edges.View, Counts = strips.Counts.View };

    // From the hooks of the leaves to the roots; the edges between the groups of leaves are there already, or first cut out of an image.
    private void Climb((DeviceBuffer<MutexEdge> Edges, DeviceBuffer<int> Counts) strips, Action? cut)
    {
        for (var (level, most) = (0, Leaves); most > 0;)
        {
            var until = level + (int)Math.Ceiling(LevelsPerHalving * BitOperations.Log2((uint)most)) + 1;
            for (; most > 0 && level < until; level++, most /= 2)
            {
                Link(level, most);
                if (most == 1 || strips.Counts.Length == 0)
                    continue;
                if (level == 0 && cut is not null)
                    cut();
                else
                    _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexStripView, MutexTreeView, TAtomics>(MutexTreeKernels.Lift))(
                        (int)strips.Counts.Length, Of(strips), View, default);
                Partners(strips);
            }

            _numbers.Read();
            var starts = _numbers.Of(_numbers.Starts);
            Nodes = starts[level + 1];
            most = Math.Min(most, starts[level + 1] - starts[level]);
        }

        _scratch.Return(strips.Edges);
        _scratch.Return(strips.Counts);
    }

    private void Partners((DeviceBuffer<MutexEdge> Edges, DeviceBuffer<int> Counts) strips)
    {
        if (TAtomics.Passes == 2)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexStripView, MutexTreeView, TAtomics>(MutexTreeKernels.RaiseAgain))(
                (int)strips.Counts.Length, Of(strips), View, default);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, MutexStripView, MutexTreeView>(MutexTreeKernels.Partners))(
            (int)strips.Counts.Length, Of(strips), View);
    }

    private void Link(int level, int most)
    {
        var roots = _roots.Of(most);
        Compaction.Select(_gpu, new MutexRoots(View, level), roots, _numbers.Groups);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, MutexTreeView, SelectedView, ArrayView<int>>(MutexTreeKernels.Adopt))(
            most, level, View, roots.View, _numbers.Groups.View);
    }
}
