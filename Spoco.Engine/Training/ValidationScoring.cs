using Spoco.Engine.Data;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>Which pixels of a validation image belong to objects.</summary>
internal enum ScoringForeground
{
    /// <summary>Those of the learned foreground where the model has one, else the true ones.</summary>
    Auto,

    /// <summary>Those of the learned foreground.</summary>
    Learned,

    /// <summary>Those of the true objects: what is scored is how well they are told apart.</summary>
    Truth,

    /// <summary>Those of <see cref="ScoringChoices.Mask"/>.</summary>
    Mask,
}

/// <summary>Makes the mask of a validation image; null = every pixel belongs to an object.</summary>
/// <param name="item">The image and its labels.</param>
/// <param name="seen">The image in the size that the network sees, which the mask has.</param>
/// <param name="prediction">What the model says of it.</param>
/// <param name="cancellation">Stops the work.</param>
internal delegate Volume<byte>? MaskOfImage(TrainingItem item, Volume<float> seen, Prediction prediction, CancellationToken cancellation);

/// <summary>How validation images are segmented.</summary>
/// <param name="Foreground">Which pixels belong to objects.</param>
/// <param name="Orientations">Views to average over.</param>
/// <param name="Mask">The mask of an image, where <paramref name="Foreground"/> says so; null = none, every pixel is segmented.</param>
/// <param name="Options">The clustering and what becomes of its segments; null = those of the model.</param>
internal sealed record ScoringChoices(
    ScoringForeground Foreground = ScoringForeground.Auto, int Orientations = 1, MaskOfImage? Mask = null, InstanceSegmentationOptions? Options = null)
{
    /// <summary>What is done with a model when nothing else is asked for.</summary>
    public static ScoringChoices Defaults(SpocoModelOptions model) =>
        new(model.Foreground ? ScoringForeground.Learned : ScoringForeground.Mask, OrientationAverage.DefaultOf(model));
}

/// <summary>Segments validation images and scores them at their own size.</summary>
internal static class ValidationScoring
{
    /// <summary>The mean of every score over the images.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">What it was trained with.</param>
    /// <param name="items">The images.</param>
    /// <param name="choices">How they are segmented.</param>
    /// <param name="cancellation">Stops between images.</param>
    public static ImageScores Mean(
        SpocoModel model, TrainingSettings settings, IReadOnlyList<TrainingItem> items, ScoringChoices choices, CancellationToken cancellation)
    {
        var scores = new List<ImageScores>();
        using var held = model.EmbeddingNet.Parameters.Hold();
        foreach (var item in items)
            scores.Add(Of(model, settings, item, choices, cancellation));
        return ImageScores.Mean(scores);
    }

    /// <summary>The scores of one image.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">What it was trained with.</param>
    /// <param name="item">The image.</param>
    /// <param name="choices">How it is segmented.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="InputException">There is no such mask.</exception>
    public static ImageScores Of(
        SpocoModel model, TrainingSettings settings, TrainingItem item, ScoringChoices choices, CancellationToken cancellation = default) =>
        Score(settings, item, Segment(model, settings, item, choices, cancellation));

    /// <summary>The scores of images of which not all objects are labelled, as <see cref="SpocoModel.Segment"/> makes them but for the number of views.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">What it was trained with.</param>
    /// <param name="items">The images.</param>
    /// <param name="orientations">Views to average over.</param>
    public static LabelledScores OfLabelled(SpocoModel model, TrainingSettings settings, IReadOnlyList<TrainingItem> items, int orientations)
    {
        var choices = ScoringChoices.Defaults(model.Options) with { Orientations = orientations };
        return LabelledScores.Of(
            items.Select(item => (item.Labels, Segment(model, settings, item, choices, CancellationToken.None))), settings.Labels.Extent == LabelExtent.Partial);
    }

    /// <summary>The image in the size that the network sees.</summary>
    public static Volume<float> AsSeen(TrainingSettings settings, TrainingItem item) => settings.Resized is { } size ? Resizing.Image(item.Image, size) : item.Image;

    private static Volume<int> Segment(
        SpocoModel model, TrainingSettings settings, TrainingItem item, ScoringChoices choices, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var image = AsSeen(settings, item);
        var (options, device) = (choices.Options ?? model.Options.Segmentation, model.Device);
        using var predicted = OrientationAverage.PredictOnDevice(model, image, choices.Orientations, options.Divides.ReadsMomentum, cancellation);
        var prediction = predicted.Prediction;
        var source = choices.Foreground != ScoringForeground.Auto ? choices.Foreground
            : prediction.Foreground is not null ? ScoringForeground.Learned : ScoringForeground.Truth;
        var labels = source == ScoringForeground.Learned
            ? InstanceSegmentation.SegmentLearned(prediction, model.Options.ForegroundThreshold, options, device, cancellation)
            : InstanceSegmentation.Segment(prediction, source == ScoringForeground.Truth
                ? TrueForeground(settings.Resized is { } seen ? Resizing.Labels(item.Labels, seen) : item.Labels)
                : choices.Mask?.Invoke(item, image, prediction, cancellation),
                options, device, cancellation);
        return settings.Resized is null ? labels : Resizing.Labels(labels, item.Extents);
    }

    private static Volume<byte> TrueForeground(Volume<int> labels) => new(
        Array.ConvertAll(labels.Data, label => label is > 0 and not LabelRule.Background ? (byte)1 : (byte)0),
        labels.Depth, labels.Height, labels.Width);

    /// <summary>Voxels whose label is to be ignored belong to no segment.</summary>
    private static ImageScores Score(TrainingSettings settings, TrainingItem item, Volume<int> labels)
    {
        if (!settings.Labels.NamesBackground)
            return ImageScores.Of(item.Name, settings.Labels.BackgroundLabel is null ? item.Labels
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
