using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Training;

/// <summary>The images of a training, opened and checked against each other.</summary>
internal sealed class TrainingData : IDisposable
{
    /// <summary>The first line of <see cref="WriteList"/>.</summary>
    internal const string ListHeader = "part,image,objects,known";

    private const int MaximumValidationImages = 16;

    // A volume of more than this many patches is validated on patches of it: the network could not take it at once.
    private const int LargestWhole = 8;

    private readonly SourceLoader _loader;
    private readonly int[] _objects;

    private TrainingData(SourceLoader loader, IReadOnlyList<IPatchSource> train, int[] objects, IReadOnlyList<TrainingItem> validation, int channels)
    {
        (_loader, Train, _objects, Validation, Channels) = (loader, train, objects, validation, channels);
    }

    /// <summary>What patches are drawn from.</summary>
    public IReadOnlyList<IPatchSource> Train { get; }

    /// <summary>At most 16 images, or patches of volumes, taken evenly from those there are, where no other number is asked for.</summary>
    public IReadOnlyList<TrainingItem> Validation { get; }

    /// <summary>Values per voxel that the network takes.</summary>
    public int Channels { get; }

    /// <summary>Images that are read from disk again and again.</summary>
    public int OnDisk => _loader.OnDisk;

    /// <summary>What the images and labels are.</summary>
    public DataFingerprint Fingerprint => _loader.Fingerprint;

    /// <summary>What is unusual about them, a line for each kind.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Reads the data set that <paramref name="settings"/> name.</summary>
    /// <param name="settings">What to train on.</param>
    /// <param name="memory">Bytes that images may take; null = a quarter of what there is.</param>
    /// <param name="cancellation">Stops between images.</param>
    /// <param name="validationImages">At most so many images or patches are validated on.</param>
    /// <exception cref="InputException">Files are missing, damaged or do not fit each other, or nothing is labelled.</exception>
    public static TrainingData Load(
        TrainSettings settings, long? memory, CancellationToken cancellation, int validationImages = MaximumValidationImages)
    {
        if (settings.Data.Length == 0)
            throw new InputException("--data: which data set to train on is missing.");
        var folder = DataFolder.Open(settings.Data, settings.Validation, settings.Selection).WithValidation(settings.HeldOut, settings.HeldOutSeed ?? settings.Seed);
        var loader = new SourceLoader(
            settings.Dimensions, settings.IgnoreLabel, memory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, settings.Reading);
        try
        {
            var validation = loader.Open(Evenly(folder.Validation, validationImages), cancellation, "validation");
            var train = loader.Open(folder.Train, cancellation);
            if (!settings.SelfSupervised && train.All(image => image.Objects.Count == 0))
                throw new InputException($"{settings.Data}: no labelled object in any of the {train.Count} training images.");
            // Only when every image is grey does one channel say it all.
            var channels = settings.Channels ?? (train.Concat(validation).All(image => image.IsGrey) ? 1 : train.Max(image => image.Channels));
            var rule = new LabelRule { Ignored = settings.IgnoreLabel, BackgroundLabel = settings.BackgroundLabel, NamesBackground = settings.NamesBackground };
            var used = Select(train, settings).ToList();
            return new TrainingData(loader,
                [.. used.Select(image => image.Image.Prepare(channels, rule with { Kept = image.Kept }))], [.. used.Select(image => image.Image.Objects.Count)],
                [.. validation.Zip(Select(validation, train, used, settings)).SelectMany(image => Pieces(
                    image.First.Prepare(channels, rule with { Kept = image.Second }), settings, validationImages / validation.Count)).Take(validationImages)],
                channels)
            {
                Notes = [.. loader.Check.Notes(settings), .. LeakNotes(loader.Fingerprint)],
            };
        }
        catch
        {
            loader.Dispose();
            throw;
        }
    }

    /// <summary>The size floor of the labelled objects; sizes are those that the network sees.</summary>
    public int TypicalSizeFloor(PatchExtents? resized) => SizeFloor(Train.SelectMany(item => item.Objects.Select(o => resized is { } size
        ? o.Voxels * ((double)size.Height * size.Width / ((double)item.Extents.Height * item.Extents.Width)) : o.Voxels)));

    /// <summary>Half the 2nd percentile of the sizes of objects: what is smaller in a segmentation is a speck; 0 without objects.</summary>
    public static int SizeFloor(IEnumerable<double> objects)
    {
        var sizes = objects.Order().ToList();
        return sizes.Count == 0 ? 0 : (int)(sizes[sizes.Count / 50] / 2);
    }

