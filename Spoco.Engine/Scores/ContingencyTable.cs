using System.Runtime.InteropServices;

namespace Spoco.Engine.Scores;

/// <summary>Voxels that two segments share.</summary>
/// <param name="Truth">Index of the ground truth segment in <see cref="ContingencyTable.TruthLabels"/>.</param>
/// <param name="Predicted">Index of the predicted segment in <see cref="ContingencyTable.PredictedLabels"/>.</param>
/// <param name="Voxels">How many voxels carry both labels; at least 1.</param>
public readonly record struct Overlap(int Truth, int Predicted, long Voxels);

/// <summary>
/// How the segments of a ground truth and of a prediction overlap: the sparse table all scores are computed from, built in one pass over the voxels.
/// Labels may be any integers; 0 = background.
/// </summary>
public sealed class ContingencyTable
{
    private readonly int[] _truthLabels;

    private ContingencyTable(int[] truthLabels, int[] predictedLabels, Overlap[] overlaps)
    {
        _truthLabels = truthLabels;
        PredictedLabels = predictedLabels;
        Overlaps = overlaps;
        var truthSizes = new long[truthLabels.Length];
        var predictedSizes = new long[predictedLabels.Length];
        foreach (var (truth, predicted, voxels) in overlaps)
        {
            // The sizes are parts of this sum: what does not overflow it overflows none of them.
            Voxels = checked(Voxels + voxels);
            truthSizes[truth] += voxels;
            predictedSizes[predicted] += voxels;
        }
        TruthSizes = truthSizes;
        PredictedSizes = predictedSizes;
    }

    /// <summary>The labels of the ground truth, ascending.</summary>
    public IReadOnlyList<int> TruthLabels => _truthLabels;

    /// <summary>The labels of the prediction, ascending.</summary>
    public IReadOnlyList<int> PredictedLabels { get; }

    /// <summary>Voxels per ground truth segment.</summary>
    public IReadOnlyList<long> TruthSizes { get; }

    /// <summary>Voxels per predicted segment.</summary>
    public IReadOnlyList<long> PredictedSizes { get; }

    /// <summary>The pairs that share voxels, by ground truth, then by prediction.</summary>
    public IReadOnlyList<Overlap> Overlaps { get; }

    /// <summary>Voxels counted.</summary>
    public long Voxels { get; }

    /// <summary>Number of ground truth objects; label 0 does not count.</summary>
    public int TruthObjects => TruthLabels.Count(label => label != 0);

    /// <summary>Number of predicted objects; label 0 does not count.</summary>
    public int PredictedObjects => PredictedLabels.Count(label => label != 0);

    /// <summary>Compares two label volumes of the same extents.</summary>
    /// <exception cref="ArgumentException">The extents differ, or a volume has several channels.</exception>
    public static ContingencyTable Of(Volume<int> truth, Volume<int> predicted)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(predicted);
        if (!truth.HasExtentsOf(predicted) || truth.Channels != 1 || predicted.Channels != 1)
            throw new ArgumentException($"Scores: ground truth ({truth}) and prediction ({predicted}) must be label images of the same size.");
        return Of(truth.Data, predicted.Data);
    }

    /// <summary>Compares two label images voxel by voxel; two empty ones give an empty table.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static ContingencyTable Of(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted)
    {
        if (truth.Length != predicted.Length)
            throw new ArgumentException($"Scores: ground truth has {truth.Length} voxels, the prediction {predicted.Length}.");
        var counts = new Dictionary<(int Truth, int Predicted), long>();
        // Labels come in runs: the dictionary is asked once per run.
        for (var i = 0; i < truth.Length;)
        {
            var (t, p) = (truth[i], predicted[i]);
            var start = i;
            while (++i < truth.Length && truth[i] == t && predicted[i] == p)
            {
            }
            CollectionsMarshal.GetValueRefOrAddDefault(counts, (t, p), out _) += i - start;
        }

        int[] truthLabels = [.. counts.Keys.Select(pair => pair.Truth).Distinct().Order()];
        int[] predictedLabels = [.. counts.Keys.Select(pair => pair.Predicted).Distinct().Order()];
        var overlaps = counts
            .Select(entry => new Overlap(
                Array.BinarySearch(truthLabels, entry.Key.Truth), Array.BinarySearch(predictedLabels, entry.Key.Predicted), entry.Value))
            .OrderBy(o => o.Truth).ThenBy(o => o.Predicted);
        return new ContingencyTable(truthLabels, predictedLabels, [.. overlaps]);
    }

    /// <summary>
    /// The table of the voxels that do not carry a label of the ground truth: 0, the background, or one that says what is not to count.
    /// </summary>
    /// <param name="label">Left out; a predicted segment loses the voxels it has there.</param>
    public ContingencyTable WithoutTruth(int label)
    {
        var left = _truthLabels.AsSpan().IndexOf(label);
        if (left < 0)
            return this;
        var kept = Overlaps.Where(o => o.Truth != left).ToArray();
        int[] predictedLabels = [.. kept.Select(o => PredictedLabels[o.Predicted]).Distinct().Order()];
        return new ContingencyTable(
            [.. TruthLabels.Where(other => other != label)],
            predictedLabels,
            [.. kept.Select(o => new Overlap(
                o.Truth > left ? o.Truth - 1 : o.Truth, Array.BinarySearch(predictedLabels, PredictedLabels[o.Predicted]), o.Voxels))]);
    }

    /// <summary>The same table with the roles exchanged.</summary>
    public ContingencyTable Transpose() => new(
        [.. PredictedLabels],
        [.. TruthLabels],
        [.. Overlaps.Select(o => new Overlap(o.Predicted, o.Truth, o.Voxels)).OrderBy(o => o.Truth).ThenBy(o => o.Predicted)]);

    /// <summary>The overlaps of two objects: neither side is background.</summary>
    internal IEnumerable<Overlap> ObjectOverlaps => Overlaps.Where(o => TruthLabels[o.Truth] != 0 && PredictedLabels[o.Predicted] != 0);
}
