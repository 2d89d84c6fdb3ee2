using Spoco.Cli.Data;
using Spoco.Cli.Evaluation;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Training;

/// <summary>
/// The threshold of a learned foreground at which labelled objects are outlined best: from 0.5, step by step to where the mean best IoU of
/// the objects grows by more than the standard error of that growth. Where few objects are labelled, the foreground often is too generous, as the labelled
/// ones are seen more often than others; their own outlines show it. A lower threshold also adds objects that are none, which labelled objects do not show: a step
/// down has to gain more. Ours; measured in docs/foreground.md.
/// </summary>
internal static class LabelledThreshold
{
    // What the mean of the best IoUs has to grow by in a step down.
    private const double LeastGrowthDown = 0.02;

    // Not where the model was cut before: what was best early in a training need not be so later.
    private const double Start = 0.5;

    private static readonly double[] Candidates = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

    /// <summary>Sets the model's threshold.</summary>
    /// <param name="model">The model; has learned a foreground.</param>
    /// <param name="settings">What it is trained with.</param>
    /// <param name="items">Images with labelled objects.</param>
    public static void Apply(SpocoModel model, TrainSettings settings, IReadOnlyList<TrainingItem> items)
    {
        var overlaps = new Dictionary<int, double[]>();
        var chosen = Climb(Array.IndexOf(Candidates, Start), Candidates.Length, wanted =>
        {
            int[] missing = [.. wanted.Where(i => !overlaps.ContainsKey(i))];
            foreach (var (i, values) in missing.Zip(BestIoUs(model, settings, items, [.. missing.Select(i => Candidates[i])])))
                overlaps[i] = values;
            return [.. wanted.Select(i => overlaps[i])];
        });
        model.SetSegmentation(Candidates[chosen], model.Options.SizeFloor);
    }

    /// <summary>Goes from one of a row of thresholds to its neighbours as long as that is better.</summary>
    /// <param name="start">The first one.</param>
    /// <param name="count">How many there are, in ascending order.</param>
    /// <param name="evaluate">The values of all objects, for each of some thresholds.</param>
    internal static int Climb(int start, int count, Func<int[], IReadOnlyList<double[]>> evaluate)
    {
        for (var at = start; ;)
        {
            int[] wanted = [at, .. new[] { at - 1, at + 1 }.Where(i => i >= 0 && i < count)];
            var values = evaluate(wanted);
            var better = Enumerable.Range(1, wanted.Length - 1).Where(i => Grows(values[0], values[i], wanted[i] < at ? LeastGrowthDown : 0)).ToArray();
            if (better.Length == 0)
                return at;
            at = wanted[better.MaxBy(i => values[i].Average())];
        }
    }

    private static bool Grows(double[] before, double[] after, double least)
    {
        var growth = before.Zip(after, (b, a) => a - b).ToArray();
        if (growth.Length < 2)
            return false;
        var mean = growth.Average();
        return mean > Math.Max(least, Math.Sqrt(growth.Sum(g => (g - mean) * (g - mean)) / (growth.Length * (growth.Length - 1.0))));
    }

    /// <summary>The best IoU of every object, for each of some thresholds.</summary>
    private static IReadOnlyList<double[]> BestIoUs(SpocoModel model, TrainSettings settings, IReadOnlyList<TrainingItem> items, double[] thresholds)
    {
        var values = Array.ConvertAll(thresholds, _ => new List<double>());
        foreach (var item in items.Where(item => item.Objects.Count > 0))
        {
            var prediction = OrientationAverage.Predict(model, ValidationScoring.AsSeen(settings, item), orientations: 1);
            for (var i = 0; i < thresholds.Length; i++)
            {
                var segments = InstanceSegmentation.SegmentLearned(prediction, thresholds[i], model.Options.Segmentation, model.Device);
                values[i].AddRange(LabelledScores.BestIoUs(item.Labels, settings.Resized is null ? segments : Resizing.Labels(segments, item.Extents)));
            }
        }

        return [.. values.Select(v => v.ToArray())];
    }
}
