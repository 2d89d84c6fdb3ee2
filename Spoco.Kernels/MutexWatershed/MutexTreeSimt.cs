using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Grows Boruvka's tree on an ILGPU device; see <see cref="MutexTreeHost"/>.</summary>
internal sealed class MutexTreeSimt<TAtomics> where TAtomics : unmanaged, IKeyAtomics
{
    private readonly DeviceScratch _scratch;
    private readonly IlgpuDevice _gpu;
    private readonly int _passes;
    private readonly DeviceBuffer<int> _parent, _hook, _place, _length;
    private readonly DeviceBuffer<ulong> _best;
    private readonly List<int> _starts = [0];

    public MutexTreeSimt(DeviceScratch scratch, int leaves, int passes)
    {
        MutexNodes.Require(leaves);
        (_scratch, _gpu, _passes, Leaves) = (scratch, scratch.Gpu, passes, leaves);
        _parent = scratch.Take<int>(2L * leaves);
        _hook = scratch.Take<int>(2L * leaves);
        _place = scratch.Take<int>(2L * leaves);
        _best = scratch.TakeCleared<ulong>(2L * leaves);
        _length = scratch.Take<int>(1);
        _starts.Add(leaves);
        View = new MutexTreeView { Parent = _parent.View, Best = _best.View, Hook = _hook.View, Place = _place.View };
    }

    public int Leaves { get; }

    public int Nodes => _starts[^1];

    public IReadOnlyList<int> Starts => _starts;

    public MutexTreeView View { get; }

    /// <summary>Memory for the clusters of the leaves, free once the tree is built.</summary>
    public DeviceBuffer<int> Spare => _hook.Slice(0, Leaves);

    /// <summary>From a list of edges.</summary>
    public void Grow(DeviceBuffer<MutexEdge> list)
    {
        var edges = _scratch.Take<MutexEdge>(list.Length);
        if (list.Length > 0)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<MutexEdge>, ArrayView<MutexEdge>>(MutexTreeKernels.Copy))(
                (int)list.Length, list.View, edges.View);
        RaiseEnds(edges);
        Climb(edges);
    }

    /// <summary>From the implicit edges of an image.</summary>
    public void Grow(MutexChannel[] channels, DeviceBuffer<int> linear, DeviceBuffer<float> priorities)
    {
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, ArrayView<int>, ArrayView<float>, MutexTreeView, int>(
            MutexGridKernels.Strongest))(Leaves, channels.Length, linear.View, priorities.View, View, Leaves);
        Link();
        var edges = MutexPairsSimt.Collect(_scratch, channels, _parent, priorities, []);
        RaiseEnds(edges);
        Climb(edges);
    }

    public void Release()
    {
        _scratch.Return(_parent);
        _scratch.Return(_hook);
        _scratch.Return(_place);
        _scratch.Return(_best);
        _scratch.Return(_length);
    }

    private void Climb(DeviceBuffer<MutexEdge> edges)
    {
        var (current, next) = (edges, _scratch.Take<MutexEdge>(edges.Length));
        var (first, second) = (current, next);
        while (current.Length > 0)
        {
            Link();
            _length.Clear();
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, ArrayView<MutexEdge>, int, MutexTreeView, ArrayView<MutexEdge>, ArrayView<int>>(MutexTreeKernels.Lift))(
                DeviceScratch.Pieces(current.Length, MutexTreeKernels.Strip), current.View, (int)current.Length, View, next.View, _length.View);
            var kept = DeviceScratch.Read(_length);
            (current, next) = (next.Slice(0, kept), current);
            next = ReferenceEquals(next.Memory, first.Memory) ? first : second;
            RaiseEnds(current);
        }

        Link();
        _scratch.Return(first);
        _scratch.Return(second);
    }

    private void RaiseEnds(DeviceBuffer<MutexEdge> edges)
    {
        if (edges.Length == 0)
            return;
        for (var pass = 0; pass < _passes; pass++)
            _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<MutexEdge>, MutexTreeView, int, TAtomics>(
                MutexTreeKernels.RaiseEnds))((int)edges.Length, edges.View, View, pass, default);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<MutexEdge>, MutexTreeView>(MutexTreeKernels.Partners))(
            (int)edges.Length, edges.View, View);
    }

    private void Link()
    {
        var (start, end) = (_starts[^2], _starts[^1]);
        var count = end - start;
        if (count == 0)
            return;
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, MutexTreeView>(MutexTreeKernels.Link))(count, start, View);
        var runs = DeviceScratch.Pieces(count, MutexTreeKernels.Run);
        var counts = _scratch.Take<int>(runs + 1);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, int, MutexTreeView, ArrayView<int>>(MutexTreeKernels.CountRoots))(
            runs, start, count, View, counts.View);
        var groups = _scratch.Scan(counts);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, int, int, MutexTreeView, ArrayView<int>>(MutexTreeKernels.NumberRoots))(
            runs, start, count, end, View, counts.View);
        _gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, int, MutexTreeView>(MutexTreeKernels.Adopt))(count, start, View);
        _scratch.Return(counts);
        if (groups > 0)
            _starts.Add(end + groups);
    }
}
