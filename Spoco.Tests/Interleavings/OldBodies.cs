using ILGPU;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Interleavings;

/// <summary>
/// How the trees of the Mutex Watershed were linked before, on the host and on devices: a walk to the root halves the paths of nodes whose root another thread
/// has just stored, and the next pass takes what stands there for the root. The player must find it.
/// </summary>
internal static unsafe class OldBodies
{
    /// <summary>Device: every node looks for its root, halving paths on the way, and stores it.</summary>
    public static void Chase(Index1D i, int start, MutexTreeView tree) => tree.Hook[start + i.X] = Find(tree.Hook, start + i.X);

    /// <summary>Device: what stands at a node is taken for its root.</summary>
    public static void Adopt(Index1D i, int start, MutexTreeView tree)
    {
        var node = start + i.X;
        if (tree.Hook[node] != node)
            tree.Parent[node] = tree.Parent[tree.Hook[node]];
    }

    /// <summary>Device: joins two sets, looking again by plain loads after an attempt that failed.</summary>
    public static void Unite(Index1D i, ArrayView<MutexEdge> edges, ArrayView<int> parent)
    {
        var u = edges[i].U;
        var v = edges[i].V;
        var joined = false;
        while (!joined)
        {
            u = Find(parent, u);
            v = Find(parent, v);
            var low = IntrinsicMath.Min(u, v);
            var high = IntrinsicMath.Max(u, v);
            joined = low == high || Atomic.CompareExchange(ref parent[high], high, low) == high;
        }
    }

    /// <summary>Host: the pass that looks for roots.</summary>
    public static Action<int, int, int> Roots(int* hook) => (from, until, _) =>
    {
        for (var i = from; i < until; i++)
            hook[i] = ConcurrentSetsHost.Find(hook, i);
    };

    /// <summary>Host: the pass that reads the parents of what stands there.</summary>
    public static Action<int, int, int> Parents(int* hook, int* parent) => (from, until, _) =>
    {
        for (var i = from; i < until; i++)
            if (hook[i] != i)
                parent[i] = parent[hook[i]];
    };

    private static int Find(ArrayView<int> parent, int node)
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
}
