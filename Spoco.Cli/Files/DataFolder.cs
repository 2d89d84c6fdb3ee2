using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// Finds the images of a data set and their labels. A data set is one of
/// <list type="bullet">
/// <item><c>images/NAME.*</c> with <c>labels/NAME.*</c>, also called <c>raw</c> and <c>instances</c>; extensions may differ;</item>
/// <item>HDF5 files with a raw and a label dataset each;</item>
/// <item><c>X.tif</c>, <c>X_raw.tif</c> or <c>X_rgb.tif</c> beside <c>X_label.tif</c>, <c>_labels</c>, <c>_segm</c> or <c>_instances</c>
/// (or .png);</item>
/// <item>one such file;</item>
/// </list>
/// either directly or within <c>train/</c> and <c>val/</c>.
/// </summary>
internal sealed record DataFolder(IReadOnlyList<DataItem> Train, IReadOnlyList<DataItem> Validation)
{
    private static readonly string[] ImageFolders = ["images", "raw"];
    private static readonly string[] LabelFolders = ["labels", "instances"];
    private static readonly string[] ImageSuffixes = ["", "_rgb", "_raw"];
    private static readonly string[] LabelSuffixes = ["_label", "_labels", "_segm", "_instances"];

    /// <summary>Finds a data set; reads no file.</summary>
    /// <param name="path">A folder or a file.</param>
    /// <param name="validation">Where the validation images are, instead of <c>path/val</c>.</param>
    /// <param name="rawName">The images' dataset in HDF5 files.</param>
    /// <param name="labelName">The labels' dataset in HDF5 files.</param>
    public static DataFolder Open(string path, string? validation = null, string rawName = "raw", string labelName = "label")
    {
        var (train, val) = (Path.Combine(path, "train"), validation ?? Path.Combine(path, "val"));
        return new DataFolder(
            Find(Directory.Exists(train) ? train : path, rawName, labelName),
            validation is not null || Directory.Exists(val) ? Find(val, rawName, labelName) : []);
    }

    /// <summary>Finds the items of one part of a data set, in the order of their names.</summary>
    /// <param name="path">A folder or a file.</param>
    /// <param name="rawName">The images' dataset in HDF5 files.</param>
    /// <param name="labelName">The labels' dataset in HDF5 files.</param>
    /// <param name="labelled">Whether every image must have labels.</param>
    public static IReadOnlyList<DataItem> Find(string path, string rawName = "raw", string labelName = "label", bool labelled = true)
    {
        var items = File.Exists(path) ? FindFile(path, rawName, labelName)
            : Directory.Exists(path) ? FindFolder(path, rawName, labelName)
            : throw new InputException($"{path}: no such file or folder.");
        if (items.Count == 0)
            throw new InputException(
                $"{path}: no images found; expected images/ and labels/, HDF5 files, or X.tif with X_label.tif.");
        var missing = items.Where(item => item.LabelPath is null).Select(item => item.Name).ToList();
        var more = missing.Count > 3 ? $" and {missing.Count - 3} more" : "";
        if (labelled && missing.Count > 0)
            throw new InputException(
                $"{path}: {missing.Count} of {items.Count} images have no labels: {string.Join(", ", missing.Take(3))}{more}.");
        return items;
    }

    /// <summary>
    /// This data set with a validation part: where it has none, the last fifth of the images or, of a single one, the last quarter along its
    /// longest axis is taken from training.
    /// </summary>
    public DataFolder WithValidation()
    {
        if (Validation.Count > 0)
            return this;
        if (Train is [var single])
            return new DataFolder(
                [single with { Part = ItemPart.FirstThreeQuarters }],
                [single with { Part = ItemPart.LastQuarter, Name = single.Name + " (last quarter)" }]);
        var held = (Train.Count + 4) / 5;
        return new DataFolder([.. Train.Take(Train.Count - held)], [.. Train.Skip(Train.Count - held)]);
    }

