using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>The first round on the host: on the implicit graph of an image, without lists of edges.</summary>
internal sealed unsafe class MutexGridHost
{
    // Voxels that lie together share their ancestors four levels up the tree, and with them the way to the ancestors of voxels at an offset.
    private const int SharedLevels = 4;
    private const int RememberedWays = 4096;

    private readonly HostScratch _scratch;
    private readonly MutexGrid _grid;
    private readonly float* _priorities;
    private readonly byte* _mask;
    private readonly MutexTreeHost _tree;
    private readonly int* _ancestor;
    private readonly ulong* _weakest;

    private MutexGridHost(HostScratch scratch, MutexGrid grid, float* priorities, byte* mask, MutexTrace? trace)
    {
        _scratch = scratch;
        _grid = grid;
        _priorities = priorities;
        _mask = mask;
        _tree = new MutexTreeHost(scratch, grid.Voxels);
        _tree.Grow(grid, priorities);
        trace?.Phase("forest");
        _ancestor = scratch.Take<int>(grid.Voxels);
        _weakest = scratch.Take<ulong>(grid.Voxels);
    }

    /// <summary>Contracts what is certain.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">The graph.</param>
    /// <param name="priorities">[C, D, H, W]; NaN where there is no edge. Mutexes become infinite.</param>
    /// <param name="mask">Voxels that are 0 here are in no cluster; null = all count.</param>
    /// <param name="map">Receives the cluster of each voxel, -1 outside the mask.</param>
    /// <param name="trace">Takes the times, where given.</param>
    /// <param name="exits">Edges that leave the image, where it is a block of a larger one.</param>
    /// <returns>Number of clusters.</returns>
    public static int Contract(
        HostScratch scratch, MutexGrid grid, float* priorities, byte* mask, int* map, MutexTrace? trace, MutexExits? exits = null)
    {
        var round = new MutexGridHost(scratch, grid, priorities, mask, trace);
        var contraction = new MutexContractionHost(scratch, round._tree, exits);
        round.FindAncestors();
        var rows = grid.Depth * grid.Height;
        scratch.Run(rows, (from, until, _) => round.Commit(contraction, from, until), 1);
        trace?.Phase("exclusions");
        var clusters = contraction.Contract(round.Ends, mask, map);
        round.Release();
        trace?.Phase("contraction");
        return clusters;
    }

    private void Release()
    {
        _scratch.Return(_ancestor);
        _scratch.Return(_weakest);
        _tree.Release();
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
                HostAtomic.Raise(dirty + common, bottleneck);
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

    private (int U, int V) Ends(int node)
    {
        long edge = EdgeKey.Edge(_tree.Best[node]);
        var c = 0;
        for (; edge >= _grid.Voxels; edge -= _grid.Voxels)
            c++;
        return ((int)edge, (int)edge + _grid.Linear[c]);
    }

    private struct Way
    {
        public ulong Pair;
        public ulong Weakest;
        public int Ancestor;
    }
}
