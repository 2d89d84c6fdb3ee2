namespace Spoco.Engine.Scores;

/// <summary>
/// Adapted Rand error: 1 - F1 over pairs of voxels. With n_ij voxels shared by ground truth segment i and predicted segment j, pairs together in both
/// = sum n_ij (n_ij - 1), in the ground truth = sum a_i (a_i - 1), in the prediction = sum b_j (b_j - 1). As in scikit-image, with the exceptions
/// below.
/// </summary>
/// <param name="Error">1 - 2 both / (prediction + ground truth); 0 is perfect.</param>
/// <param name="Precision">Pairs together in both / pairs together in the prediction: low when objects are merged; NaN where there are none.</param>
/// <param name="Recall">Pairs together in both / pairs together in the ground truth: low when objects are split; NaN where there are none.
/// scikit-image 0.19 returns the two under exchanged names.</param>
/// <remarks>
/// With the background ignored: where no true object meets a predicted one, nothing is right and the error is 1, as every score is at its worst then;
/// precision and recall are 0. By the formula what was predicted as background is one segment, and an image of a single object that nobody found
/// would score a perfect 0, an image of objects where none is 0/0. NaN, undefined, where neither side has an object, and where no two voxels are
/// together on either side, as in objects of one voxel.
/// </remarks>
public readonly record struct AdaptedRandError(double Error, double Precision, double Recall)
{
    /// <summary>The error of a prediction.</summary>
    /// <param name="table">Overlaps of ground truth and prediction.</param>
    /// <param name="ignoreBackground">Leave out voxels that are 0 in the ground truth.</param>
    public static AdaptedRandError Of(ContingencyTable table, bool ignoreBackground = true)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (ignoreBackground && table.TruthObjects + table.PredictedObjects > 0 && !table.ObjectOverlaps.Any())
            return new AdaptedRandError(1, 0, 0);
        if (ignoreBackground)
            table = table.WithoutTruth(0);
        var (both, truth, predicted) = (table.Overlaps.Sum(o => Pairs(o.Voxels)), table.TruthSizes.Sum(Pairs), table.PredictedSizes.Sum(Pairs));
        return new AdaptedRandError(1 - 2 * both / (predicted + truth), both / predicted, both / truth);
    }

    /// <summary>The error of a prediction given as labels.</summary>
    public static AdaptedRandError Of(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, bool ignoreBackground = true) =>
        Of(ContingencyTable.Of(truth, predicted), ignoreBackground);

    private static double Pairs(long voxels) => (double)voxels * (voxels - 1);
}
