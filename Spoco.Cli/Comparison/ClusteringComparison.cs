using System.Globalization;
using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Data;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Comparison;

/// <summary>
/// Segments images by several clusterings and scores the segmentations. The network is run once per image. With a folder, <c>table.md</c>, <c>images.csv</c> and
/// a picture of the image are written after every image, so that what was done is there whenever the comparison is stopped.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="settings">What it was trained with, or the defaults.</param>
/// <param name="clusterings">What is compared.</param>
/// <param name="foreground">Which pixels are segmented; <see cref="ForegroundChoice.Truth"/>: those of the true objects.</param>
/// <param name="orientations">Views to average affinities and foreground over.</param>
/// <param name="options">What becomes of segments.</param>
internal sealed class ClusteringComparison(
    SpocoModel model, TrainSettings settings, IReadOnlyList<IClustering> clusterings, ForegroundRequest foreground, int orientations, InstanceSegmentationOptions options)
{
    private const int CornerDepth = 8;
    private const int CornerSide = 64;

    private readonly List<ClusteredImage> _results = [];
    private readonly TimedClustering[] _clusterings = [.. clusterings.Select(clustering => new TimedClustering(clustering))];

    /// <summary>Stands below the table, behind the number of images.</summary>
    public required string Footnote { get; init; }

    /// <summary>The table of the images that are done.</summary>
    public string Table => ComparisonTable.Markdown(
        [.. clusterings.Select(c => c.Name)], _results, string.Create(CultureInfo.InvariantCulture, $"Mean ± SD over {Images} images; {Footnote}"));

    /// <summary>Number of images that are done.</summary>
    public int Images => _results.Count / _clusterings.Length;

    /// <summary>The files that a comparison writes.</summary>
    public static IReadOnlyList<PlannedOutput> Files(string folder, IReadOnlyList<DataItem> items) =>
    [
        new(Path.Combine(folder, "table.md"), "the table of the comparison", path => ResultMark.BeginsWith(path, ComparisonTable.Title)),
        new(Path.Combine(folder, "images.csv"), "the scores of the comparison", path => ResultMark.BeginsWith(path, ComparisonTable.Header)),
        .. items.Select(item => new PlannedOutput(PictureOf(folder, item), $"the clusterings of {item.ImagePath}", path => ResultMark.IsOn(path, ResultMark.Picture))),
    ];

    /// <summary>Compares on all images.</summary>
    /// <param name="items">The images, with labels.</param>
    /// <param name="folder">Where the results go; null = nowhere.</param>
    /// <param name="cancellation">Stops within an image.</param>
    /// <exception cref="InputException">An image cannot be read or does not fit, or a clustering refuses it.</exception>
    public void Run(IReadOnlyList<DataItem> items, string? folder, CancellationToken cancellation) =>
        ProgressDisplay.Run("comparing", 0, (long)items.Count * _clusterings.Length, display =>
        {
            for (var i = 0; i < items.Count; i++)
                Compare(items[i], folder, i == 0, new ProgressShare(display, (long)i * _clusterings.Length, $"{items[i].Name}  "), cancellation);
            return items.Count;
        });

    private static string PictureOf(string folder, DataItem item) => Path.Combine(folder, item.Name) + ByProduct.Clusterings + ".png";

    private void Compare(DataItem item, string? folder, bool isFirst, ProgressShare progress, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (loaded, labels) = item.Load();
        var image = ImageReading.WithChannels(loaded, model.Options.Network.InputChannels, item.ImagePath);
        var truth = Truth(labels);

        // As spoco evaluate: an image without an object of the class is not scored for it.
        if (item.Class is not null && !truth.Data.AsSpan().ContainsAnyExcept(0))
        {
            progress.Report(_clusterings.Length, () => "no object of the class");
            return;
        }

        var seen = settings.Resized is { } size ? Resizing.Image(image, size) : image;
        using var predicted = ModelImages.Apply(model, seen, item.ImagePath,
            x => OrientationAverage.PredictOnDevice(model, x, orientations, _clusterings.Any(c => c.ReadsMomentum), cancellation));
        var prediction = predicted.Prediction;
        var segment = Segmenter(item, image, seen, truth, prediction, cancellation);
        if (isFirst)
            WarmUp(prediction, cancellation);
        var (cells, results) = (new List<PanelCell> { new(item.Name, Picture.OfImage(image)), new("truth", Overlay.Filled(Picture.OfImage(image), truth)) }, new List<ClusteredImage>());
        foreach (var clustering in _clusterings)
        {
            cancellation.ThrowIfCancellationRequested();
            var segments = Segment(segment, clustering, item);
            var found = image.HasExtentsOf(segments) ? segments : Resizing.Labels(segments, new PatchExtents(image.Depth, image.Height, image.Width));
            var result = new ClusteredImage(clustering.Name, ImageScores.Of(item.Name, Overlaps(labels, truth, found)), clustering.Seconds);
            results.Add(result);
            cells.Add(new PanelCell(
                string.Create(CultureInfo.InvariantCulture, $"{clustering.Name} SBD {result.Scores.SymmetricBestDice:0.00}"), Overlay.Filled(Picture.OfImage(image), found)));
            progress.Report(results.Count, () => string.Create(CultureInfo.InvariantCulture,
                $"{clustering.Name}: SBD {result.Scores.SymmetricBestDice:0.000}, {clustering.Seconds:0.00} s"));
        }

        // All of an image or nothing: methods are compared on the same images.
        _results.AddRange(results);
        if (folder is null)
            return;
        Directory.CreateDirectory(folder);
        Panel.Compose([cells]).WritePng(PictureOf(folder, item));
        ComparisonTable.WriteImages(Path.Combine(folder, "images.csv"), _results);
        ComparisonTable.Write(Path.Combine(folder, "table.md"), Table);
    }

    private Volume<int> Segment(Func<InstanceSegmentationOptions, Volume<int>> segment, TimedClustering clustering, DataItem item)
    {
        try
        {
            return segment(options with { Clustering = clustering });
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{item.ImagePath}: {ReadFailure.Message(e)}", e);
        }
    }

    private Func<InstanceSegmentationOptions, Volume<int>> Segmenter(
        DataItem item, Volume<float> image, Volume<float> seen, Volume<int> truth, Prediction prediction, CancellationToken cancellation)
    {
        if (foreground.Source != ForegroundChoice.Truth)
            return foreground.Segmenter(item.ImagePath, image, seen, prediction, options.Watershed, model.Device, cancellation);
        var objects = settings.Resized is { } size ? Resizing.Labels(truth, size) : truth;
        var mask = new Volume<byte>(Array.ConvertAll(objects.Data, label => label == 0 ? (byte)0 : (byte)1), objects.Depth, objects.Height, objects.Width);
        return o => InstanceSegmentation.Segment(prediction, mask, o, model.Device, cancellation);
    }

    /// <summary>Kernels are compiled when they first run: on a corner of the first image, so that no time holds it.</summary>
    private void WarmUp(Prediction prediction, CancellationToken cancellation)
    {
        var corner = new Prediction(Corner(prediction.Embeddings), prediction.MomentumEmbeddings is { } g ? Corner(g) : null, null);
        foreach (var clustering in clusterings)
            clustering.Cluster(corner, null, model.Device, cancellation);

        static Volume<float> Corner(Volume<float> e) =>
            e.Crop(0, 0, 0, Math.Min(CornerDepth, e.Depth), Math.Min(CornerSide, e.Height), Math.Min(CornerSide, e.Width));
    }

    /// <summary>The objects: every number but those that say something else.</summary>
    private Volume<int> Truth(Volume<int> labels)
    {
        var read = settings.Reading.Labels(labels);
        return new Volume<int>(
            Array.ConvertAll(read.Data, label => label == settings.Labels.IgnoreLabel || label == settings.Labels.BackgroundLabel ? 0 : label), labels.Depth, labels.Height, labels.Width);
    }

    /// <summary>Overlaps, without the voxels that are to be ignored.</summary>
    private ContingencyTable Overlaps(Volume<int> labels, Volume<int> truth, Volume<int> found)
    {
        if (settings.Labels.IgnoreLabel is not { } ignored)
            return ContingencyTable.Of(truth, found);
        var marked = new Volume<int>([.. truth.Data.Zip(labels.Data, (label, stored) => stored == ignored ? int.MinValue : label)], truth.Depth, truth.Height, truth.Width);
        return ContingencyTable.Of(marked, found).WithoutTruth(int.MinValue);
    }
}
