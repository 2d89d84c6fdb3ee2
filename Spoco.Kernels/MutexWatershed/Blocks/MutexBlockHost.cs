namespace Spoco.Kernels.Primitives;

/// <summary>
/// Contracts a part of a larger graph by what is certain whatever lies outside. Rounds go on until one achieves little; then the sequential rule goes as far as
/// it is certain. What is left belongs to whoever puts the parts together.
/// </summary>
internal static unsafe class MutexBlockHost
{
    /// <summary>Tables of the workers take one part in so many of the memory at most.</summary>
    private const int TableShare = 8;

    /// <summary>Workers whose tables leave most of a memory for the blocks.</summary>
    public static int MostWorkers(long memory) => (int)Math.Clamp(memory / TableShare / MutexPairGathererHost.LeastBytes, 1, int.MaxValue);

    /// <summary>Contracts a block of an image.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">The edges within the block.</param>
    /// <param name="priorities">[C, D, H, W]; NaN where there is no edge. The memory is returned.</param>
    /// <param name="mask">Voxels that are 0 here are in no cluster; null = all count.</param>
    /// <param name="exits">Edges that leave the block. The memory is returned.</param>
    /// <param name="map">Receives the cluster of each voxel: first those of the lists, then those that are finished; -1 outside the mask.</param>
    /// <param name="clusters">Receives the number of clusters.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <returns>What is left: clusters that something outside may join, and one edge per pair.</returns>
    public static MutexLists Contract(
        HostScratch scratch, MutexGrid grid, float* priorities, byte* mask, MutexExits exits, int* map, out int clusters, CancellationToken cancellation)
    {
        var found = MutexRoundHost.Contract(scratch, grid, priorities, mask, map, null, exits);
        cancellation.ThrowIfCancellationRequested();
        var pairs = MutexCrossingsHost.Of(scratch, grid, priorities, map, found, null);
        scratch.Return(priorities);
        var firstRepulsive = checked((uint)((long)grid.Attractive * grid.Voxels));
        return Rounds(scratch, pairs, firstRepulsive, exits.Contract(map, found), map, grid.Voxels, out clusters, cancellation);
    }

    /// <summary>Contracts a graph given as pairs.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="nodes">Number of nodes.</param>
    /// <param name="pairs">The edges. The memory is returned.</param>
    /// <param name="firstRepulsive">Edges with this id or a larger one are repulsive.</param>
    /// <param name="exits">Edges that leave the graph. The memory is returned.</param>
    /// <param name="map">Receives the cluster of each node: first those of the lists, then those that are finished.</param>
    /// <param name="clusters">Receives the number of clusters.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <returns>What is left: clusters that something outside may join, and one edge per pair.</returns>
    public static MutexLists Contract(
        HostScratch scratch, int nodes, MutexPairsHost pairs, uint firstRepulsive, MutexExits exits, int* map, out int clusters, CancellationToken cancellation)
    {
        for (var i = 0; i < nodes; i++)
            map[i] = i;
        return Rounds(scratch, pairs, firstRepulsive, exits, map, nodes, out clusters, cancellation);
    }

    private static MutexLists Rounds(
        HostScratch scratch, MutexPairsHost pairs, uint firstRepulsive, MutexExits exits, int* map, int mapped, out int clusters, CancellationToken cancellation)
    {
        var lists = pairs.ToLists(firstRepulsive);
        for (var before = long.MaxValue; lists.AttractiveCount > 0 && lists.Edges <= MutexRoundHost.LeastProgress * before;)
        {
            cancellation.ThrowIfCancellationRequested();
            before = lists.Edges;
            var round = scratch.Take<int>(lists.Nodes);
            (var found, pairs) = MutexRoundHost.Contract(scratch, lists, pairs, round, null, exits);
            exits = exits.Contract(round, found);
            Compose(scratch, map, mapped, round);
            scratch.Return(round);
            lists = pairs.ToLists(firstRepulsive);
        }

        pairs.Release();
        var last = scratch.Take<int>(lists.Nodes);
        lists = MutexOpenHost.Contract(scratch, lists, firstRepulsive, exits, last, out clusters, cancellation);
        exits.Release();
        Compose(scratch, map, mapped, last);
        scratch.Return(last);
        return lists;
    }

    private static void Compose(HostScratch scratch, int* map, int mapped, int* next) => scratch.Run(mapped, (from, until, _) =>
    {
        for (var i = from; i < until; i++)
            if (map[i] >= 0)
                map[i] = next[map[i]];
    });
}
