namespace Spoco.Kernels.Primitives;

/// <summary>One round on the host: forest, exclusions, contraction; on devices: <see cref="MutexRoundSimt{TAtomics}"/>.</summary>
internal static unsafe class MutexRoundHost
{
    /// <summary>
    /// The share of the edges that a round must not leave, to be followed by another. A monotone path contracts a fifth of its nodes in a round: still worth it.
    /// </summary>
    public const double LeastProgress = 0.9;

    /// <summary>The first round, on the implicit graph of an image, without lists of edges.</summary>
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
        var tree = new MutexTreeHost(scratch, grid.Voxels);
        tree.Grow(grid, priorities);
        trace?.Phase("forest");
        var contraction = new MutexContractionHost(scratch, tree, exits);
        MutexGridExclusionsHost.Commit(scratch, grid, priorities, tree, contraction);
        trace?.Phase("exclusions");
        var clusters = contraction.Contract(Ends, mask, map);
        tree.Release();
        trace?.Phase("contraction");
        return clusters;

        (int U, int V) Ends(int node)
        {
            long edge = EdgeKey.Edge(tree.Best[node]);
            var c = 0;
            for (; edge >= grid.Voxels; edge -= grid.Voxels)
                c++;
            return ((int)edge, (int)edge + grid.Linear[c]);
        }
    }

    /// <summary>A later round, on lists. Returns their memory, and that of the pairs.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="lists">The graph.</param>
    /// <param name="pairs">The pairs that its edges are from.</param>
    /// <param name="map">Receives the cluster of each node.</param>
    /// <param name="trace">Takes the times, where given.</param>
    /// <param name="exits">Edges that leave the graph, where it is a part of a larger one.</param>
    /// <returns>Number of clusters, and the pairs of these.</returns>
    public static (int Clusters, MutexPairsHost Pairs) Contract(
        HostScratch scratch, MutexLists lists, MutexPairsHost pairs, int* map, MutexTrace? trace, MutexExits? exits = null)
    {
        var tree = new MutexTreeHost(scratch, lists.Nodes);
        tree.Grow(lists.Attractive, lists.AttractiveCount);
        trace?.Phase("later forests");
        var contraction = new MutexContractionHost(scratch, tree, exits);
        new MutexListExclusionsHost(scratch, lists, pairs, tree, contraction).Commit();
        trace?.Phase("later exclusions");
        var clusters = contraction.Contract(Ends, null, map);
        trace?.Phase("later contractions");
        pairs.Release();
        var crossings = MutexCrossingsHost.Of(scratch, lists, map, clusters);
        lists.Release();
        tree.Release();
        trace?.Phase("later reductions");
        return (clusters, crossings);

        (int U, int V) Ends(int node)
        {
            ref var edge = ref lists.Attractive[tree.Place[node]];
            return (edge.U, edge.V);
        }
    }
}
