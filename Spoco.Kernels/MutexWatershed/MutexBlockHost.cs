namespace Spoco.Kernels.Primitives;

/// <summary>
/// Contracts a part of a larger graph by what is certain whatever lies outside. Rounds go on until one achieves little; what is left belongs to whoever
/// puts the parts together.
/// </summary>
internal static unsafe class MutexBlockHost
{
    /// <summary>Contracts a block of an image.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">The edges within the block.</param>
    /// <param name="priorities">[C, D, H, W]; NaN where there is no edge. The memory is returned.</param>
    /// <param name="mask">Voxels that are 0 here are in no cluster; null = all count.</param>
    /// <param name="exits">Edges that leave the block. The memory is returned.</param>
    /// <param name="map">Receives the cluster of each voxel, numbered by first voxel; -1 outside the mask.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <returns>What is left: clusters, and one edge per pair.</returns>
    public static MutexLists Contract(
        HostScratch scratch, MutexGrid grid, float* priorities, byte* mask, MutexExits exits, int* map, CancellationToken cancellation)
    {
        var clusters = MutexGridHost.Contract(scratch, grid, priorities, mask, map, null, exits);
        cancellation.ThrowIfCancellationRequested();
        var pairs = new MutexReductionHost(scratch, grid, priorities, map).Reduce(clusters, null);
        scratch.Return(priorities);
        return Rounds(scratch, pairs, checked((uint)((long)grid.Attractive * grid.Voxels)), exits.Contract(map, clusters), map, grid.Voxels, cancellation);
    }

    /// <summary>Contracts a graph given as pairs.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="nodes">Number of nodes.</param>
    /// <param name="pairs">The edges. The memory is returned.</param>
    /// <param name="firstRepulsive">Edges with this id or a larger one are repulsive.</param>
    /// <param name="exits">Edges that leave the graph. The memory is returned.</param>
    /// <param name="map">Receives the cluster of each node, numbered by first node.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <returns>What is left: clusters, and one edge per pair.</returns>
    public static MutexLists Contract(
        HostScratch scratch, int nodes, PairListHost pairs, uint firstRepulsive, MutexExits exits, int* map, CancellationToken cancellation)
    {
        for (var i = 0; i < nodes; i++)
            map[i] = i;
        return Rounds(scratch, pairs, firstRepulsive, exits, map, nodes, cancellation);
    }

    private static MutexLists Rounds(
        HostScratch scratch, PairListHost pairs, uint firstRepulsive, MutexExits exits, int* map, int mapped, CancellationToken cancellation)
    {
        var lists = pairs.ToLists(firstRepulsive);
        for (var before = long.MaxValue; lists.AttractiveCount > 0 && lists.Edges <= MutexListHost.LeastProgress * before;)
        {
            cancellation.ThrowIfCancellationRequested();
            before = lists.Edges;
            var round = scratch.Take<int>(lists.Nodes);
            (var clusters, pairs) = new MutexListHost(scratch, lists, pairs, exits).Contract(round, null);
            exits = exits.Contract(round, clusters);
            scratch.Run(mapped, (from, until, _) =>
            {
                for (var i = from; i < until; i++)
                    if (map[i] >= 0)
                        map[i] = round[map[i]];
            });
            scratch.Return(round);
            lists = pairs.ToLists(firstRepulsive);
        }

        pairs.Release();
        exits.Release();
        return lists;
    }
}