    /// <summary>Writes which images are used, and how many of their objects training knows.</summary>
    public void WriteList(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.WriteLine(ListHeader);
        for (var i = 0; i < Train.Count; i++)
            writer.WriteLine($"train,{Csv.Cell(Train[i].Name)},{_objects[i]},{Train[i].Objects.Count}");
        foreach (var item in Validation)
            writer.WriteLine($"validation,{Csv.Cell(item.Name)},{item.Objects.Count},{item.Objects.Count}");
    });

    public void Dispose() => _loader.Dispose();

    /// <summary>The images with the objects that training knows; of a budget, and of a class that few images show, only those with one.</summary>
    private static IEnumerable<(FoundImage Image, IReadOnlySet<int>? Kept)> Select(List<FoundImage> images, TrainSettings settings)
    {
        IReadOnlyList<int>[] objects = [.. images.Select(image => image.Objects.Select(o => o.Label).ToArray())];
        int[][]? kept = null;
        if (settings.SelfSupervised)
            kept = [.. images.Select(_ => Array.Empty<int>())];
        else if (settings.KnownObjects.Length > 0)
            kept = InstanceSelection.OfNames([.. images.Select(image => image.Name)], objects, settings.KnownObjects);
        else if (settings.Budget is { } budget)
            kept = InstanceSelection.OfBudget(objects, budget, settings.BudgetKind == BudgetKind.Dense,
                exactly: settings.Supervision == Engine.Losses.Supervision.Full, settings.Seed);
        else if (settings.InstanceRatio < 1 && settings.RatioOf == RatioOf.Set)
            kept = InstanceSelection.OfSet(objects, settings.InstanceRatio, settings.Seed);
        else if (settings.InstanceRatio < 1)
            kept = [.. objects.Select((labels, i) => InstanceSelection.OfImage(labels, settings.InstanceRatio, settings.Seed, i))];
        var all = images.Select((image, i) => (image, (IReadOnlySet<int>?)kept?[i].ToHashSet()));
        return settings.SelfSupervised || (settings.Budget is null && settings.KnownObjects.Length == 0 && settings.Class is null && settings.RatioOf == RatioOf.Image)
            ? all
            : all.Where(image => image.image.Objects.Count > 0 && image.Item2 is null or { Count: > 0 });
    }

    /// <summary>Scores on images that were trained on say nothing of others.</summary>
    private static IEnumerable<string> LeakNotes(DataFingerprint images) => images.Shared("validation", "train") is { Count: > 0 } shared
        ? [$"note: the validation has {(shared.Count == 1 ? "an image" : $"{shared.Count} images")} of the training ({shared[0]}): "
            + "the scores on them say nothing of other images."]
        : [];

    /// <summary>The objects of validation images that are scored: of complete labels that are to be sparse, the part that training knows of its own.</summary>
    private static IEnumerable<IReadOnlySet<int>?> Select(
        List<FoundImage> validation, List<FoundImage> train, List<(FoundImage Image, IReadOnlySet<int>? Kept)> used, TrainSettings settings)
    {
        var known = used.Sum(image => image.Kept?.Count ?? image.Image.Objects.Count) / Math.Max(1.0, train.Sum(image => image.Objects.Count));
        return settings.ValidatesLabelledAlone && known < 1
            ? InstanceSelection.OfSet([.. validation.Select(image => image.Objects.Select(o => o.Label).ToArray())], known, settings.Seed)
                .Select(kept => kept.ToHashSet())
            : validation.Select(_ => (IReadOnlySet<int>?)null);
    }

    /// <summary>An image as it is; of a large volume some patches, spread over it.</summary>
    private static IEnumerable<TrainingItem> Pieces(IPatchSource source, TrainSettings settings, int most)
    {
        var (extents, patch) = (source.Extents, settings.PatchExtents);
        var whole = new VoxelBox(0, 0, 0, extents.Depth, extents.Height, extents.Width);
        if (settings.Dimensions == 2 || whole.VoxelCount <= LargestWhole * (long)patch.VoxelCount)
        {
            yield return new TrainingItem(source.Name, source.ReadImage(whole), source.ReadLabels(whole));
            yield break;
        }

        var (nz, ny, nx) = (Math.Max(1, extents.Depth / patch.Depth), Math.Max(1, extents.Height / patch.Height), Math.Max(1, extents.Width / patch.Width));
        foreach (var i in Evenly([.. Enumerable.Range(0, nz * ny * nx)], Math.Max(1, most)))
        {
            var (z, y, x) = (i / (ny * nx) * patch.Depth, i / nx % ny * patch.Height, i % nx * patch.Width);
            var box = new VoxelBox(z, y, x,
                Math.Min(patch.Depth, extents.Depth - z), Math.Min(patch.Height, extents.Height - y), Math.Min(patch.Width, extents.Width - x));
            var (image, labels) = (source.ReadImage(box), source.ReadLabels(box));
            yield return source.ReadsBoxes
                ? new TrainingItem($"{source.Name}({z},{y},{x})", image, labels)
                : new TrainingItem($"{source.Name}({z},{y},{x})",
                    image.Crop(z, y, x, box.Depth, box.Height, box.Width), labels.Crop(z, y, x, box.Depth, box.Height, box.Width));
        }
    }

    private static List<T> Evenly<T>(IReadOnlyList<T> items, int count) =>
        [.. Enumerable.Range(0, Math.Min(count, items.Count)).Select(i => items[(int)((long)i * items.Count / Math.Min(count, items.Count))])];
}