    /// <summary>Refuses a data set without a single object; reads labels up to the first object.</summary>
    public static void RequireObjects(IReadOnlyList<DataItem> items)
    {
        var where = items.Count == 1 ? "this file" : $"any of {items.Count} label files from this one on";
        if (!items.Any(item => item.LoadLabels().Data.AsSpan().ContainsAnyExcept(0)))
            throw new InputException($"{items[0].LabelPath}: no labelled object in {where}.");
    }

    private static List<DataItem> FindFile(string path, string rawName, string labelName)
    {
        if (InputFile.RequireKind(path) == FileKind.Hdf5)
            return [Hdf5Item(path, rawName, labelName)];
        var stem = WithoutSuffix(Stem(path), ImageSuffixes);
        var labels = Files(Path.GetDirectoryName(Path.GetFullPath(path))!)
            .Where(file => file != Path.GetFullPath(path) && LabelSuffixes.Any(suffix => Stem(file) == stem + suffix)).ToList();
        return [new DataItem(Stem(path), path, OnlyLabel(stem, labels), rawName, labelName)];
    }

    private static List<DataItem> FindFolder(string folder, string rawName, string labelName)
    {
        var images = ImageFolders.Select(name => Path.Combine(folder, name)).FirstOrDefault(Directory.Exists);
        if (images is not null)
        {
            var labels = LabelFolders.Select(name => Path.Combine(folder, name)).FirstOrDefault(Directory.Exists);
            var byStem = (labels is null ? [] : Files(labels)).ToLookup(Stem);
            return [.. Files(images).Select(file =>
                new DataItem(Stem(file), file, OnlyLabel(Stem(file), [.. byStem[Stem(file)]]), rawName, labelName))];
        }

        var files = Files(folder);
        return [.. files.Where(file => InputFile.KindOf(file) == FileKind.Hdf5).Select(file => Hdf5Item(file, rawName, labelName)),
            .. FindPairs([.. files.Where(file => InputFile.KindOf(file) != FileKind.Hdf5)], rawName, labelName)];
    }

    /// <summary>Images and labels in one folder, told apart by their names' endings.</summary>
    private static IEnumerable<DataItem> FindPairs(List<string> files, string rawName, string labelName)
    {
        var labels = files.Where(file => LabelSuffixes.Any(Stem(file).EndsWith)).ToLookup(file => WithoutSuffix(Stem(file), LabelSuffixes));
        foreach (var file in files.Where(file => !LabelSuffixes.Any(Stem(file).EndsWith)))
        {
            var stem = WithoutSuffix(Stem(file), ImageSuffixes);
            if (labels.Contains(stem))
                yield return new DataItem(Stem(file), file, OnlyLabel(stem, [.. labels[stem]]), rawName, labelName);
            // Such as X_fg.png, a foreground mask beside X_rgb.png and X_label.png.
            else if (!labels.Any(group => stem.StartsWith(group.Key + "_", StringComparison.Ordinal)))
                yield return new DataItem(Stem(file), file, LabelPath: null, rawName, labelName);
        }
    }

    private static DataItem Hdf5Item(string path, string rawName, string labelName) => new(Stem(path), path, path, rawName, labelName);

    private static string? OnlyLabel(string stem, List<string> labels) =>
        labels.Count <= 1 ? labels.SingleOrDefault() : throw new InputException($"{labels[0]}, {labels[1]}: two label files for '{stem}'.");

    private static string Stem(string path) => Path.GetFileNameWithoutExtension(path);

    private static string WithoutSuffix(string stem, string[] suffixes)
    {
        var suffix = suffixes.Where(ending => stem.EndsWith(ending, StringComparison.Ordinal)).MaxBy(ending => ending.Length);
        return suffix is null ? stem : stem[..^suffix.Length];
    }

    private static List<string> Files(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder)
                .Where(file => InputFile.KindOf(file) is not null && Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: cannot be read ({InputFile.FirstLine(e.Message)}).", e);
        }
    }
}
