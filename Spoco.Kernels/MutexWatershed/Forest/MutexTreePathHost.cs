using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>The way from a leaf up the tree, kept for several edges of that leaf; see <see cref="MutexTreeHost.Bottleneck"/>.</summary>
internal unsafe ref struct MutexTreePathHost(MutexTreeHost tree, Span<MutexTreePathHost.Step> steps)
{
    /// <summary>No way is longer: levels at least halve.</summary>
    public const int Longest = 33;

    private readonly Span<Step> _steps = steps;
    private readonly int* _parent = tree.Parent;
    private readonly ulong* _best = tree.Best;
    private int _leaf = -1;

    /// <summary>Goes up from a leaf, unless the way is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(int leaf)
    {
        if (leaf == _leaf)
            return;
        _leaf = leaf;
        var weakest = ulong.MaxValue;
        var level = 0;
        for (var node = leaf; node >= 0; node = _parent[node])
        {
            _steps[level++] = new Step { Node = node, Weakest = weakest };
            weakest = EdgeKey.Weaker(weakest, _best[node]);
        }

        _steps[level].Node = -1;
    }

    /// <summary>The weakest edge between the leaf and another, and their lowest common ancestor: -1 where nothing connects them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Bottleneck(int other, out int ancestor)
    {
        var weakest = ulong.MaxValue;
        var level = 0;
        for (ancestor = other; ancestor != _steps[level].Node; level++)
        {
            weakest = EdgeKey.Weaker(weakest, _best[ancestor]);
            ancestor = _parent[ancestor];
            if (ancestor < 0 || _steps[level + 1].Node < 0)
            {
                ancestor = -1;
                return 0;
            }
        }

        return EdgeKey.Weaker(weakest, _steps[level].Weakest);
    }

    /// <summary>A node on the way, and the weakest edge below it.</summary>
    public struct Step
    {
        public int Node;
        public ulong Weakest;
    }
}
