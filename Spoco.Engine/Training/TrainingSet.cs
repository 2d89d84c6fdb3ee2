using System.Globalization;
using Spoco.Engine.Losses;
using Spoco.Engine.Data;

namespace Spoco.Engine.Training;

/// <summary>The images of a training, checked against each other, with the objects that training knows, and those that it is validated on.</summary>
public sealed class TrainingSet
{
    /// <summary>So many images, or patches of volumes, are validated on where no other number is asked for.</summary>
    public const int MaximumValidationImages = 16;

    // A volume of more than this many patches is validated on patches of it: the network could not take it at once.
    private const int LargestWhole = 8;

    private TrainingSet(IReadOnlyList<IPatchSource> train, IReadOnlyList<TrainingItem> validation, int channels, DataFingerprint fingerprint) =>
        (Train, Validation, Channels, Fingerprint) = (train, validation, channels, fingerprint);

    /// <summary>What patches are drawn from.</summary>
    public IReadOnlyList<IPatchSource> Train { get; }

    /// <summary>For each image of <see cref="Train"/>, how many objects it has, known or not.</summary>
    public IReadOnlyList<int> Objects { get; private init; } = [];

    /// <summary>What the training is validated on.</summary>
    public IReadOnlyList<TrainingItem> Validation { get; }

    /// <summary>Values per voxel that the network takes.</summary>
    public int Channels { get; }

    /// <summary>What the images and labels are.</summary>
    internal DataFingerprint Fingerprint { get; }

    /// <summary>Whether validation images have labelled objects: without, only the loss tells which model is better.</summary>
    internal bool CanScore => Validation.Any(item => item.Objects.Count > 0);

    /// <summary>
    /// Takes images in memory. Where nothing is given to validate on, the last fifth of them is held out, or the last quarter of a single one. Images are called 0, 1, ... by errors and by
    /// <see cref="LabelSettings.KnownObjects"/>; those to validate on as well.
    /// </summary>
    /// <param name="images">[D, H, W, C] each, as they are: they are normalised here. A 2D network takes every slice as an image.</param>
    /// <param name="labels">[D, H, W] each: every number above 0 is an object; 0 = background, or not labelled with sparse supervision.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="validation">Images and labels to validate on instead.</param>
    /// <exception cref="InputException">Images and labels do not fit each other or the settings, a label is negative, or nothing is labelled.</exception>
    public static TrainingSet Of(
        IReadOnlyList<Volume<float>> images, IReadOnlyList<Volume<int>> labels, TrainingSettings settings,
        (IReadOnlyList<Volume<float>> Images, IReadOnlyList<Volume<int>> Labels)? validation = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var train = Pairs(images, labels, settings);
        List<(string Name, Volume<float> Image, Volume<int> Labels)> held;
        if (validation is var (heldImages, heldLabels))
        {
            held = Pairs(heldImages, heldLabels, settings);
        }
        else if (train is [var single])
        {
            (train, held) = ([Part(single, last: false)], [Part(single, last: true)]);
        }
        else
        {
            var (kept, rest) = HeldOut.Split(train.Count);
            (train, held) = ([.. kept.Select(i => train[i])], [.. rest.Select(i => train[i])]);
        }

        var fingerprint = new DataFingerprint();
        return Of(Find("train", train), Find("validation", Evenly(held, MaximumValidationImages)), settings, fingerprint);

        List<FoundImage> Find(string part, List<(string Name, Volume<float> Image, Volume<int> Labels)> pairs)
        {
            foreach (var (name, image, truth) in pairs)
                fingerprint.Add(part, name, image, truth);
            return [.. pairs.SelectMany(pair => Slices(pair, settings)).Select(slice =>
            {
                var truth = settings.Reading.Labels(slice.Labels);
                return FoundImage.InMemory(slice.Name, slice.Image, truth, ObjectIndex.Of(truth, settings.Labels.IgnoreLabel, settings.Labels.BackgroundLabel), settings.Reading);
            })];
        }
    }

