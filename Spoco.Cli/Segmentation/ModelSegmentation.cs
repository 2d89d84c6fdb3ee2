using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Segmentation;

/// <summary>Segments images, or embeddings, as a model and the options of <c>spoco segment</c> say.</summary>
internal sealed class ModelSegmentation
{
    private readonly SpocoModel _model;
    private readonly TrainSettings? _trained;
    private readonly SegmentRequest _asked;
    private readonly string _checkpoint;
    private readonly InstanceSegmentationOptions _options;
    private readonly CityscapesClass? _only;
    private readonly int _views;

    /// <param name="model">The model.</param>
    /// <param name="trained">What it was trained with, where it says so.</param>
    /// <param name="asked">The options.</param>
    /// <param name="checkpoint">The model's file.</param>
    /// <exception cref="InputException">The options do not fit the model.</exception>
    public ModelSegmentation(SpocoModel model, TrainSettings? trained, SegmentRequest asked, string checkpoint)
    {
        (_model, _trained, _asked, _checkpoint) = (model, trained, asked, checkpoint);
        _only = CityscapesClass.Named(asked.Class ?? trained?.Source.Class);
        _options = model.Options.Segmentation with
        {
            SizeFloor = asked.SizeFloor ?? model.Options.SizeFloor,
            MergeDistance = asked.MergeDistance ?? model.Options.Segmentation.MergeDistance,
            RemoveLargest = asked.RemoveLargest,
            MergeFragments = !asked.RemoveFragments,
        };
        _views = asked.Orientations ?? OrientationAverage.DefaultOf(model.Options);
        if (_views is not (1 or 2 or 4 or 8))
            throw new InputException($"--orientations: expected 1, 2, 4 or 8, got {_views}.");
        Threshold = asked.Threshold ?? model.Options.ForegroundThreshold;
        Foreground = asked.Foreground ?? ForegroundChoice.Default(model.Options);
        if (Foreground == ForegroundChoice.Learned && !model.Options.Foreground)
            throw new InputException($"--foreground: {checkpoint} has learned no foreground (it was trained with --no-foreground, --self-supervised or --ignore-label).");
        if (Foreground == ForegroundChoice.Otsu && asked.Embeddings.Length > 0)
            throw new InputException("--foreground: otsu needs images, not embeddings.");
    }

    /// <summary>What <c>--foreground</c> says, or its default.</summary>
    public string Foreground { get; }

    /// <summary>Probability of the learned foreground from which a pixel belongs to an object.</summary>
    public double Threshold { get; }

    private string RawName => _asked.RawName ?? (_trained?.Source ?? new SourceSettings()).RawName;

    /// <summary>The same for images that are to be segmented part by part.</summary>
    public PartwiseSegmentation Partwise() => new(_model, _options, _views, Foreground, Threshold, _only is not null, _asked.Memory)
    {
        RawName = RawName, LabelName = _asked.LabelName, Checkpoint = _checkpoint, IsResized = _trained?.Resized is not null, Threads = _asked.Threads,
    };

    /// <summary>Segments an image, or embeddings, of a file.</summary>
    /// <returns>The labels, and the picture to draw them on.</returns>
    /// <exception cref="InputException">The file is damaged or does not fit the model.</exception>
    public (Volume<int> Labels, Picture Picture) Segment(string file, CancellationToken cancellation)
    {
        if (_asked.Embeddings.Length > 0)
        {
            var stored = EmbeddingFile.Read(file, _model.Options.EmbeddingDimensions);
            return (Segment(file, null, null, stored, cancellation), EmbeddingPicture.Draw(stored.Embeddings));
        }

        var (image, seen) = ModelImages.Read(file, RawName, _model.Options.Network.InputChannels, _trained?.Resized);
        using var predicted = ModelImages.Apply(_model, seen, file, x => OrientationAverage.PredictOnDevice(_model, x, _views, cancellation: cancellation));
        var labels = Segment(file, image, seen, predicted.Prediction, cancellation);
        return (image.HasExtentsOf(labels) ? labels : Resizing.Labels(labels, new PatchExtents(image.Depth, image.Height, image.Width)), Picture.OfImage(image));
    }

    private Volume<int> Segment(string file, Volume<float>? image, Volume<float>? seen, Prediction prediction, CancellationToken cancellation)
    {
        if (Foreground != ForegroundChoice.Learned)
            return InstanceSegmentation.Segment(
                prediction, ForegroundChoice.Of(Foreground, file, _only, image, seen, prediction, _options, _model.Device, cancellation), _options, _model.Device, cancellation);
        if (prediction.Foreground is null)
            throw new InputException($"{file}: holds no foreground; predict again with a model that has learned one.");
        return InstanceSegmentation.SegmentLearned(prediction, Threshold, _options, _model.Device, cancellation);
    }
}
