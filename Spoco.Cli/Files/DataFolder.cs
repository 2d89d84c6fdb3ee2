using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Files;

/// <summary>
/// Finds the images of a data set and their labels. A data set is one of
/// <list type="bullet">
/// <item><c>images/NAME.*</c> with <c>labels/NAME.*</c>, also called <c>raw</c> and <c>instances</c> or <c>masks</c>; extensions may differ;</item>
/// <item>HDF5 files with a raw and a label dataset each;</item>
/// <item><c>X.tif</c>, <c>X_raw.tif</c> or <c>X_rgb.tif</c> beside <c>X_label.tif</c>, <c>_labels</c>, <c>_segm</c>, <c>_instances</c>, <c>_masks</c>
/// or <c>_cp_masks</c> (or .png);</item>
/// <item>one such file;</item>
/// <item>a published layout, see <see cref="PublishedLayout"/>;</item>
/// </list>
/// either directly or within <c>train/</c> and <c>val/</c>.
/// </summary>
internal sealed record DataFolder(IReadOnlyList<DataItem> Train, IReadOnlyList<DataItem> Validation)
{
    private static readonly string[] TrainFolders = ["train", "training", "stage1_train"];
    private static readonly string[] ValidationFolders = ["val", "validation"];
    private static readonly string[] ImageFolders = ["images", "raw"];
    private static readonly string[] LabelFolders = ["labels", "instances", "masks"];
    private static readonly string[] ImageSuffixes = ["", "_rgb", "_raw"];
    private static readonly string[] LabelSuffixes = ["_label", "_labels", "_segm", "_instances", "_masks", "_cp_masks"];
    private const int NamesInLine = 3;

    /// <summary>Finds a data set; reads no file.</summary>
    /// <param name="path">A folder or a file.</param>
    /// <param name="validation">Where the validation images are, instead of <c>path/val</c>.</param>
    /// <param name="selection">What of it is used; null = all, with the usual names.</param>
    public static DataFolder Open(string path, string? validation = null, DataSelection? selection = null)
    {
        selection ??= new DataSelection();
        var (train, val) = PublishedLayout.Parts(path, selection) ?? (
            First(path, TrainFolders) is { } trainFolder ? Search(trainFolder, selection) : Search(path, selection),
            First(path, ValidationFolders) is { } validationFolder ? Search(validationFolder, selection) : []);
        return new DataFolder(Require(path, train, selection), validation is not null ? Find(validation, selection) : Require(path, val, selection, maybe: true));
    }

    /// <summary>Finds the items of one part of a data set, in the order of their names.</summary>
    /// <param name="path">A folder or a file.</param>
    /// <param name="selection">What of it is used; null = all, with the usual names.</param>
    public static IReadOnlyList<DataItem> Find(string path, DataSelection? selection = null)
    {
        selection ??= new DataSelection();
        return Require(path, Search(path, selection), selection);
    }

    /// <summary>
    /// This data set with a validation part: where it has none, the last fifth of the images or, of a single one, the last quarter along its
    /// longest axis is taken from training.
    /// </summary>
    /// <param name="fraction">Instead of the last fifth: a fraction of the images, drawn at random.</param>
    /// <param name="seed">Decides the draw.</param>
    public DataFolder WithValidation(double? fraction = null, long seed = 0)
    {
        if (Validation.Count > 0)
            return this;
        if (Train is [var single])
            return new DataFolder(
                [single with { Part = ItemPart.FirstThreeQuarters }],
                [single with { Part = ItemPart.LastQuarter, Name = single.Name + " (last quarter)" }]);
        var (train, held) = HeldOut.Split(Train.Count, fraction, seed);
        return new DataFolder([.. train.Select(i => Train[i])], [.. held.Select(i => Train[i])]);
    }

    /// <summary>Refuses a data set without a single object; reads labels up to the first object.</summary>
    public static void RequireObjects(IReadOnlyList<DataItem> items)
    {
        var where = items.Count == 1 ? "this file" : $"any of {items.Count} label files from this one on";
        if (!items.Any(item => item.LoadLabels().Data.AsSpan().ContainsAnyExcept(0)))
            throw new InputException($"{items[0].LabelPath}: no labelled object in {where}.");
    }

    /// <summary>Images and labels that lie in folders of their own, or side by side.</summary>
    internal static List<DataItem> FindFolder(string folder, DataSelection selection)
    {
        var images = First(folder, ImageFolders);
        if (images is not null)
        {
            var labels = First(folder, LabelFolders);
            var byStem = (labels is null ? [] : FolderContents.Images(labels)).ToLookup(Stem);
            var items = FolderContents.Images(images).Select(file => Item(file, OnlyLabel(Stem(file), [.. byStem[Stem(file)]]), selection)).ToList();
            SayUnused(folder, labels, items, [.. byStem.Select(group => group.Key).Except(items.Select(item => item.Name))], selection);
            return items;
        }

        var files = FolderContents.Images(folder);
        return [.. files.Where(file => InputFile.KindOf(file) == FileKind.Hdf5).Select(file => Item(file, file, selection)),
            .. FindPairs([.. files.Where(file => InputFile.KindOf(file) != FileKind.Hdf5)], selection)];
    }

    /// <summary>An image with the labels that belong to it.</summary>
    internal static DataItem Item(string image, string? labels, DataSelection selection, LabelEncoding encoding = LabelEncoding.Numbers) =>
        new(Stem(image), image, labels, selection.RawName, selection.LabelName)
        {
            Encoding = encoding, Class = selection.Class, IgnoreLabel = selection.IgnoreLabel, MayBeUnlabelled = !selection.Labelled,
        };

