namespace Spoco.Engine.Scores;

/// <summary>
/// Adapted Rand error: 1 - F1 over pairs of voxels. With n_ij voxels shared by ground truth segment i and predicted segment j, pairs together in both
/// = sum n_ij (n_ij - 1), in the ground truth = sum a_i (a_i - 1), in the prediction = sum b_j (b_j - 1).
/// </summary>
/// <param name="Error">1 - 2 precision recall / (precision + recall); 0 is perfect.</param>
/// <param name="Precision">Pairs together in both / pairs together in the prediction: low when objects are merged.</param>
/// <param name="Recall">Pairs together in both / pairs together in the ground truth: low when objects are split. scikit-image 0.19 returns the two
/// under exchanged names.</param>
/// <remarks>NaN where no pair can be counted (an empty ground truth with the background ignored).</remarks>
public readonly record struct AdaptedRandError(double Error, double Precision, double Recall)
{
    /// <summary>The error of a prediction.</summary>
    /// <param name="table">Overlaps of ground truth and prediction.</param>
    /// <param name="ignoreBackground">Leave out voxels that are 0 in the ground truth.</param>
    public static AdaptedRandError Of(ContingencyTable table, bool ignoreBackground = true)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (ignoreBackground)
            table = table.WithoutTruthBackground();
        var both = table.Overlaps.Sum(o => Pairs(o.Voxels));
        var (precision, recall) = (both / table.PredictedSizes.Sum(Pairs), both / table.TruthSizes.Sum(Pairs));
        var error = precision + recall == 0 ? 1 : 1 - 2 * precision * recall / (precision + recall);
        return new AdaptedRandError(error, precision, recall);
    }

    /// <summary>The error of a prediction given as labels.</summary>
    public static AdaptedRandError Of(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, bool ignoreBackground = true) =>
        Of(ContingencyTable.Of(truth, predicted), ignoreBackground);

    private static double Pairs(long voxels) => (double)voxels * (voxels - 1);
}
