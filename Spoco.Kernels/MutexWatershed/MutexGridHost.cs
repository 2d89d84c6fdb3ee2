using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>The first round on the host: on the implicit graph of an image, without lists of edges.</summary>
internal sealed unsafe class MutexGridHost
{
    // Voxels that lie together share their ancestors two levels up the tree, and with them the way to the ancestors of voxels at an offset.
    private const int SharedLevels = 2;
    private const int RememberedWays = 1024;

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

    /// <summary>Contracts an image to a list of edges between clusters.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">The graph.</param>
    /// <param name="priorities">[C, D, H, W]; NaN where there is no edge. Overwritten.</param>
    /// <param name="mask">Voxels that are 0 here are in no cluster; null = all count.</param>
    /// <param name="map">Receives the cluster of each voxel, -1 outside the mask.</param>
    /// <param name="trace">Takes the times, where given.</param>
    public static (int Clusters, PairListHost Edges) Contract(
        HostScratch scratch, MutexGrid grid, float* priorities, byte* mask, int* map, MutexTrace? trace)
    {
        var round = new MutexGridHost(scratch, grid, priorities, mask, trace);
        var contraction = new MutexContractionHost(scratch, round._tree);
        round.FindAncestors();
        var rows = grid.Depth * grid.Height;
        scratch.Run(rows, (from, until, _) => round.Commit(contraction, from, until), 1);
        trace?.Phase("exclusions");
        var clusters = contraction.Contract(round.Ends, mask, map);
        trace?.Phase("contraction");
        var table = round.Reduce(map, clusters);
        trace?.Phase("reduction");
        return (clusters, table);
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
                weakest = Math.Min(weakest, best[node]);
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
                bottleneck = Math.Min(way->Weakest, Math.Min(weakest[u], weakest[v]));
                common = way->Ancestor;
            }

            if (common < 0)
            {
                channel[u] = float.NaN;
                continue;
            }

            if (EdgeKey.Of(priority, (uint)((long)c * _grid.Voxels + u)) < bottleneck)
                continue;
            channel[u] = float.PositiveInfinity;
            HostAtomic.Raise(dirty + common, bottleneck);
            if (best[u] == bottleneck)
                blocked[u] = 1;
            if (best[v] == bottleneck)
                blocked[v] = 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Way* FindWay(Way* ways, int a, int b)
    {
        var pair = ((ulong)(uint)a << 32) | (uint)b;
        var way = ways + (int)((pair * 0x9E3779B97F4A7C15ul) >> 54);
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

    private PairListHost Reduce(int* map, int clusters)
    {
        var rows = _grid.Depth * _grid.Height;
        var pairs = new PairListHost(_scratch, clusters);
        _scratch.Run(rows, (from, until, _) => AddRuns(map, pairs, from, until, count: true), 1);
        pairs.Allocate();
        _scratch.Run(rows, (from, until, _) => AddRuns(map, pairs, from, until, count: false), 1);
        pairs.Merge();
        return pairs;
    }

    private void AddRuns(int* map, PairListHost pairs, int fromRow, int untilRow, bool count)
    {
        for (var row = fromRow; row < untilRow; row++)
        {
            for (var c = 0; c < _grid.Offsets.Length; c++)
                if (_grid.Columns(c, row / _grid.Height, row % _grid.Height, out var from, out var to))
                    AddRuns(map, pairs, c, _grid.Linear[c], row * _grid.Width + from, row * _grid.Width + to, count);
        }
    }

    // Neighbouring edges of one channel between the same two clusters count as one.
    private void AddRuns(int* map, PairListHost pairs, int c, int linear, int from, int until, bool count)
    {
        var channel = _priorities + (long)c * _grid.Voxels;
        var (lastU, lastV, strongest) = (-1, -1, EdgeKey.None);
        for (var i = from; i < until; i++)
        {
            var (u, v) = (map[i], map[i + linear]);
            if (u == v)
                continue;
            var priority = channel[i];
            if (float.IsNaN(priority))
                continue;
            var key = float.IsPositiveInfinity(priority) ? EdgeKey.Mutex : EdgeKey.Of(priority, (uint)((long)c * _grid.Voxels + i));
            if (u == lastU && v == lastV)
            {
                strongest = Math.Max(strongest, key);
                continue;
            }

            if (strongest != EdgeKey.None)
                Add(pairs, lastU, lastV, strongest, count);
            (lastU, lastV, strongest) = (u, v, key);
        }

        if (strongest != EdgeKey.None)
            Add(pairs, lastU, lastV, strongest, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(PairListHost pairs, int u, int v, ulong key, bool count)
    {
        if (count)
            pairs.Count(u, v);
        else
            pairs.Put(u, v, key);
    }

    private struct Way
    {
        public ulong Pair;
        public ulong Weakest;
        public int Ancestor;
    }
}
