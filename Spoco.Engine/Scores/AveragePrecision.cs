namespace Spoco.Engine.Scores;

/// <summary>How many objects were detected at one IoU threshold.</summary>
/// <param name="Threshold">A match needs an IoU above this, strictly.</param>
/// <param name="TruePositives">Ground truth objects matched one-to-one with a predicted one.</param>
/// <param name="FalsePositives">Predicted objects without a match.</param>
/// <param name="FalseNegatives">Ground truth objects without a match.</param>
public readonly record struct Detection(double Threshold, int TruePositives, int FalsePositives, int FalseNegatives)
{
    /// <summary>
    /// TP / (TP + FP + FN), the average precision of the Data Science Bowl 2018; 0 where only one side has objects, NaN, undefined, where neither
    /// has: to find nothing where nothing is must not lift a mean over objects that are found.
    /// </summary>
    public double AveragePrecision => (double)TruePositives / ((double)TruePositives + FalsePositives + FalseNegatives);

    /// <summary>TP / (TP + FP); 0 where nothing was predicted but there are objects, NaN where there is no object on either side.</summary>
    public double Precision => IsEmpty ? double.NaN : TruePositives / Math.Max(1, (double)TruePositives + FalsePositives);

    /// <summary>TP / (TP + FN); 0 where there are predicted objects only, NaN where there is no object on either side.</summary>
    public double Recall => IsEmpty ? double.NaN : TruePositives / Math.Max(1, (double)TruePositives + FalseNegatives);

    /// <summary>2 TP / (2 TP + FP + FN); 0 where only one side has objects, NaN where neither has.</summary>
    public double F1 => 2.0 * TruePositives / (2.0 * TruePositives + FalsePositives + FalseNegatives);

    private bool IsEmpty => TruePositives == 0 && FalsePositives == 0 && FalseNegatives == 0;
}

/// <summary>
/// Average precision over instances: objects match when intersection / union exceeds the threshold, strictly. Label 0 is never an object,
/// other labels always are. From 0.5 on an object can have one partner only; below, the largest one-to-one matching counts. False positives count
/// on an empty ground truth too (the reference implementation scores 1.0 there).
/// </summary>
public static class AveragePrecision
{
    /// <summary>The thresholds of the mean: 0.50, 0.55, ... 0.95.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = [.. Enumerable.Range(0, 10).Select(k => (50 + 5 * k) / 100.0)];

    /// <summary>Detections at one threshold.</summary>
    /// <param name="table">Overlaps of ground truth and prediction.</param>
    /// <param name="threshold">IoU, 0 to 1.</param>
    /// <exception cref="ArgumentException">The threshold is not in 0 to 1.</exception>
    public static Detection At(ContingencyTable table, double threshold = 0.5)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (!(threshold >= 0) || threshold > 1)
            throw new ArgumentException($"AveragePrecision: the IoU threshold must be in 0 to 1, got {threshold}.");
        var candidates = table.ObjectOverlaps
            .Where(o => o.Voxels / (double)(table.TruthSizes[o.Truth] + table.PredictedSizes[o.Predicted] - o.Voxels) > threshold)
            .ToLookup(o => o.Truth, o => o.Predicted);
        var matches = LargestMatching(candidates, table.TruthLabels.Count, table.PredictedLabels.Count);
        return new Detection(threshold, matches, table.PredictedObjects - matches, table.TruthObjects - matches);
    }

    /// <summary>Mean of AP over <see cref="Thresholds"/>: mAP 0.50:0.05:0.95. NaN, undefined, where there is no object on either side.</summary>
    public static double Mean(ContingencyTable table) => Thresholds.Average(t => At(table, t).AveragePrecision);

    // Augmenting paths, breadth first: a ground truth object takes a free partner, or one whose owner can move on.
    private static int LargestMatching(ILookup<int, int> candidates, int truths, int predicted)
    {
        const int None = -1;
        var partner = new int[truths];
        var owner = new int[predicted];
        var reachedFrom = new int[predicted];
        partner.AsSpan().Fill(None);
        owner.AsSpan().Fill(None);
        reachedFrom.AsSpan().Fill(None);
        var reached = new List<int>();
        var waiting = new Queue<int>();
        var matches = 0;
        foreach (var start in candidates)
        {
            foreach (var p in reached)
                reachedFrom[p] = None;
            reached.Clear();
            waiting.Clear();
            waiting.Enqueue(start.Key);
            var free = None;
            while (free == None && waiting.TryDequeue(out var truth))
                foreach (var p in candidates[truth])
                {
                    if (reachedFrom[p] != None)
                        continue;
                    reachedFrom[p] = truth;
                    reached.Add(p);
                    if (owner[p] == None)
                    {
                        free = p;
                        break;
                    }
                    waiting.Enqueue(owner[p]);
                }
            if (free != None)
                matches++;
            for (var p = free; p != None;)
            {
                var truth = reachedFrom[p];
                owner[p] = truth;
                (partner[truth], p) = (p, partner[truth]);
            }
        }
        return matches;
    }
}
