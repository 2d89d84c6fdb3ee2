using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Kernels of the second half of a round; see <see cref="MutexContractionHost"/>. A thread takes one node of the tree.</summary>
internal static class MutexContractionKernels
{
    public static void SpreadUp<TAtomics>(Index1D i, int start, MutexTreeView tree, ArrayView<ulong> dirty, int pass, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var node = start + i.X;
        if (tree.Parent[node] >= 0 && dirty[node] != 0)
            atomics.Raise(dirty, tree.Parent[node], IntrinsicMath.Min(dirty[node], tree.Best[node]), pass);
    }

    public static void SpreadDown(Index1D i, int start, MutexTreeView tree, ArrayView<ulong> dirty)
    {
        var node = start + i.X;
        if (tree.Parent[node] >= 0)
            dirty[node] = IntrinsicMath.Max(dirty[node], IntrinsicMath.Min(dirty[tree.Parent[node]], tree.Best[node]));
    }

    public static void Identity(Index1D i, ArrayView<int> values) => values[i] = i.X;

    public static void UniteVoxels(
        Index1D node, MutexTreeView tree, ArrayView<ulong> dirty, ArrayView<byte> blocked, ArrayView<int> cluster, ArrayView<int> linear, int voxels)
    {
        if (!IsCertain(node.X, tree, dirty, blocked))
            return;
        long edge = EdgeKey.Edge(tree.Best[node]);
        var channel = (int)(edge / voxels);
        var u = (int)(edge - (long)channel * voxels);
        Unite(cluster, u, u + linear[channel]);
    }

    public static void UniteNodes(
        Index1D node, MutexTreeView tree, ArrayView<ulong> dirty, ArrayView<byte> blocked, ArrayView<int> cluster, ArrayView<MutexEdge> attractive)
    {
        if (!IsCertain(node.X, tree, dirty, blocked))
            return;
        var edge = attractive[tree.Place[node]];
        Unite(cluster, edge.U, edge.V);
    }

    /// <summary>A thread counts the clusters that start in a run of leaves.</summary>
    public static void CountClusters(Index1D run, int count, ArrayView<int> cluster, ArrayView<byte> mask, int hasMask, ArrayView<int> counts)
    {
        var roots = 0;
        for (var i = run.X * MutexTreeKernels.Run; i < count && i < (run.X + 1) * MutexTreeKernels.Run; i++)
            if (cluster[i] == i && (hasMask == 0 || mask[i] != 0))
                roots++;
        counts[run] = roots;
    }

    /// <summary>A thread numbers the clusters of a run; -1 outside the mask.</summary>
    public static void NumberClusters(
        Index1D run, int count, ArrayView<int> cluster, ArrayView<byte> mask, int hasMask, ArrayView<int> counts, ArrayView<int> map)
    {
        var next = counts[run];
        for (var i = run.X * MutexTreeKernels.Run; i < count && i < (run.X + 1) * MutexTreeKernels.Run; i++)
            if (cluster[i] == i)
                map[i] = hasMask == 0 || mask[i] != 0 ? next++ : -1;
    }

    public static void MapLeaves(Index1D i, ArrayView<int> cluster, ArrayView<int> map)
    {
        if (cluster[i] != i.X)
            map[i] = map[MutexTreeKernels.Find(cluster, i.X)];
    }

    public static void Look(Index1D i, ArrayView<int> map, ArrayView<int> labels)
    {
        var cluster = map[i];
        map[i] = cluster < 0 ? 0 : labels[cluster];
    }

    private static bool IsCertain(int node, MutexTreeView tree, ArrayView<ulong> dirty, ArrayView<byte> blocked) =>
        tree.Best[node] != EdgeKey.None && (tree.Best[node] > dirty[node] || (node < blocked.Length && blocked[node] == 0));

    // Joins the sets of two nodes; the smallest member stays the root. What Find takes for a root may be linked since, and loads may go on showing it as one; the compare-and-swap
    // tells what stands there. A root is linked once, to a smaller one, and a failed attempt shows an ancestor, smaller than the node that was
    // taken for a root: the links are a forest and the loop ends, however threads take turns and however old their loads are.
    internal static void Unite(ArrayView<int> parent, int u, int v)
    {
        var low = MutexTreeKernels.Find(parent, u);
        var high = MutexTreeKernels.Find(parent, v);
        while (low != high)
        {
            var larger = IntrinsicMath.Max(low, high);
            low = IntrinsicMath.Min(low, high);
            var seen = Atomic.CompareExchange(ref parent[larger], larger, low);
            high = seen == larger ? low : MutexTreeKernels.Find(parent, seen);
        }
    }
}
