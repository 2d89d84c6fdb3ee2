namespace Spoco.Kernels.Primitives;

/// <summary>
/// Mean-shift with a flat kernel (Comaniciu and Meer, PAMI 2002), exact, with the result of scikit-learn's: seeds move to the mean of the points within h until they stand still, means that
/// are near one with more points are dropped, and points belong to the nearest mean that is left.
/// </summary>
internal static class MeanShift
{
    internal static readonly Chooser<MeanShiftAlgorithm, MeanShiftProblem> Chooser = new(nameof(MeanShift), new MeanShiftSimt(), new MeanShiftHost());

    /// <summary>Clusters points.</summary>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="problem">What is asked for.</param>
    /// <param name="points">[n, d], finite.</param>
    /// <param name="labels">[n], receives the cluster of every point from 1; 0 = none.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The centres, [clusters, d]; none where no cell has enough points for a seed.</returns>
    public static double[] Cluster(ComputeDevice? device, in MeanShiftProblem problem, ReadOnlyMemory<float> points, Span<int> labels, CancellationToken cancellation)
    {
        labels.Clear();
        if (problem.Points == 0)
            return [];
        using var own = device is HostDevice ? null : HostDevice.Open();
        var host = own ?? device!.Host;
        using var scratch = new HostScratch(host, nameof(MeanShift));
        using var tree = new PointTree(host, points.Span, problem.Points, problem.Dimensions);
        using var passes = Chooser.For(device ?? host, problem).Open(device ?? host, host, scratch, problem, tree);
        var seeds = MeanShiftSeeds.Of(scratch, problem, points);
        var ends = passes.Walk(seeds.Values, seeds.InOrderOf(tree), cancellation);
        var centres = CentreSelection.Of(host, scratch, problem, ends, cancellation);
        if (centres.Length == 0 && seeds.Count > 0 && problem.BinSeeding)
        {
            // Cells of many components reach farther than the bandwidth: all points may lie in corners. A point has itself.
            seeds = MeanShiftSeeds.Of(scratch, problem with { BinSeeding = false }, points);
            ends = passes.Walk(seeds.Values, seeds.InOrderOf(tree), cancellation);
            centres = CentreSelection.Of(host, scratch, problem, ends, cancellation);
        }

        if (centres.Length == 0)
            return centres;
        using var rounded = new RoundedPoints(host, centres, centres.Length / problem.Dimensions, problem.Dimensions);
        passes.Label(rounded, centres, labels, cancellation);
        return centres;
    }
}
