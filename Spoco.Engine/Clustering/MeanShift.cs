using Spoco.Kernels;

namespace Spoco.Engine.Clustering;

/// <summary>Clusters of points around modes of their density.</summary>
/// <param name="Labels">Cluster of every point from 1, in the order of <paramref name="Centres"/>; 0 = none.</param>
/// <param name="Centres">The centres, [clusters, d], those with most points first.</param>
public sealed record MeanShiftResult(int[] Labels, double[,] Centres);

/// <summary>Mean-shift with a flat kernel (Comaniciu and Meer, PAMI 2002), as scikit-learn's.</summary>
public static class MeanShift
{
    /// <summary>Clusters points.</summary>
    public static MeanShiftResult Cluster(Points points, MeanShiftOptions? options = null, ComputeDevice? device = null, CancellationToken cancellation = default) =>
        throw new NotSupportedException();
}
