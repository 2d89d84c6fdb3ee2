using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Union-find by the threads of a launch; on the host: <see cref="ConcurrentSetsHost"/>.</summary>
internal static class ConcurrentSetsSimt
{
    /// <summary>
    /// The root of a node of a forest; halves the path. Threads may do so at once, and their loads may be stale, while others link roots by compare-and-swap:
    /// what was ever stored for a node that is no root is a proper ancestor of it, for only ancestors of ancestors are stored; a node that
    /// is no root never becomes one; and a root's own entry is written by compare-and-swap alone. So a walk only ever climbs, and ends. It ends at a node that was
    /// a root when its entry was stored: where roots are linked meanwhile, at one that no longer is, perhaps. An entry may at any time go back from a
    /// farther ancestor to a nearer one, by a store that comes late: nobody may rely on an entry being the root.
    /// (One exit: loops with several confuse compilers of OpenCL for the CPU.)
    /// </summary>
    public static int Find(ArrayView<int> parent, int node)
    {
        var up = parent[node];
        while (up != node)
        {
            var above = parent[up];
            parent[node] = above;
            node = above;
            up = parent[node];
        }

        return node;
    }

    /// <summary>
    /// Joins the sets of two nodes; the smallest member stays the root. What <see cref="Find"/> takes for a root may be linked since, and loads may go on showing it as one; the
    /// compare-and-swap tells what stands there. A root is linked once, to a smaller one, and a failed attempt shows an ancestor, smaller than the node that was
    /// taken for a root: the links are a forest and the loop ends, however threads take turns and however old their loads are.
    /// </summary>
    public static void Unite(ArrayView<int> parent, int u, int v)
    {
        var low = Find(parent, u);
        var high = Find(parent, v);
        while (low != high)
        {
            var larger = IntrinsicMath.Max(low, high);
            low = IntrinsicMath.Min(low, high);
            var seen = Atomic.CompareExchange(ref parent[larger], larger, low);
            high = seen == larger ? low : Find(parent, seen);
        }
    }
}