    /// <summary>Puts together what has been found, in memory or on disk.</summary>
    /// <param name="train">The images to train on.</param>
    /// <param name="validation">The images to validate on.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="fingerprint">What they all are.</param>
    /// <param name="validationImages">At most so many images or patches are validated on.</param>
    /// <param name="onlyLabelled">Whether images without an object are left out: where what is labelled is rare in a data set.</param>
    /// <param name="name">What to call the data set in an error.</param>
    /// <exception cref="InputException">They do not fit each other or the settings, or nothing is labelled.</exception>
    internal static TrainingSet Of(
        IReadOnlyList<FoundImage> train, IReadOnlyList<FoundImage> validation, TrainingSettings settings, DataFingerprint fingerprint,
        int validationImages = MaximumValidationImages, bool onlyLabelled = false, string name = "Training")
    {
        if (!settings.Labels.SelfSupervised && train.All(image => image.Objects.Count == 0))
            throw new InputException($"{name}: no labelled object in any of the {train.Count} training images.");

        // Only when every image is grey does one channel say it all.
        var channels = settings.Data.Channels ?? (train.Concat(validation).All(image => image.IsGrey) ? 1 : train.Max(image => image.Channels));
        var rule = settings.Labels.Rule;
        var used = Select(train, settings, onlyLabelled).ToList();
        return new TrainingSet(
            [.. used.Select(image => image.Image.Prepare(channels, rule with { Kept = image.Kept }))],
            [.. validation.Zip(SelectToScore(validation, train, used, settings)).SelectMany(image => Pieces(
                image.First.Prepare(channels, rule with { Kept = image.Second }), settings, validationImages / validation.Count)).Take(validationImages)],
            channels, fingerprint) { Objects = [.. used.Select(image => image.Image.Objects.Count)] };
    }

    /// <summary>So many of some things, spread evenly over them.</summary>
    public static List<T> Evenly<T>(IReadOnlyList<T> items, int count) =>
        [.. Enumerable.Range(0, Math.Min(count, items.Count)).Select(i => items[(int)((long)i * items.Count / Math.Min(count, items.Count))])];

    /// <summary>The size floor of the labelled objects; sizes are those that the network sees.</summary>
    internal int TypicalSizeFloor(PatchExtents? resized) => SizeFloor(Train.SelectMany(item => item.Objects.Select(o => resized is { } size
        ? o.Voxels * ((double)size.Height * size.Width / ((double)item.Extents.Height * item.Extents.Width)) : o.Voxels)));

    /// <summary>Half the 2nd percentile of the sizes of objects: what is smaller in a segmentation is a speck; 0 without objects.</summary>
    internal static int SizeFloor(IEnumerable<double> objects)
    {
        var sizes = objects.Order().ToList();
        return sizes.Count == 0 ? 0 : (int)(sizes[sizes.Count / 50] / 2);
    }

    private static List<(string Name, Volume<float> Image, Volume<int> Labels)> Pairs(
        IReadOnlyList<Volume<float>> images, IReadOnlyList<Volume<int>> labels, TrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        if (images.Count == 0 || images.Count != labels.Count)
            throw new InputException($"Training: every image needs labels, and at least one is needed; got {images.Count} images and {labels.Count} labels.");
        return [.. images.Select((image, i) =>
        {
            var name = i.ToString(CultureInfo.InvariantCulture);
            if (!image.HasExtentsOf(labels[i]) || labels[i].Channels != 1)
                throw new InputException($"Training: the labels of image {name} are {labels[i]}, but the image is {image}.");
            var other = Array.FindIndex(labels[i].Data, label => label < 0 && label != settings.Labels.IgnoreLabel);
            return other < 0 ? (name, image, labels[i]) : throw new InputException($"Training: image {name} has the label {labels[i].Data[other]}; labels are whole numbers from 0.");
        })];
    }

