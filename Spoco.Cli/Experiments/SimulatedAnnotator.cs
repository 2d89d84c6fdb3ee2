using System.Globalization;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Segmentation;
using Spoco.Engine.Suggestions;

namespace Spoco.Cli.Experiments;

/// <summary>Adds labelled objects to those of a budget, as a person would label them: the true objects of a data set whose labels are complete.</summary>
internal static class SimulatedAnnotator
{
    // What shows less of an object than this part of itself is something else, such as the glow beside it.
    private const double LeastPart = 0.1;

    /// <summary>The objects of a budget of twice the size, the budget's own among them.</summary>
    /// <param name="settings">The training with its budget.</param>
    /// <param name="memory">Bytes that images may take; null = a quarter of what there is.</param>
    /// <param name="cancellation">Stops between images.</param>
    /// <exception cref="InputException">The training set has fewer objects.</exception>
    public static string[] AtRandom(TrainSettings settings, long? memory, CancellationToken cancellation) =>
        Known(settings with { Labels = settings.Labels with { Budget = 2 * settings.Labels.Budget } }, memory, cancellation);

    /// <summary>
    /// The objects of the budget and as many that lie where the model trained with it suggests it. Of a region the object that covers most of it is labelled; where none that is
    /// not labelled yet covers a tenth of it, nobody labels anything, and the next region is asked for.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">Its training with its budget.</param>
    /// <param name="memory">Bytes that images may take; null = a quarter of what there is.</param>
    /// <param name="cancellation">Stops between images.</param>
    /// <returns>The objects, and how many regions were asked for.</returns>
    /// <exception cref="InputException">All regions together show fewer objects.</exception>
    public static (string[] Objects, int Regions) AsSuggested(SpocoModel model, TrainSettings settings, long? memory, CancellationToken cancellation)
    {
        var known = Known(settings, memory, cancellation).ToHashSet(StringComparer.Ordinal);
        var (asked, wanted) = (0, known.Count + settings.Labels.Budget!.Value);
        using var data = TrainingData.Load(settings with { Labels = settings.Labels with { Budget = null } }, memory, cancellation);
        var regions = new List<CandidateRegion>();
        for (var i = 0; i < data.Images.Train.Count; i++)
        {
            var labels = Labels(data.Images.Train[i], settings);
            var labelled = LabelsWhere(labels, label => known.Contains(Name(data.Images.Train[i], label)));
            var image = data.Images.Train[i].ReadImage(Whole(data.Images.Train[i]));
            regions.AddRange(RegionAnalysis.Of(model, settings.Resized is { } size ? Resizing.Image(image, size) : image, labelled, i,
                OrientationAverage.DefaultOf(model.Options), settings.Loss.KernelThreshold, cancellation));
        }

        foreach (var (region, _) in SuggestionChoice.InOrder(regions))
        {
            cancellation.ThrowIfCancellationRequested();
            asked++;
            if (ObjectIn(region, data.Images.Train[region.Image], settings, known) is { } found && known.Add(found) && known.Count == wanted)
                return ([.. known.Order(StringComparer.Ordinal)], asked);
        }

        throw new InputException($"--budget: the regions that are suggested show no {settings.Labels.Budget} objects more.");
    }

    private static string[] Known(TrainSettings settings, long? memory, CancellationToken cancellation)
    {
        using var data = TrainingData.Load(settings, memory, cancellation);
        return [.. data.Images.Train.SelectMany(image => image.Objects.Select(o => Name(image, o.Label))).Order(StringComparer.Ordinal)];
    }

    private static string? ObjectIn(CandidateRegion region, IPatchSource image, TrainSettings settings, HashSet<string> known)
    {
        var labels = Labels(image, settings);
        var voxels = new SortedDictionary<int, long>();
        foreach (var (start, length) in region.Runs)
            foreach (var label in labels.Data.AsSpan(start, length))
                if (label is > 0 and not LabelRule.Background)
                    voxels[label] = voxels.GetValueOrDefault(label) + 1;
        return voxels.Where(o => o.Value >= LeastPart * region.Voxels && !known.Contains(Name(image, o.Key))).OrderByDescending(o => o.Value)
            .Select(o => Name(image, o.Key)).FirstOrDefault();
    }

    private static Volume<int> Labels(IPatchSource image, TrainSettings settings)
    {
        var labels = image.ReadLabels(Whole(image));
        return settings.Resized is { } size ? Resizing.Labels(labels, size) : labels;
    }

    private static Volume<int> LabelsWhere(Volume<int> labels, Predicate<int> isKnown)
    {
        var known = new Dictionary<int, bool> { [0] = false };
        return new Volume<int>(Array.ConvertAll(labels.Data, label =>
        {
            if (!known.TryGetValue(label, out var kept))
                known[label] = kept = isKnown(label);
            return kept ? label : 0;
        }), labels.Depth, labels.Height, labels.Width);
    }

    private static VoxelBox Whole(IPatchSource image) => new(0, 0, 0, image.Extents.Depth, image.Extents.Height, image.Extents.Width);

    private static string Name(IPatchSource image, int label) => string.Create(CultureInfo.InvariantCulture, $"{image.Name}:{label}");
}
