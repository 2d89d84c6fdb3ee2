using Spoco.Cli.Commands;
using Spoco.Cli.Data;
using Spoco.Cli.Evaluation;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Training;

/// <summary>How validation images are segmented.</summary>
/// <param name="Foreground">As spoco segment's <c>--foreground</c>, or <see cref="Truth"/>; null = learned where the model has it, else the true
/// one.</param>
/// <param name="Orientations">Views to average over.</param>
internal sealed record ScoringChoices(string? Foreground = null, int Orientations = 1)
{
    /// <summary>The pixels of the true objects: what is scored is how well they are told apart.</summary>
    public const string Truth = "truth";

    /// <summary>What spoco segment does with a model when nothing else is said.</summary>
    public static ScoringChoices OfSegment(SpocoModelOptions model) =>
        new(SegmentCommand.DefaultForeground(model), OrientationAverage.DefaultOf(model));
}

/// <summary>Segments validation images and scores them at their own size.</summary>
internal static class ValidationScoring
{
    /// <summary>The mean of every score over the images.</summary>
    public static ImageScores Mean(
        SpocoModel model, TrainSettings settings, IReadOnlyList<TrainingItem> items, ScoringChoices choices, CancellationToken cancellation)
    {
        var scores = new List<ImageScores>();
        foreach (var item in items)
            scores.Add(Of(model, settings, item, choices, cancellation));
        return ImageScores.Mean(scores);
    }

    /// <summary>The scores of one image.</summary>
    /// <exception cref="InputException">There is no such mask.</exception>
    public static ImageScores Of(
        SpocoModel model, TrainSettings settings, TrainingItem item, ScoringChoices choices, CancellationToken cancellation = default) =>
        Score(settings, item, Segment(model, settings, item, choices, cancellation));

    /// <summary>The scores of images of which not all objects are labelled, as <c>spoco segment</c> makes them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">What it was trained with.</param>
    /// <param name="items">The images.</param>
    /// <param name="orientations">Views to average over.</param>
    public static LabelledScores OfLabelled(SpocoModel model, TrainSettings settings, IReadOnlyList<TrainingItem> items, int orientations)
    {
        var choices = ScoringChoices.OfSegment(model.Options) with { Orientations = orientations };
        return LabelledScores.Of(
            items.Select(item => (item.Labels, Segment(model, settings, item, choices, CancellationToken.None))), settings.LabelsAre == LabelExtent.Partial);
    }

    /// <summary>The image in the size that the network sees.</summary>
    public static Volume<float> AsSeen(TrainSettings settings, TrainingItem item) => settings.Resized is { } size ? Resizing.Image(item.Image, size) : item.Image;

    private static Volume<int> Segment(
        SpocoModel model, TrainSettings settings, TrainingItem item, ScoringChoices choices, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var image = AsSeen(settings, item);
        using var predicted = OrientationAverage.PredictOnDevice(model, image, choices.Orientations, cancellation);
        var prediction = predicted.Prediction;
        var (options, device) = (model.Options.Segmentation, model.Device);
        var source = choices.Foreground ?? (prediction.Foreground is not null ? SegmentCommand.Learned : ScoringChoices.Truth);
        if (source == SegmentCommand.Learned && prediction.Foreground is null)
            throw new InputException("--foreground: the model has learned no foreground (it was trained with --no-foreground, --self-supervised or --ignore-label).");
        var only = CityscapesClass.Named(settings.Class);
        var labels = source == SegmentCommand.Learned
            ? InstanceSegmentation.SegmentLearned(prediction, model.Options.ForegroundThreshold, options, device, cancellation)
            : InstanceSegmentation.Segment(prediction, source == ScoringChoices.Truth
                ? TrueForeground(settings.Resized is { } seen ? Resizing.Labels(item.Labels, seen) : item.Labels)
                : SegmentCommand.Mask(source, item.Name, only, item.Image, image, prediction, options, device, cancellation),
                options, device, cancellation);
        return settings.Resized is null ? labels : Resizing.Labels(labels, item.Extents);
    }

    private static Volume<byte> TrueForeground(Volume<int> labels) => new(
        Array.ConvertAll(labels.Data, label => label is > 0 and not LabelRule.Background ? (byte)1 : (byte)0),
        labels.Depth, labels.Height, labels.Width);

    /// <summary>Voxels whose label is to be ignored belong to no segment.</summary>
    private static ImageScores Score(TrainSettings settings, TrainingItem item, Volume<int> labels)
    {
        if (!settings.NamesBackground)
            return ImageScores.Of(item.Name, settings.BackgroundLabel is null ? item.Labels
                : new Volume<int>(Array.ConvertAll(item.Labels.Data, label => Math.Max(label, 0)), labels.Depth, labels.Height, labels.Width), labels);
        for (var i = 0; i < labels.Data.Length; i++)
        {
            if (item.Labels.Data[i] == 0)
                labels.Data[i] = 0;
        }

        var truth = Array.ConvertAll(item.Labels.Data, label => label == LabelRule.Background ? 0 : label);
        return ImageScores.Of(item.Name, new Volume<int>(truth, labels.Depth, labels.Height, labels.Width), labels);
    }
}
