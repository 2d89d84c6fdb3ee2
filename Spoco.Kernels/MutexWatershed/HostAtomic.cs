using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Updates of memory that several workers share.</summary>
internal static unsafe class HostAtomic
{
    /// <summary>Raises a value to at least <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Raise(ulong* target, ulong value)
    {
        var seen = Volatile.Read(ref *target);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref *target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    /// <summary>The root of a node; halves the path. Workers may do so at once: a link only ever moves towards the root.</summary>
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

    /// <summary>Joins the sets of two nodes; the smallest member stays the root.</summary>
    public static void Unite(int* parent, int u, int v)
    {
        while (true)
        {
            (u, v) = (Find(parent, u), Find(parent, v));
            if (u == v)
                return;
            if (u > v)
                (u, v) = (v, u);
            if (Interlocked.CompareExchange(ref parent[v], u, v) == v)
                return;
        }
    }
}
