namespace Spoco.Kernels.Primitives;

/// <summary>A mean-shift with a flat kernel: how many points there are, and what is asked of them.</summary>
/// <param name="Points">Points, n.</param>
/// <param name="Dimensions">Components of a point, d.</param>
/// <param name="Bandwidth">Radius of the kernel, h.</param>
/// <param name="BinSeeding">Seeds are the centres of occupied cells of a grid; else the points.</param>
/// <param name="MinBinFrequency">Fewest points of a cell that becomes a seed.</param>
/// <param name="ClusterAll">Points farther than h from every centre join the nearest; else none.</param>
/// <param name="MaxIterations">Shifts of a seed before the last one.</param>
internal readonly record struct MeanShiftProblem(
    int Points, int Dimensions, double Bandwidth, bool BinSeeding, int MinBinFrequency, bool ClusterAll, int MaxIterations)
{
    /// <summary>A seed stands still once a shift is not longer.</summary>
    public double StandStill => 1e-3 * Bandwidth;
}
