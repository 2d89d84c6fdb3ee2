using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What excludes in the first round, on the implicit graph of an image on an ILGPU device; see <see cref="MutexGridExclusionsHost"/>.</summary>
internal static class MutexGridExclusionsSimt
{
    /// <summary>Commits the repulsive edges of an image, or drops them.</summary>
    public static void Commit<TAtomics>(
        IlgpuDevice gpu, MutexGrid grid, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities, MutexTreeView tree, MutexContractionView contraction)
        where TAtomics : unmanaged, IKeyAtomics
    {
        for (var pass = 0; pass < TAtomics.Passes; pass++)
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, int, ArrayView<MutexChannel>, ArrayView<float>, MutexTreeView, MutexContractionView, int, int, TAtomics>(Commit))(
                grid.Voxels, grid.Attractive, channels.View, priorities.View, tree, contraction, pass, pass == TAtomics.Passes - 1 ? 1 : 0, default);
    }

    /// <summary>A thread takes the repulsive edges that start at a voxel.</summary>
    public static void Commit<TAtomics>(
        Index1D u, int attractive, ArrayView<MutexChannel> channels, ArrayView<float> priorities, MutexTreeView tree, MutexContractionView contraction,
        int pass, int isLast, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        for (var c = attractive; c < channels.Length; c++)
            Commit(u, channels[c], priorities, tree, contraction, pass, isLast, atomics);
    }

    private static void Commit<TAtomics>(
        Index1D u, MutexChannel channel, ArrayView<float> priorities, MutexTreeView tree, MutexContractionView contraction, int pass, int isLast, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var at = (long)channel.Channel * channel.Voxels + u.X;
        var priority = priorities[at];
        if (EdgePriority.IsAbsent(priority))
            return;
        var v = u.X + channel.Linear;
        var common = MutexTreeKernels.CommonAncestor(tree, u.X, v, out var bottleneck);
        if (common < 0)
        {
            priorities[at] = EdgePriority.Absent;
            return;
        }

        if (EdgeKey.Of(priority, (uint)at) < bottleneck)
            return;
        MutexContractionKernels.Mark(tree, contraction.Dirty, common, bottleneck, pass, atomics);
        if (isLast == 0)
            return;
        priorities[at] = EdgePriority.Mutex;
        if (tree.Best[u] == bottleneck)
            contraction.Blocked[u] = 1;
        if (tree.Best[v] == bottleneck)
            contraction.Blocked[v] = 1;
    }
}
