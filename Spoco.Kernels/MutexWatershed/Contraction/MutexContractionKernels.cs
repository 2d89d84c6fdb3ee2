using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>What decides on a device which edges of the tree are certain; see <see cref="MutexContractionHost"/>.</summary>
internal struct MutexContractionView
{
    /// <summary>Per node of the tree the strongest key at which something below is excluded; 0 = nothing.</summary>
    public ArrayView<ulong> Dirty;

    /// <summary>1 at a leaf that must not follow its strongest edge on the word of its own exclusions.</summary>
    public ArrayView<byte> Blocked;

    /// <summary>The forest of clusters over the leaves; the smallest member is the root.</summary>
    public ArrayView<int> Cluster;
}

/// <summary>The clusters, by their first leaf.</summary>
internal struct MutexClusters(MutexContractionView contraction, ArrayView<byte> mask) : ISelection
{
    private MutexContractionView _contraction = contraction;
    private ArrayView<byte> _mask = mask;

    /// <inheritdoc/>
    public readonly int Count => _contraction.Cluster.IntLength;

    /// <inheritdoc/>
    public readonly bool Includes(int row, int i) => _contraction.Cluster[i] == i && (_mask.Length == 0 || _mask[i] != 0);
}

/// <summary>Kernels of the second half of a round; see <see cref="MutexContractionHost"/>.</summary>
internal static class MutexContractionKernels
{
    /// <summary>A thread per node of the tree: nothing is excluded, and every leaf is a cluster.</summary>
    public static void Begin(Index1D node, MutexContractionView contraction)
    {
        contraction.Dirty[node] = EdgeKey.None;
        if (node.X >= contraction.Cluster.Length)
            return;
        contraction.Blocked[node] = 0;
        contraction.Cluster[node] = node.X;
    }

    /// <summary>
    /// Marks a node and all above it, cut at each link; called for every exclusion that acts. A thread that finds a mark as strong stops: whoever left it goes on from there with
    /// a mark at least as strong, or has found a stronger one in turn.
    /// </summary>
    public static void Mark<TAtomics>(MutexTreeView tree, ArrayView<ulong> dirty, int node, ulong key, int pass, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        while (node >= 0)
        {
            var isNews = atomics.Raise(dirty, node, key, pass);
            key = IntrinsicMath.Min(key, tree.Best[node]);
            node = isNews ? tree.Parent[node] : -1;
        }
    }

    /// <summary>A thread per node of the tree over an image joins the ends of the node's strongest edge if they are certain to be joined.</summary>
    public static void UniteVoxels(Index1D node, MutexTreeView tree, MutexContractionView contraction, ArrayView<MutexChannel> channels)
    {
        if (!IsCertain(node.X, tree, contraction))
            return;
        var voxels = contraction.Cluster.Length;
        long edge = EdgeKey.Edge(tree.Best[node]);
        var channel = edge / voxels;
        var u = (int)(edge - channel * voxels);
        ConcurrentSetsSimt.Unite(contraction.Cluster, u, u + channels[channel].Linear);
    }

    /// <summary>The same where the tree was grown from a list.</summary>
    public static void UniteNodes(Index1D node, MutexTreeView tree, MutexContractionView contraction, ArrayView<MutexEdge> attractive)
    {
        if (!IsCertain(node.X, tree, contraction))
            return;
        var edge = attractive[tree.Place[node]];
        ConcurrentSetsSimt.Unite(contraction.Cluster, edge.U, edge.V);
    }

    /// <summary>A thread per leaf looks up the number of its cluster; -1 outside the mask.</summary>
    public static void Number(Index1D i, MutexContractionView contraction, ArrayView<byte> mask, SelectedView clusters, ArrayView<int> map)
    {
        if (mask.Length != 0 && mask[i] == 0)
            map[i] = -1;
        else
            map[i] = clusters.Rank(0, ConcurrentSetsSimt.Find(contraction.Cluster, i.X));
    }

    public static void Identity(Index1D i, ArrayView<int> values) => values[i] = i.X;

    public static void Look(Index1D i, ArrayView<int> map, ArrayView<int> labels)
    {
        var cluster = map[i];
        map[i] = cluster < 0 ? 0 : labels[cluster];
    }

    // An edge is clean where no mark above it, cut on the way down to it, is as strong; a mark that is cut below the edge's own key says nothing about it, and neither does one above that.
    private static bool IsCertain(int node, MutexTreeView tree, MutexContractionView contraction)
    {
        var best = tree.Best[node];
        var isClean = best != EdgeKey.None;
        if (isClean && node < contraction.Blocked.Length && contraction.Blocked[node] == 0)
            return true;
        var above = node;
        while (isClean && above >= 0)
        {
            isClean = contraction.Dirty[above] < best;
            above = tree.Best[above] < best ? -1 : tree.Parent[above];
        }

        return isClean;
    }
}
