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
    private readonly bool _readsMomentum;
    private readonly int _views;

    /// <param name="model">The model.</param>
    /// <param name="trained">What it was trained with, where it says so.</param>
    /// <param name="asked">The options.</param>
    /// <param name="checkpoint">The model's file.</param>
    /// <exception cref="InputException">The options do not fit the model.</exception>
    public ModelSegmentation(SpocoModel model, TrainSettings? trained, SegmentRequest asked, string checkpoint)
    {
        (_model, _trained, _asked, _checkpoint) = (model, trained, asked, checkpoint);
        if (ClusteringRequest.Obstacle(asked.Clustering.Name, model.Options.EmbeddingDimensions, trained) is { } obstacle)
            throw new InputException($"--clustering: {obstacle}.");
        _options = model.Options.Segmentation with
        {
            SizeFloor = asked.SizeFloor ?? model.Options.SizeFloor,
            MergeDistance = asked.MergeDistance ?? model.Options.Segmentation.MergeDistance,
            RemoveLargest = asked.RemoveLargest,
            MergeFragments = !asked.RemoveFragments,
            Clustering = asked.Clustering.IsMutexWatershed ? null : asked.Clustering.Of(asked.Clustering.Name, model.Options),
            Fill = asked.Fill,
        };
        _readsMomentum = _options.Clustering is { ReadsMomentum: true };
        Foreground = ForegroundRequest.Of(asked.Foreground, asked.Threshold, CityscapesClass.Named(asked.Class ?? trained?.Source.Class), model.Options, checkpoint);
        if (Foreground.Source == ForegroundChoice.Otsu && asked.Embeddings.Length > 0)
            throw new InputException("--foreground: otsu needs images, not embeddings.");

        _views = asked.Orientations ?? (asked.Clustering.AveragesViews(Foreground.Source) ? OrientationAverage.DefaultOf(model.Options) : 1);
        asked.Clustering.RequireViews(_views, Foreground.Source);
    }

    /// <summary>Which pixels belong to objects.</summary>
    public ForegroundRequest Foreground { get; }

    private string RawName => _asked.RawName ?? (_trained?.Source ?? new SourceSettings()).RawName;

    /// <summary>The same for images that are to be segmented part by part.</summary>
    public PartwiseSegmentation Partwise() => new(_model, _options, _views, Foreground, _asked.Memory)
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
            var stored = EmbeddingFile.Read(file, _model.Options.EmbeddingDimensions, _readsMomentum);
            return (Segment(file, null, null, stored, cancellation), EmbeddingPicture.Draw(stored.Embeddings));
        }

        var (image, seen) = ModelImages.Read(file, RawName, _model.Options.Network.InputChannels, _trained?.Resized);
        using var predicted = ModelImages.Apply(_model, seen, file, x => OrientationAverage.PredictOnDevice(_model, x, _views, _readsMomentum, cancellation));
        var labels = Segment(file, image, seen, predicted.Prediction, cancellation);
        return (image.HasExtentsOf(labels) ? labels : Resizing.Labels(labels, new PatchExtents(image.Depth, image.Height, image.Width)), Picture.OfImage(image));
    }

    private Volume<int> Segment(string file, Volume<float>? image, Volume<float>? seen, Prediction prediction, CancellationToken cancellation) =>
        Foreground.Segmenter(file, image, seen, prediction, _options.Watershed, _model.Device, cancellation)(_options);
}
