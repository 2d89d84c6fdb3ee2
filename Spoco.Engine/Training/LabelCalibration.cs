using Spoco.Engine.Data;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Training;

/// <summary>
/// What labelled objects say of how a model is to segment: the threshold of its foreground, from 0.5 on, and then the distance at which neighbours are joined, from delta_d
/// on. Each goes step by step to where the mean best IoU of the objects grows by more than the standard error of that growth. Where few objects are labelled, the foreground often is
/// too generous, as the labelled ones are seen more often than others; their own outlines show it. A step down also adds segments that are no objects, beside the
/// labelled ones or as pieces of them, which their best IoU hardly shows: it has to gain more. Ours; measured in docs/foreground.md.
/// </summary>
internal static class LabelCalibration
{
    // What the mean of the best IoUs has to grow by in a step down.
    private const double LeastGrowthDown = 0.02;

    // Not where the model was before: what was best early in a training need not be so later.
    private const double FirstThreshold = 0.5;
    private const double FirstDistance = 1;

    private static readonly double[] Thresholds = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

    // In delta_d.
    private static readonly double[] Distances = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5];

    /// <summary>Sets the model's segmentation.</summary>
    /// <param name="model">The model; has learned a foreground.</param>
    /// <param name="settings">What it is trained with.</param>
    /// <param name="items">Images with labelled objects.</param>
    public static void Apply(SpocoModel model, TrainingSettings settings, IReadOnlyList<TrainingItem> items)
    {
        var (margin, overlaps) = (model.Options.PushMargin, new Dictionary<(double Threshold, double Distance), double[]>());
        var threshold = Thresholds[Climb(
            Array.IndexOf(Thresholds, FirstThreshold), Thresholds.Length, steps => Values([.. steps.Select(i => (Thresholds[i], FirstDistance * margin))]))];
        var distance = Distances[Climb(
            Array.IndexOf(Distances, FirstDistance), Distances.Length, steps => Values([.. steps.Select(i => (threshold, Distances[i] * margin))]))];
        model.SetSegmentation(threshold, model.Options.SizeFloor, distance * margin);

        IReadOnlyList<double[]> Values((double, double)[] choices)
        {
            (double, double)[] missing = [.. choices.Where(choice => !overlaps.ContainsKey(choice))];
            foreach (var (choice, values) in missing.Zip(BestIoUs(model, settings, items, missing)))
                overlaps[choice] = values;
            return [.. choices.Select(choice => overlaps[choice])];
        }
    }

    /// <summary>Goes from one of a row of choices to its neighbours as long as that is better.</summary>
    /// <param name="start">The first one.</param>
    /// <param name="count">How many there are, in ascending order.</param>
    /// <param name="evaluate">The values of all objects, for each of some choices.</param>
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
        var growth = Spread.Of(before.Zip(after, (b, a) => a - b));
        return growth.Count > 1 && growth.Mean > Math.Max(least, growth.StandardError);
    }

    /// <summary>The best IoU of every object, for each of some thresholds and distances.</summary>
    private static IReadOnlyList<double[]> BestIoUs(
        SpocoModel model, TrainingSettings settings, IReadOnlyList<TrainingItem> items, (double Threshold, double Distance)[] choices)
    {
        var values = Array.ConvertAll(choices, _ => new List<double>());
        foreach (var item in items.Where(item => choices.Length > 0 && item.Objects.Count > 0))
        {
            // One at a time, as validation images may be volumes.
            using var prediction = OrientationAverage.PredictOnDevice(model, ValidationScoring.AsSeen(settings, item), orientations: 1);
            for (var i = 0; i < choices.Length; i++)
            {
                var segments = InstanceSegmentation.SegmentLearned(
                    prediction.Prediction, choices[i].Threshold, model.Options.Segmentation with { MergeDistance = choices[i].Distance }, model.Device);
                values[i].AddRange(LabelledScores.BestIoUs(item.Labels, settings.Resized is null ? segments : Resizing.Labels(segments, item.Extents)));
            }
        }

        return [.. values.Select(v => v.ToArray())];
    }
}
