using Spoco.Engine.Data;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Training;

/// <summary>
/// What labels that mark a part of their objects do not say, taken from what a model makes of images: from which probability on a voxel belongs to an object
/// (<see cref="OutlineThreshold"/>), and the size floor, by the rule of <see cref="TrainingSet.SizeFloor"/> from the segments that hold most of a mark.
/// </summary>
internal static class PartialLabelCalibration
{
    /// <summary>Sets the model's segmentation.</summary>
    /// <param name="model">The model; has learned a foreground.</param>
    /// <param name="settings">What it is trained with.</param>
    /// <param name="items">Images with some objects marked.</param>
    public static void Apply(SpocoModel model, TrainingSettings settings, IReadOnlyList<TrainingItem> items)
    {
        var threshold = new OutlineThreshold();
        foreach (var item in items)
        {
            var image = ValidationScoring.AsSeen(settings, item);
            threshold.Add(image, OrientationAverage.Predict(model, image, orientations: 1).Foreground!);
        }

        model.SetSegmentation(threshold.Value, sizeFloor: 0, mergeDistance: null);
        var sizes = items.SelectMany(item => SizesOfMarked(model, settings, item)).ToList();
        model.SetSegmentation(threshold.Value, TrainingSet.SizeFloor(sizes), mergeDistance: null);
    }

    private static IEnumerable<double> SizesOfMarked(SpocoModel model, TrainingSettings settings, TrainingItem item)
    {
        var segments = InstanceSegmentation.SegmentLearned(
            OrientationAverage.Predict(model, ValidationScoring.AsSeen(settings, item), orientations: 1), model.Options.ForegroundThreshold,
            model.Options.Segmentation, model.Device);
        var marks = settings.Resized is { } size ? Resizing.Labels(item.Labels, size) : item.Labels;
        var table = ContingencyTable.Of(marks, segments);
        return table.Overlaps.Where(o => table.TruthLabels[o.Truth] > 0 && table.PredictedLabels[o.Predicted] != 0).GroupBy(o => o.Truth)
            .Select(overlaps => (double)table.PredictedSizes[overlaps.MaxBy(o => o.Voxels).Predicted]);
    }
}
