namespace Spoco.Engine.Scores;

/// <summary>Dice of the foregrounds (label not 0): (2 |A and B| + s) / (|A| + |B| + s).</summary>
public static class ForegroundDice
{
    /// <summary>The score of a prediction; with s = 0 it is 0 where one foreground is empty and NaN, undefined, where both are.</summary>
    /// <param name="table">Overlaps of ground truth and prediction.</param>
    /// <param name="smooth">s: 0 by default, 1 in the reference implementation of SPOCO.</param>
    public static double Of(ContingencyTable table, double smooth = 0)
    {
        ArgumentNullException.ThrowIfNull(table);
        var shared = table.ObjectOverlaps.Sum(o => o.Voxels);
        var truth = table.TruthSizes.Where((_, t) => table.TruthLabels[t] != 0).Sum();
        var predicted = table.PredictedSizes.Where((_, p) => table.PredictedLabels[p] != 0).Sum();
        return (2.0 * shared + smooth) / (truth + predicted + smooth);
    }
}
