using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Union-find by several workers at once; on devices: <see cref="ConcurrentSetsSimt"/>.</summary>
internal static unsafe class ConcurrentSetsHost
{
    /// <summary>
    /// The root of a node of a forest; halves the path. Workers may do so at once, while others link roots by <see cref="Unite"/>: what is stored for a node that
    /// is no root is always a proper ancestor of it, for only ancestors of ancestors are stored; a node that is no root never becomes one; and a root's
    /// own entry is written by a compare-and-swap alone. So a walk only ever climbs, whatever it sees of what others store. A store may come late
    /// and put a nearer ancestor in place of a farther one: nobody may rely on an entry being the root.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Find(int* parent, int node)
    {
        while (true)
        {
            var up = Volatile.Read(ref parent[node]);
            if (up == node)
                return node;
            var above = Volatile.Read(ref parent[up]);
            if (above == up)
                return up;
            parent[node] = above;
            node = above;
        }
    }

    /// <summary>
    /// Joins the sets of two nodes; the smallest member stays the root. A root is linked once, to a smaller one, so that the links are a forest however
    /// workers take turns. A failed attempt shows an ancestor, smaller than the node that was taken for a root: the loop ends.
    /// </summary>
    public static void Unite(int* parent, int u, int v)
    {
        (u, v) = (Find(parent, u), Find(parent, v));
        while (u != v)
        {
            if (u > v)
                (u, v) = (v, u);
            var seen = Interlocked.CompareExchange(ref parent[v], u, v);
            if (seen == v)
                return;
            v = Find(parent, seen);
        }
    }
}
