using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What excludes in a later round, on a list of pairs on an ILGPU device; see <see cref="MutexListExclusionsHost"/>. A thread takes one exclusion.</summary>
internal static class MutexListExclusionsSimt
{
    /// <summary>Commits the repulsive edges of a list, or drops them, and says which nodes they block.</summary>
    /// <param name="gpu">The device.</param>
    /// <param name="exclusions">Repulsive edges and mutexes.</param>
    /// <param name="attractive">The edges that the tree was grown from.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="contraction">Receives the conflicts.</param>
    /// <param name="pairs">The pairs that the edges are from.</param>
    public static void Commit<TAtomics>(
        IlgpuDevice gpu, DeviceBuffer<MutexEdge> exclusions, DeviceBuffer<MutexEdge> attractive, MutexTreeView tree, MutexContractionView contraction, MutexPairView pairs)
        where TAtomics : unmanaged, IKeyAtomics
    {
        if (exclusions.Length == 0)
            return;
        for (var pass = 0; pass < TAtomics.Passes; pass++)
            gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
                Index1D, ArrayView<MutexEdge>, MutexTreeView, ArrayView<ulong>, MutexPairView, int, int, TAtomics>(Commit))(
                (int)exclusions.Length, exclusions.View, tree, contraction.Dirty, pairs, pass, pass == TAtomics.Passes - 1 ? 1 : 0, default);
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<
            Index1D, ArrayView<MutexEdge>, MutexTreeView, ArrayView<MutexEdge>, MutexPairView, ArrayView<byte>>(Block))(
            (int)exclusions.Length, exclusions.View, tree, attractive.View, pairs, contraction.Blocked);
    }

    /// <summary>
    /// Afterwards a mutex holds the bottleneck instead of its key, and the complement of its place.
    /// </summary>
    public static void Commit<TAtomics>(
        Index1D e, ArrayView<MutexEdge> exclusions, MutexTreeView tree, ArrayView<ulong> dirty, MutexPairView pairs, int pass, int isLast,
        TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var edge = exclusions[e];
        if (edge.Key == EdgeKey.None)
            return;
        var common = MutexTreeKernels.CommonAncestor(tree, edge.U, edge.V, out var bottleneck);
        if (common < 0)
        {
            exclusions[e].Key = EdgeKey.None;
            return;
        }

        if (edge.Key < bottleneck)
            return;
        MutexContractionKernels.Mark(tree, dirty, common, bottleneck, pass, atomics);
        if (isLast == 0)
            return;
        pairs.Keys[edge.Place] = EdgeKey.Mutex;
        exclusions[e].Key = bottleneck;
        exclusions[e].Place = ~edge.Place;
    }

    /// <summary>A node with a partner behind its strongest edge may follow that edge only to a node that excludes the partner, too.</summary>
    public static void Block(
        Index1D e, ArrayView<MutexEdge> exclusions, MutexTreeView tree, ArrayView<MutexEdge> attractive, MutexPairView pairs, ArrayView<byte> blocked)
    {
        var edge = exclusions[e];
        if (edge.Place >= 0 || edge.Key == EdgeKey.None)
            return;
        if (edge.Key == tree.Best[edge.U] && !MutexPairKernels.IsMutex(pairs, edge.V, Neighbour(tree, attractive, edge.U)))
            blocked[edge.U] = 1;
        if (edge.Key == tree.Best[edge.V] && !MutexPairKernels.IsMutex(pairs, edge.U, Neighbour(tree, attractive, edge.V)))
            blocked[edge.V] = 1;
    }

    private static int Neighbour(MutexTreeView tree, ArrayView<MutexEdge> attractive, int node)
    {
        var edge = attractive[tree.Place[node]];
        return edge.U == node ? edge.V : edge.U;
    }
}