    private static (string Name, Volume<float> Image, Volume<int> Labels) Part((string Name, Volume<float> Image, Volume<int> Labels) pair, bool last)
    {
        var box = HeldOut.Quarters(VoxelBox.Of(pair.Image), last, pair.Name);
        return (pair.Name, Cut(pair.Image), Cut(pair.Labels));

        Volume<T> Cut<T>(Volume<T> volume) where T : unmanaged => volume.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width);
    }

    /// <summary>What the network sees as images of their own.</summary>
    private static IEnumerable<(string Name, Volume<float> Image, Volume<int> Labels)> Slices((string Name, Volume<float> Image, Volume<int> Labels) pair, TrainingSettings settings)
    {
        var (name, image, labels) = pair;
        return settings.Network.Dimensions == 3 || image.Depth == 1 ? [pair] : Enumerable.Range(0, image.Depth).Select(z =>
            ($"{name}[{z}]", image.Crop(z, 0, 0, 1, image.Height, image.Width), labels.Crop(z, 0, 0, 1, labels.Height, labels.Width)));
    }

    /// <summary>The images with the objects that training knows; of a budget, and where what is labelled is rare, only those with one.</summary>
    private static IEnumerable<(FoundImage Image, IReadOnlySet<int>? Kept)> Select(IReadOnlyList<FoundImage> images, TrainingSettings settings, bool onlyLabelled)
    {
        var labels = settings.Labels;
        IReadOnlyList<int>[] objects = [.. images.Select(image => image.Objects.Select(o => o.Label).ToArray())];
        int[][]? kept = null;
        if (labels.SelfSupervised)
            kept = [.. images.Select(_ => Array.Empty<int>())];
        else if (labels.KnownObjects.Length > 0)
            kept = InstanceSelection.OfNames([.. images.Select(image => image.Name)], objects, labels.KnownObjects);
        else if (labels.Budget is { } budget)
            kept = InstanceSelection.OfBudget(objects, budget, labels.BudgetKind == BudgetKind.Dense, exactly: labels.Supervision == Supervision.Full, settings.Seed);
        else if (labels.InstanceRatio < 1 && labels.RatioOf == RatioOf.Set)
            kept = InstanceSelection.OfSet(objects, labels.InstanceRatio, settings.Seed);
        else if (labels.InstanceRatio < 1)
            kept = [.. objects.Select((of, i) => InstanceSelection.OfImage(of, labels.InstanceRatio, settings.Seed, i))];
        var all = images.Select((image, i) => (Image: image, Kept: (IReadOnlySet<int>?)kept?[i].ToHashSet()));
        return labels.SelfSupervised || (labels.Budget is null && labels.KnownObjects.Length == 0 && !onlyLabelled && labels.RatioOf == RatioOf.Image)
            ? all
            : all.Where(image => image.Image.Objects.Count > 0 && image.Kept is null or { Count: > 0 });
    }

    /// <summary>The objects of validation images that are scored: of complete labels that are to be sparse, the part that training knows of its own.</summary>
    private static IEnumerable<IReadOnlySet<int>?> SelectToScore(
        IReadOnlyList<FoundImage> validation, IReadOnlyList<FoundImage> train, List<(FoundImage Image, IReadOnlySet<int>? Kept)> used, TrainingSettings settings)
    {
        var known = used.Sum(image => image.Kept?.Count ?? image.Image.Objects.Count) / Math.Max(1.0, train.Sum(image => image.Objects.Count));
        return settings.ValidatesLabelledAlone && known < 1
            ? InstanceSelection.OfSet([.. validation.Select(image => image.Objects.Select(o => o.Label).ToArray())], known, settings.Seed)
                .Select(kept => kept.ToHashSet())
            : validation.Select(_ => (IReadOnlySet<int>?)null);
    }

    /// <summary>An image as it is; of a large volume some patches, spread over it.</summary>
    private static IEnumerable<TrainingItem> Pieces(IPatchSource source, TrainingSettings settings, int most)
    {
        var (extents, patch) = (source.Extents, settings.PatchExtents);
        var whole = new VoxelBox(0, 0, 0, extents.Depth, extents.Height, extents.Width);
        if (settings.Network.Dimensions == 2 || whole.VoxelCount <= LargestWhole * (long)patch.VoxelCount)
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
}
