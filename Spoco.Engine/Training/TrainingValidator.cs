using Spoco.Engine.Data;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>Validates the model of a training, and says which of two is the better one.</summary>
/// <param name="data">The images of the training.</param>
/// <param name="settings">Its settings.</param>
internal sealed class TrainingValidator(TrainingSet data, TrainingSettings settings)
{
    /// <summary>
    /// Lets labelled objects say how the model is to segment, segments the validation images, each in one orientation to save time, and takes the loss of their middles. A model without a learned
    /// foreground is scored inside the true one, as it needs a mask to segment with anyway.
    /// </summary>
    public ValidationResult Validate(SpocoTrainer trainer)
    {
        Calibrate(trainer.Model);
        var (images, losses) = (data.Validation.Count, 0.0);
        var scores = new List<ImageScores>();
        for (var i = 0; i < images; i++)
        {
            var item = data.Validation[i];
            if (!settings.ValidatesLabelledAlone)
                scores.Add(ValidationScoring.Of(trainer.Model, settings, item, new ScoringChoices()));
            var seen = settings.Resized is { } size ? new TrainingItem(item.Name, Resizing.Image(item.Image, size), Resizing.Labels(item.Labels, size)) : item;
            losses += trainer.Validate(Middle(seen, settings.PatchExtents), i) / images;
        }

        if (settings.ValidatesLabelledAlone)
            return new ValidationResult(losses, 0, 0, Labelled: ValidationScoring.OfLabelled(trainer.Model, settings, data.Validation, orientations: 1));

        // Undefined where no image has an object on either side.
        var mean = ImageScores.Mean(scores);
        return double.IsNaN(mean.AveragePrecision50)
            ? new ValidationResult(losses, 0, 0) : new ValidationResult(losses, mean.AveragePrecision50, mean.SymmetricBestDice);
    }

    /// <summary>A validation with what the model makes of the same images when nothing else is asked for; as it is without labels to compare with.</summary>
    public ValidationResult WithDefaults(SpocoModel model, ValidationResult result)
    {
        if (!data.CanScore)
            return result;
        if (settings.ValidatesLabelledAlone)
            return result with { Segmented = new SegmentedScores(0, 0, ValidationScoring.OfLabelled(model, settings, data.Validation, OrientationAverage.DefaultOf(model.Options))) };
        var scores = ValidationScoring.Mean(model, settings, data.Validation, ScoringChoices.Defaults(model.Options), CancellationToken.None);
        return result with { Segmented = new SegmentedScores(scores.AveragePrecision50, scores.SymmetricBestDice, Error: scores.AveragePrecision50Error) };
    }

    /// <summary>Whether a model is better than the best one so far. Without labels only the loss tells.</summary>
    public bool IsBetter(ValidationResult result, ValidationResult best) => !data.CanScore
        ? result.Loss < best.Loss
        : result.Labelled is { } labelled ? best.Labelled is not { } former || labelled.Rank > former.Rank
        : result.AveragePrecision50 > best.AveragePrecision50;

    private void Calibrate(SpocoModel model)
    {
        if (!model.Options.Foreground || !data.CanScore)
            return;
        if (settings.Labels.Extent == LabelExtent.Partial)
            PartialLabelCalibration.Apply(model, settings, data.Validation);
        else
            LabelCalibration.Apply(model, settings, data.Validation);
    }

    private static TrainingBatch Middle(TrainingItem item, PatchExtents patch)
    {
        var (d, h, w) = (Math.Min(patch.Depth, item.Image.Depth), Math.Min(patch.Height, item.Image.Height), Math.Min(patch.Width, item.Image.Width));
        var (z, y, x) = ((item.Image.Depth - d) / 2, (item.Image.Height - h) / 2, (item.Image.Width - w) / 2);
        var batch = new TrainingBatch(new TensorShape(1, d, h, w, item.Image.Channels));
        item.Image.Crop(z, y, x, d, h, w).Data.CopyTo(batch.ViewF, 0);
        batch.ViewF.CopyTo(batch.ViewG, 0);
        item.Labels.Crop(z, y, x, d, h, w).Data.CopyTo(batch.Labels, 0);
        return batch;
    }
}
