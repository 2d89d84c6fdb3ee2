namespace Spoco.Engine.Scores;

/// <summary>
/// Symmetric best Dice (CVPPP leaf segmentation challenge): BD(L, M) = mean over the objects of L of the largest Dice with an object of M,
/// Dice = (2 |a and b| + s) / (|a| + |b| + s); SBD = min(BD(prediction, truth), BD(truth, prediction)).
/// </summary>
public static class SymmetricBestDice
{
    /// <summary>
    /// The score of a prediction. 0 where only one image has an object, as in the challenge; NaN, undefined, where neither has.
    /// </summary>
    /// <param name="table">Overlaps of ground truth and prediction.</param>
    /// <param name="smooth">s: 0 in the challenge, 1 in the reference implementation of SPOCO.</param>
    public static double Of(ContingencyTable table, double smooth = 0)
    {
        ArgumentNullException.ThrowIfNull(table);
        return Math.Min(BestDice(table, smooth), BestDice(table.Transpose(), smooth));
    }

    /// <summary>
    /// BD(truth, prediction): every ground truth object with its best predicted one. 0 where only one image has an object, NaN where neither has.
    /// </summary>
    public static double BestDice(ContingencyTable table, double smooth = 0)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.TruthObjects == 0 || table.PredictedObjects == 0)
            return table.TruthObjects == table.PredictedObjects ? double.NaN : 0;
        var best = new double[table.TruthLabels.Count];
        // With smoothing even an object that does not overlap scores: the smallest one most.
        var smallest = table.PredictedLabels.Select((label, p) => label == 0 ? long.MaxValue : table.PredictedSizes[p]).Min();
        if (smooth > 0)
            for (var t = 0; t < best.Length; t++)
                best[t] = smooth / (table.TruthSizes[t] + smallest + smooth);
        foreach (var (t, p, voxels) in table.ObjectOverlaps)
            best[t] = Math.Max(best[t], (2.0 * voxels + smooth) / (table.TruthSizes[t] + table.PredictedSizes[p] + smooth));
        return best.Where((_, t) => table.TruthLabels[t] != 0).Average();
    }
}
