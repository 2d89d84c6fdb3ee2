using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Clustering;

/// <summary>Clusters of points around modes of their density.</summary>
/// <param name="Labels">Cluster of every point from 1, in the order of <paramref name="Centres"/>; 0 = none.</param>
/// <param name="Centres">The centres, [clusters, d], those with most points first.</param>
public sealed record MeanShiftResult(int[] Labels, double[,] Centres);

/// <summary>
/// Mean-shift with a flat kernel (Comaniciu and Meer, PAMI 2002), exact, with the result of scikit-learn's MeanShift.
/// </summary>
/// <remarks>
/// With bandwidth h, in the unit of the points:
/// <list type="number">
/// <item>Seeds are the centres of the cells of a grid with edge h that hold points, round(x / h) h in single precision with halves to even, in the order of their first points; cells with fewer
/// points than <see cref="MeanShiftOptions.MinBinFrequency"/> are none. Where there are as many of them as points, and without <see cref="MeanShiftOptions.BinSeeding"/>, every point is a seed; also where no such centre has a point
/// within h, which scikit-learn refuses.</item>
/// <item>A seed m moves to the mean of the points with |x - m| &lt;= h, until it moves by at most h / 1000, and that is its end; or until it has moved
/// <see cref="MeanShiftOptions.MaxIterations"/> + 1 times. Where no point is that near, it has none.</item>
/// <item>Ends, each once, are taken in the order of the numbers of points whose means they are, largest first, and of equal ones by their components, largest first; an end becomes a centre unless
/// an earlier centre is within h.</item>
/// <item>A point belongs to the nearest centre, the first one of several; without <see cref="MeanShiftOptions.ClusterAll"/> to none that is farther than h.</item>
/// </list>
/// Distances and means are of double precision, where scikit-learn rounds means of single-precision points to single precision: its centres differ in the seventh digit. Sums have an order that
/// the points in a ball alone decide: same input, same bits, with any number of threads. A GPU adds in another order, which may change the last digits of a centre, and a label where a point is
/// as near to two centres within these digits.
/// </remarks>
public static class MeanShift
{
    /// <summary>Clusters points.</summary>
    /// <param name="points">The points, [n, d]; none give no cluster.</param>
    /// <param name="options">Bandwidth and the rest; the paper's where null.</param>
    /// <param name="device">Where to compute; null = all cores of the host. A device without 64-bit floating-point numbers leaves it to the host.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Labels and centres. No centre, and every label 0, where no cell has enough points for a seed.</returns>
    /// <exception cref="ArgumentException">A value is not finite or beyond 1e18, there are more than 2^30 points, or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static MeanShiftResult Cluster(Points points, MeanShiftOptions? options = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        options ??= new MeanShiftOptions();
        options.Check();
        PointCheck.Require(points, nameof(MeanShift));
        var labels = new int[points.Count];
        var centres = Primitives.MeanShift.Cluster(device, Problem(points, options), points.Values, labels, cancellation);
        var table = new double[centres.Length / points.Dimensions, points.Dimensions];
        Buffer.BlockCopy(centres, 0, table, 0, sizeof(double) * centres.Length);
        return new MeanShiftResult(labels, table);
    }

    internal static Primitives.MeanShiftProblem Problem(Points points, MeanShiftOptions options) => new(
        points.Count, points.Dimensions, options.Bandwidth, options.BinSeeding, options.MinBinFrequency, options.ClusterAll, options.MaxIterations);
}