    /// <summary>The items of a file or folder, with or without labels; none where it is no data set.</summary>
    internal static List<DataItem> Search(string path, DataSelection selection)
    {
        if (File.Exists(path))
            return FindFile(path, selection);
        if (!Directory.Exists(path))
            throw new InputException($"{path}: no such file or folder.");
        return PublishedLayout.Find(path, selection) ?? FindFolder(path, selection);
    }

    private static List<DataItem> Require(string path, List<DataItem> items, DataSelection selection, bool maybe = false)
    {
        if (items.Count == 0 && !maybe)
        {
            var unread = new[] { path, First(path, TrainFolders), First(path, ImageFolders), First(First(path, TrainFolders) ?? path, ImageFolders) }
                .OfType<string>().Select(FolderContents.Unread).FirstOrDefault(text => text is not null);
            throw new InputException(
                $"{path}: no images found{(unread is null ? "" : $" ({unread})")}; "
                + "expected images/ and labels/, HDF5 files, X.tif with X_label.tif, or a published layout (see README).");
        }

        if (selection.Labelled && MissingLabels(items) is { } missing)
            throw new InputException($"{path}: {missing}.");
        return items;
    }

    private static string? MissingLabels(List<DataItem> items)
    {
        var missing = items.Where(item => item.LabelPath is null).Select(item => item.Name).ToList();
        return missing.Count == 0 ? null : $"{missing.Count} of {items.Count} images have no labels: {Names(missing)}";
    }

    private static string Names(List<string> names) =>
        string.Join(", ", names.Take(NamesInLine)) + (names.Count > NamesInLine ? $" and {names.Count - NamesInLine} more" : "");

    /// <summary>Labels without an image are a slip of a name, or an image is missing; where an image lacks labels, they may be its own.</summary>
    private static void SayUnused(string folder, string? labels, List<DataItem> items, List<string> unused, DataSelection selection)
    {
        if (!selection.Labelled || items.Count == 0)
            return;
        unused.Sort(StringComparer.Ordinal);
        var missing = MissingLabels(items);
        if (missing is not null && labels is null)
            throw new InputException($"{folder}: {missing}; there is no folder {string.Join(", ", LabelFolders[..^1])} or {LabelFolders[^1]}.");
        if (missing is not null && unused.Count > 0)
            throw new InputException(
                $"{folder}: {missing}; {labels} has {Names(unused)}{Accents.Hint(items.Select(item => item.Name).Concat(unused))}.");
        if (missing is not null && FolderContents.Unread(labels!) is { } unread)
            throw new InputException($"{folder}: {missing}; {labels}: {unread}.");
        if (missing is null && unused.Count > 0)
            InputNotes.Once(
                $"{labels}: {(unused.Count == 1 ? "one label image belongs" : $"{unused.Count} label images belong")} to no image: {Names(unused)}.");
    }

    private static List<DataItem> FindFile(string path, DataSelection selection)
    {
        if (InputFile.RequireKind(path) == FileKind.Hdf5)
            return [Item(path, path, selection)];
        var stem = WithoutSuffix(Stem(path), ImageSuffixes);
        var labels = FolderContents.Files(Path.GetDirectoryName(Path.GetFullPath(path))!)
            .Where(file => file != Path.GetFullPath(path) && LabelSuffixes.Any(suffix => Stem(file) == stem + suffix)).ToList();
        return [Item(path, OnlyLabel(stem, labels), selection)];
    }

    /// <summary>Images and labels in one folder, told apart by their names' endings.</summary>
    private static IEnumerable<DataItem> FindPairs(List<string> files, DataSelection selection)
    {
        var labels = files.Where(file => LabelSuffixes.Any(Stem(file).EndsWith)).ToLookup(file => WithoutSuffix(Stem(file), LabelSuffixes));
        foreach (var file in files.Where(file => !LabelSuffixes.Any(Stem(file).EndsWith)))
        {
            var stem = WithoutSuffix(Stem(file), ImageSuffixes);
            if (labels.Contains(stem))
                yield return Item(file, OnlyLabel(stem, [.. labels[stem]]), selection);
            // Such as X_fg.png, a foreground mask beside X_rgb.png and X_label.png.
            else if (!labels.Any(group => stem.StartsWith(group.Key + "_", StringComparison.Ordinal)))
                yield return Item(file, null, selection);
        }
    }

    /// <summary>The first of these folders that is there; where there is none, one whose name differs in upper and lower case alone.</summary>
    private static string? First(string folder, string[] names) =>
        names.Select(name => Path.Combine(folder, name)).FirstOrDefault(Directory.Exists)
        ?? (Directory.Exists(folder)
            ? FolderContents.Folders(folder).Find(path => names.Contains(Path.GetFileName(path), StringComparer.OrdinalIgnoreCase)) : null);

    private static string? OnlyLabel(string stem, List<string> labels) =>
        labels.Count <= 1 ? labels.SingleOrDefault() : throw new InputException($"{labels[0]}, {labels[1]}: two label files for '{stem}'.");

    private static string Stem(string path) => Path.GetFileNameWithoutExtension(path);

    private static string WithoutSuffix(string stem, string[] suffixes)
    {
        var suffix = suffixes.Where(ending => stem.EndsWith(ending, StringComparison.Ordinal)).MaxBy(ending => ending.Length);
        return suffix is null ? stem : stem[..^suffix.Length];
    }
}
