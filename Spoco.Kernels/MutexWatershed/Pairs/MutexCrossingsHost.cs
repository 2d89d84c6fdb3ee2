namespace Spoco.Kernels.Primitives;

/// <summary>The edges between clusters on the host, as a list of pairs; on devices: <see cref="MutexCrossingsSimt"/>.</summary>
internal static unsafe class MutexCrossingsHost
{
    /// <summary>Makes pairs of the edges of an image whose ends are in different clusters, and of the exclusions of seeds.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">The graph.</param>
    /// <param name="priorities">[C, D, H, W]; NaN where there is no edge, infinite where it is a mutex.</param>
    /// <param name="map">The cluster of each voxel.</param>
    /// <param name="clusters">Number of clusters.</param>
    /// <param name="seeds">Given segments; null = none.</param>
    public static MutexPairsHost Of(HostScratch scratch, MutexGrid grid, float* priorities, int* map, int clusters, MutexSeeds? seeds)
    {
        var pairs = new MutexPairsHost(scratch, clusters);
        scratch.Run(grid.Depth * grid.Height, (from, until, worker) => Add(pairs.Gatherer(worker), grid, priorities, map, from, until), 1);
        pairs.Merge(seeds);
        return pairs;
    }

    /// <summary>Makes pairs of the edges of lists whose ends are in different clusters.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="lists">The lists, as exclusions have left them.</param>
    /// <param name="map">The cluster of each node.</param>
    /// <param name="clusters">Number of clusters.</param>
    public static MutexPairsHost Of(HostScratch scratch, MutexLists lists, int* map, int clusters)
    {
        var pairs = new MutexPairsHost(scratch, clusters);
        scratch.Run(lists.AttractiveCount, (from, until, worker) => Add(pairs.Gatherer(worker), map, lists.Attractive, from, until));
        scratch.Run(lists.RepulsiveCount, (from, until, worker) => Add(pairs.Gatherer(worker), map, lists.Repulsive, from, until));
        scratch.Run(lists.MutexCount, (from, until, worker) => Add(pairs.Gatherer(worker), map, lists.Mutexes, from, until));
        pairs.Merge();
        return pairs;
    }

    private static void Add(MutexPairGathererHost pairs, MutexGrid grid, float* priorities, int* map, int fromRow, int untilRow)
    {
        for (var row = fromRow; row < untilRow; row++)
        {
            for (var c = 0; c < grid.Offsets.Length; c++)
                if (grid.Columns(c, row / grid.Height, row % grid.Height, out var from, out var to))
                    Add(pairs, grid, priorities, map, c, grid.Linear[c], row * grid.Width + from, row * grid.Width + to);
        }
    }

    private static void Add(MutexPairGathererHost pairs, MutexGrid grid, float* priorities, int* map, int c, int linear, int from, int until)
    {
        var first = (long)c * grid.Voxels;
        var channel = priorities + first;
        for (var i = from; i < until; i++)
        {
            var (u, v) = (map[i], map[i + linear]);
            var priority = channel[i];
            if (u == v || float.IsNaN(priority))
                continue;
            // All bits of a mutex are set.
            var isMutex = float.IsPositiveInfinity(priority) ? 1L : 0L;
            pairs.Add(u, v, EdgeKey.Of(priority, (uint)(first + i)) | (ulong)-isMutex);
        }
    }

    private static void Add(MutexPairGathererHost pairs, int* map, MutexEdge* edges, int from, int until)
    {
        for (var e = from; e < until; e++)
        {
            var edge = edges[e];
            var (u, v) = (map[edge.U], map[edge.V]);
            if (u != v && edge.Key != EdgeKey.None)
                pairs.Add(u, v, edge.Place < 0 ? EdgeKey.Mutex : edge.Key);
        }
    }
}
