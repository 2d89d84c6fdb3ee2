namespace Spoco.Engine.Scores;

/// <summary>
/// Difference in count, DiC: predicted objects minus ground truth objects. Label 0 does not count. |DiC| is what papers report. A count: defined for
/// every image, 0 where there is no object on either side.
/// </summary>
public static class DifferenceInCount
{
    /// <summary>Predicted minus true objects: positive when there are too many.</summary>
    public static int Of(ContingencyTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return table.PredictedObjects - table.TruthObjects;
    }
}
