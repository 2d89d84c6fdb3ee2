using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary>Clusters of points by density.</summary>
/// <param name="Labels">Cluster of every point from 1, numbered by first point; 0 = noise.</param>
/// <param name="Probabilities">How firmly a point belongs to its cluster, 0 to 1: the density at which it leaves, over the largest of the cluster; 0 for noise.</param>
public sealed record HdbscanResult(int[] Labels, float[] Probabilities);

/// <summary>
/// HDBSCAN (Campello, Moulavi and Sander, PAKDD 2013), exact: the labels and probabilities of hdbscan 0.8 (McInnes, Healy and Astels, JOSS 2017) with an exact spanning tree. Distances
/// are those of single precision coordinates, rounded to single precision: relative error at most (d + 2) 2^-24. A point that reaches two clusters at the very distance at which they
/// part belongs to the one whose edge is shorter; hdbscan's answer for such a point depends on its sort.
/// </summary>
public static class Hdbscan
{
    /// <summary>Clusters points.</summary>
    /// <param name="points">[n, d].</param>
    /// <param name="options">Sizes and selection; null = the defaults.</param>
    /// <param name="device">Where distances are computed; null = all cores of the host. The tree over the points is built and the hierarchy is read on the host.</param>
    /// <param name="cancellation">Stops within a step.</param>
    /// <returns>Labels and probabilities, the same on any number of threads.</returns>
    /// <exception cref="ArgumentException">A value is not finite or beyond 1e18, there are more than 2^30 points, or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static HdbscanResult Cluster(Points points, HdbscanOptions? options = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        options ??= new HdbscanOptions();
        options.Check();
        PointCheck.Require(points, nameof(Hdbscan));
        if (points.Count == 0)
            return new HdbscanResult([], []);
        var linkage = SingleLinkage.Of(points.Count, MutualReachability.SpanningTree(points, options.Neighbours, device, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return new ClusterChoice(new CondensedTree(linkage, options.MinClusterSize), options).Result();
    }
}
