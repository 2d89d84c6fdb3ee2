using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>What excludes in the first round, on the implicit graph of an image on the host; on devices: <see cref="MutexGridExclusionsSimt"/>.</summary>
internal sealed unsafe class MutexGridExclusionsHost
{
    // Voxels that lie together share their ancestors four levels up the tree, and with them the way to the ancestors of voxels at an offset.
    private const int SharedLevels = 4;
    private const int RememberedWays = 4096;

    private readonly HostScratch _scratch;
    private readonly MutexGrid _grid;
    private readonly float* _priorities;
    private readonly MutexTreeHost _tree;
    private readonly int* _ancestor;
    private readonly ulong* _weakest;

    private MutexGridExclusionsHost(HostScratch scratch, MutexGrid grid, float* priorities, MutexTreeHost tree)
    {
        (_scratch, _grid, _tree) = (scratch, grid, tree);
        _priorities = priorities;
        _ancestor = scratch.Take<int>(grid.Voxels);
        _weakest = scratch.Take<ulong>(grid.Voxels);
    }

    /// <summary>Commits the repulsive edges of an image, or drops them.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">The graph.</param>
    /// <param name="priorities">[C, D, H, W]; NaN where there is no edge. Mutexes become infinite.</param>
    /// <param name="tree">Its tree.</param>
    /// <param name="contraction">Receives the conflicts.</param>
    public static void Commit(HostScratch scratch, MutexGrid grid, float* priorities, MutexTreeHost tree, MutexContractionHost contraction)
    {
        var exclusions = new MutexGridExclusionsHost(scratch, grid, priorities, tree);
        exclusions.FindAncestors();
        scratch.Run(grid.Depth * grid.Height, (from, until, _) => exclusions.Commit(contraction, from, until), 1);
        scratch.Return(exclusions._ancestor);
        scratch.Return(exclusions._weakest);
    }

    private void FindAncestors() => _scratch.Run(_grid.Voxels, (from, until, _) =>
    {
        var parent = _tree.Parent;
        var best = _tree.Best;
        for (var i = from; i < until; i++)
        {
            var (node, weakest) = (i, ulong.MaxValue);
            for (var level = 0; level < SharedLevels && parent[node] >= 0; level++)
            {
                weakest = EdgeKey.Weaker(weakest, best[node]);
                node = parent[node];
            }

            (_ancestor[i], _weakest[i]) = (node, weakest);
        }
    });

    // A repulsive edge stronger than every path between its ends acts before they can be joined: it becomes a mutex, marked by an infinite priority.
    // An edge between nodes that nothing connects has nothing to exclude.
    private void Commit(MutexContractionHost contraction, int fromRow, int untilRow)
    {
        var ways = stackalloc Way[RememberedWays];
        new Span<Way>(ways, RememberedWays).Clear();
        var (width, voxels, channels) = (_grid.Width, _grid.Voxels, _grid.Offsets.Length);
        for (var row = fromRow; row < untilRow; row++)
        {
            for (var c = _grid.Attractive; c < channels; c++)
                if (_grid.Columns(c, row / _grid.Height, row % _grid.Height, out var from, out var to))
                    Commit(contraction, ways, c, _grid.Linear[c], row * width + from, row * width + to);
        }
    }

    private void Commit(MutexContractionHost contraction, Way* ways, int c, int linear, int from, int until)
    {
        var ancestor = _ancestor;
        var weakest = _weakest;
        var best = _tree.Best;
        var dirty = contraction.Dirty;
        var blocked = contraction.Blocked;
        var channel = _priorities + (long)c * _grid.Voxels;
        for (var u = from; u < until; u++)
        {
            var priority = channel[u];
            if (float.IsNaN(priority))
                continue;
            var v = u + linear;
            ulong bottleneck;
            int common;
            if (ancestor[u] == ancestor[v])
            {
                bottleneck = _tree.Bottleneck(u, v, out common);
            }
            else
            {
                var way = FindWay(ways, ancestor[u], ancestor[v]);
                bottleneck = EdgeKey.Weaker(way->Weakest, EdgeKey.Weaker(weakest[u], weakest[v]));
                common = way->Ancestor;
            }

            var outside = contraction.Outside(u, v);
            if (common < 0 && outside == EdgeKey.None)
            {
                channel[u] = float.NaN;
                continue;
            }

            var bound = Math.Max(bottleneck, outside);
            if (EdgeKey.Of(priority, (uint)((long)c * _grid.Voxels + u)) <= bound)
                continue;
            channel[u] = float.PositiveInfinity;
            if (common >= 0)
                KeyAtomicsHost.Raise(dirty + common, bottleneck);
            if (best[u] <= bound)
                blocked[u] = 1;
            if (best[v] <= bound)
                blocked[v] = 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Way* FindWay(Way* ways, int a, int b)
    {
        var pair = ((ulong)(uint)a << 32) | (uint)b;
        var way = ways + (int)((pair * 0x9E3779B97F4A7C15ul) >> 52);
        if (way->Pair == pair)
            return way;
        way->Pair = pair;
        way->Weakest = _tree.Bottleneck(a, b, out way->Ancestor);
        return way;
    }

    private struct Way
    {
        public ulong Pair;
        public ulong Weakest;
        public int Ancestor;
    }
}
