using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary>Clusters of points by density.</summary>
/// <param name="Labels">Cluster of every point from 1; 0 = noise. Numbered by first point.</param>
/// <param name="Probabilities">How firmly a point belongs to its cluster, 0 to 1; 0 for noise.</param>
public sealed record HdbscanResult(int[] Labels, float[] Probabilities);

/// <summary>HDBSCAN (Campello, Moulavi, Sander, PAKDD 2013; McInnes and Healy, hdbscan 0.8), exact.</summary>
public static class Hdbscan
{
    /// <summary>Clusters points.</summary>
    public static HdbscanResult Cluster(Points points, HdbscanOptions? options = null, ComputeDevice? device = null, CancellationToken cancellation = default) =>
        throw new NotSupportedException();
}
