namespace Spoco.Tests.Scores;

/// <summary>
/// The scores once more, voxel against voxel and object against object as the definitions read, in double precision and without a table of overlaps.
/// Undefined scores are NaN.
/// </summary>
internal sealed class PlainScores
{
    private readonly int[] _truth;
    private readonly int[] _predicted;
    private readonly int[] _objects;
    private readonly int[] _found;

    /// <param name="truth">True labels.</param>
    /// <param name="predicted">Predicted labels of the same voxels.</param>
    /// <param name="ignored">Voxels with this true label are left out.</param>
    public PlainScores(int[] truth, int[] predicted, int? ignored = null)
    {
        int[] kept = [.. Enumerable.Range(0, truth.Length).Where(i => truth[i] != ignored)];
        (_truth, _predicted) = ([.. kept.Select(i => truth[i])], [.. kept.Select(i => predicted[i])]);
        (_objects, _found) = ([.. _truth.Where(l => l != 0).Distinct()], [.. _predicted.Where(l => l != 0).Distinct()]);
    }

    public int TruthObjects => _objects.Length;

    public int PredictedObjects => _found.Length;

    private bool BothEmpty => _objects.Length + _found.Length == 0;

    private bool OneEmpty => !BothEmpty && _objects.Length * _found.Length == 0;

    /// <summary>TP, FP and FN at a threshold of at least 0.5, where no object can have two partners.</summary>
    public (int TruePositives, int FalsePositives, int FalseNegatives) Count(double threshold)
    {
        var hits = _objects.Sum(t => _found.Count(p => Both(t, p) / (double)(Either(t, p)) > threshold));
        return (hits, _found.Length - hits, _objects.Length - hits);
    }

    public double AveragePrecision(double threshold)
    {
        var (hits, wrong, missed) = Count(threshold);
        return BothEmpty ? double.NaN : (double)hits / (hits + wrong + missed);
    }

    public double SymmetricBestDice() => BothEmpty ? double.NaN : OneEmpty ? 0 : Math.Min(
        _objects.Average(t => _found.Max(p => 2.0 * Both(t, p) / (In(_truth, t) + In(_predicted, p)))),
        _found.Average(p => _objects.Max(t => 2.0 * Both(t, p) / (In(_truth, t) + In(_predicted, p)))));

    public double ForegroundDice()
    {
        var shared = Enumerable.Range(0, _truth.Length).Count(i => _truth[i] != 0 && _predicted[i] != 0);
        return BothEmpty ? double.NaN : 2.0 * shared / (_truth.Count(l => l != 0) + _predicted.Count(l => l != 0));
    }

    /// <summary>Every ordered pair of different voxels of true objects.</summary>
    public double AdaptedRandError()
    {
        if (!BothEmpty && !_objects.Any(t => _found.Any(p => Both(t, p) > 0)))
            return 1;
        var (both, inTruth, inPrediction) = (0.0, 0.0, 0.0);
        for (var i = 0; i < _truth.Length; i++)
            for (var j = 0; j < _truth.Length; j++)
            {
                if (i == j || _truth[i] == 0 || _truth[j] == 0)
                    continue;
                var (together, predictedTogether) = (_truth[i] == _truth[j], _predicted[i] == _predicted[j]);
                inTruth += together ? 1 : 0;
                inPrediction += predictedTogether ? 1 : 0;
                both += together && predictedTogether ? 1 : 0;
            }
        return inTruth + inPrediction == 0 ? double.NaN : 1 - both / ((inTruth + inPrediction) / 2);
    }

    /// <summary>The mean over the voxels of the information that one label leaves open about the other.</summary>
    public (double Split, double Merge) VariationOfInformation()
    {
        var (split, merge) = (0.0, 0.0);
        for (var i = 0; i < _truth.Length; i++)
        {
            var both = Enumerable.Range(0, _truth.Length).Count(j => _truth[j] == _truth[i] && _predicted[j] == _predicted[i]);
            split -= Math.Log2(both / (double)In(_truth, _truth[i]));
            merge -= Math.Log2(both / (double)In(_predicted, _predicted[i]));
        }
        return (split / _truth.Length, merge / _truth.Length);
    }

    private int Both(int t, int p) => Enumerable.Range(0, _truth.Length).Count(i => _truth[i] == t && _predicted[i] == p);

    private int Either(int t, int p) => Enumerable.Range(0, _truth.Length).Count(i => _truth[i] == t || _predicted[i] == p);

    private static int In(int[] labels, int label) => labels.Count(l => l == label);
}
