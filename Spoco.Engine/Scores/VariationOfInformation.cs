namespace Spoco.Engine.Scores;

/// <summary>Variation of information (Meila 2003) in bits: the two conditional entropies.</summary>
/// <param name="Split">H(prediction | truth): grows with objects that are split.</param>
/// <param name="Merge">H(truth | prediction): grows with objects that are merged.</param>
/// <remarks>
/// The background is a segment like any other, as in scikit-image: an image without an object on either side scores 0. NaN, undefined, where no voxel
/// is counted (an empty ground truth with the background ignored).
/// </remarks>
public readonly record struct VariationOfInformation(double Split, double Merge)
{
    /// <summary>Split + Merge; 0 is perfect.</summary>
    public double Sum => Split + Merge;

    /// <summary>The score of a prediction.</summary>
    /// <param name="table">Overlaps of ground truth and prediction.</param>
    /// <param name="ignoreBackground">Leave out voxels that are 0 in the ground truth.</param>
    public static VariationOfInformation Of(ContingencyTable table, bool ignoreBackground = false)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (ignoreBackground)
            table = table.WithoutTruth(0);
        var (split, merge) = (0.0, 0.0);
        foreach (var (t, p, voxels) in table.Overlaps)
        {
            split -= voxels * Math.Log2((double)voxels / table.TruthSizes[t]);
            merge -= voxels * Math.Log2((double)voxels / table.PredictedSizes[p]);
        }
        // + 0.0: a perfect score is 0, not -0.
        return new VariationOfInformation(split / table.Voxels + 0.0, merge / table.Voxels + 0.0);
    }
}
