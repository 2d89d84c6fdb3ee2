namespace Spoco.Kernels.Primitives;

/// <summary>The edges of an image between clusters of voxels, and the exclusions of seeds, as a list of pairs.</summary>
internal sealed unsafe class MutexReductionHost(HostScratch scratch, MutexGrid grid, float* priorities, int* map)
{
    /// <summary>Collects the edges whose ends are in different clusters.</summary>
    /// <param name="clusters">Number of clusters.</param>
    /// <param name="seeds">Given segments; null = none.</param>
    public PairListHost Reduce(int clusters, MutexSeeds? seeds)
    {
        var rows = grid.Depth * grid.Height;
        var pairs = new PairListHost(scratch, clusters);
        scratch.Run(rows, (from, until, worker) => Add(pairs.Gatherer(worker), from, until), 1);
        pairs.Merge(seeds);
        return pairs;
    }

    private void Add(PairGatherer pairs, int fromRow, int untilRow)
    {
        for (var row = fromRow; row < untilRow; row++)
        {
            for (var c = 0; c < grid.Offsets.Length; c++)
                if (grid.Columns(c, row / grid.Height, row % grid.Height, out var from, out var to))
                    Add(pairs, c, grid.Linear[c], row * grid.Width + from, row * grid.Width + to);
        }
    }

    private void Add(PairGatherer pairs, int c, int linear, int from, int until)
    {
        var channel = priorities + (long)c * grid.Voxels;
        var cluster = map;
        for (var i = from; i < until; i++)
        {
            var (u, v) = (cluster[i], cluster[i + linear]);
            var priority = channel[i];
            if (u == v || float.IsNaN(priority))
                continue;
            // All bits of a mutex are set.
            var isMutex = float.IsPositiveInfinity(priority) ? 1L : 0L;
            pairs.Add(u, v, EdgeKey.Of(priority, (uint)((long)c * grid.Voxels + i)) | (ulong)-isMutex);
        }
    }
}
