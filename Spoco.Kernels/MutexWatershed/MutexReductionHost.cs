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
        scratch.Run(rows, (from, until, worker) => AddRuns(pairs.Gatherer(worker), from, until), 1);
        pairs.Merge(seeds);
        return pairs;
    }

    private void AddRuns(PairGatherer pairs, int fromRow, int untilRow)
    {
        for (var row = fromRow; row < untilRow; row++)
        {
            for (var c = 0; c < grid.Offsets.Length; c++)
                if (grid.Columns(c, row / grid.Height, row % grid.Height, out var from, out var to))
                    AddRuns(pairs, c, grid.Linear[c], row * grid.Width + from, row * grid.Width + to);
        }
    }

    // Neighbouring edges of one channel between the same two clusters count as one.
    private void AddRuns(PairGatherer pairs, int c, int linear, int from, int until)
    {
        var channel = priorities + (long)c * grid.Voxels;
        var cluster = map;
        var (lastU, lastV, strongest) = (-1, -1, EdgeKey.None);
        for (var i = from; i < until; i++)
        {
            var (u, v) = (cluster[i], cluster[i + linear]);
            if (u == v)
                continue;
            var priority = channel[i];
            if (float.IsNaN(priority))
                continue;
            var key = float.IsPositiveInfinity(priority) ? EdgeKey.Mutex : EdgeKey.Of(priority, (uint)((long)c * grid.Voxels + i));
            if (u == lastU && v == lastV)
            {
                strongest = Math.Max(strongest, key);
                continue;
            }

            if (strongest != EdgeKey.None)
                pairs.Add(lastU, lastV, strongest);
            (lastU, lastV, strongest) = (u, v, key);
        }

        if (strongest != EdgeKey.None)
            pairs.Add(lastU, lastV, strongest);
    }
}
