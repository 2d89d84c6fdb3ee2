using System.Globalization;
using System.Text.RegularExpressions;

namespace Spoco.Cli.Files;

/// <summary>
/// Data sets laid out as their authors publish them:
/// <list type="bullet">
/// <item>CVPPP: <c>A1/plant001_rgb.png</c>, <c>A1/plant001_label.png</c>, folders A1, A2, ...</item>
/// <item>Cityscapes: <c>leftImg8bit/train/CITY/X_leftImg8bit.png</c>, <c>gtFine/train/CITY/X_gtFine_instanceIds.png</c></item>
/// <item>DSB2018: <c>ID/images/ID.png</c>, <c>ID/masks/*.png</c>, one mask per object</item>
/// <item>VNC: <c>stack1/raw/00.tif</c>, <c>stack1/mitochondria/00.png</c>, a binary mask</item>
/// <item>MitoEM: <c>im/im0000.png</c>, <c>mito-train-v2/seg0000.tif</c>, <c>mito-val-v2/seg0400.tif</c>, matched by number</item>
/// </list>
/// </summary>
internal static partial class PublishedLayout
{
    private const string ImageEnding = "_leftImg8bit";
    private const string InstanceEnding = "_gtFine_instanceIds";

    /// <summary>The two parts of a data set whose training and validation images lie in one tree; null for every other layout.</summary>
    public static (List<DataItem> Train, List<DataItem> Validation)? Parts(string path, DataSelection selection)
    {
        var cityscapes = Path.Combine(path, "leftImg8bit");
        if (Directory.Exists(cityscapes) && Directory.Exists(Path.Combine(path, "gtFine")))
        {
            var (train, val) = (Path.Combine(cityscapes, "train"), Path.Combine(cityscapes, "val"));
            return (Directory.Exists(train) ? Cities(train, selection) ?? [] : [], Directory.Exists(val) ? Cities(val, selection) ?? [] : []);
        }

        return Directory.Exists(Path.Combine(path, "im")) ? MitoEm(path, selection) : null;
    }

    /// <summary>The items of a folder in one of the layouts; null where it is in none.</summary>
    public static List<DataItem>? Find(string folder, DataSelection selection) =>
        Plants(folder, selection) ?? Cities(folder, selection) ?? Nuclei(folder, selection) ?? Sections(folder, selection)
        ?? (Parts(folder, selection) is { } parts ? [.. parts.Train, .. parts.Validation] : null);

    private static List<DataItem>? Plants(string folder, DataSelection selection)
    {
        var subsets = FolderContents.Folders(folder).Where(path => SubsetName().IsMatch(Path.GetFileName(path))).ToList();
        if (subsets.Count == 0)
            return null;
        foreach (var wanted in selection.Subsets)
        {
            if (!subsets.Any(path => Path.GetFileName(path) == wanted))
                throw new Engine.InputException($"{folder}: has no subset {wanted}; there are {string.Join(", ", subsets.Select(Path.GetFileName))}.");
        }

        var used = subsets.Where(path => selection.Subsets.Count == 0 || selection.Subsets.Contains(Path.GetFileName(path))).ToList();
        // Plants are numbered anew in every subset.
        return [.. used.SelectMany(path => DataFolder.FindFolder(path, selection)
            .Select(item => used.Count == 1 ? item : item with { Name = $"{Path.GetFileName(path)}_{item.Name}" }))];
    }

    /// <summary>A folder of cities, of either the images or the annotations.</summary>
    private static List<DataItem>? Cities(string folder, DataSelection selection)
    {
        var items = new List<DataItem>();
        foreach (var file in FolderContents.Folders(folder).SelectMany(FolderContents.Files))
        {
            var stem = Path.GetFileNameWithoutExtension(file);
            var (image, labels) = stem.EndsWith(ImageEnding, StringComparison.Ordinal)
                ? (file, Sibling(file, "leftImg8bit", "gtFine", stem[..^ImageEnding.Length] + InstanceEnding))
                : stem.EndsWith(InstanceEnding, StringComparison.Ordinal)
                    ? (Sibling(file, "gtFine", "leftImg8bit", stem[..^InstanceEnding.Length] + ImageEnding), file)
                    : (null, null);
            if (image is not null)
                items.Add(DataFolder.Item(image, File.Exists(labels) ? labels : null, selection, LabelEncoding.CityscapesInstances));
        }

        return items.Count == 0 ? null : items;
    }

    /// <summary>The file of a name in the same part and city of the other tree.</summary>
    private static string Sibling(string file, string tree, string other, string name)
    {
        var city = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var part = Path.GetDirectoryName(city)!;
        var root = Path.GetDirectoryName(part)!;
        if (Path.GetFileName(root) == tree)
            root = Path.Combine(Path.GetDirectoryName(root)!, other);
        return Path.Combine(root, Path.GetFileName(part), Path.GetFileName(city), name + ".png");
    }

    private static List<DataItem>? Nuclei(string folder, DataSelection selection)
    {
        var items = new List<DataItem>();
        foreach (var id in FolderContents.Folders(folder))
        {
            var (images, masks) = (Path.Combine(id, "images"), Path.Combine(id, "masks"));
            if (!Directory.Exists(images) || Directory.Exists(Path.Combine(id, "labels")))
                continue;
            var labels = Directory.Exists(masks) ? masks : null;
            items.AddRange(FolderContents.Files(images).Select(image => DataFolder.Item(image, labels, selection, LabelEncoding.MaskPerObject)));
        }

        return items.Count == 0 ? null : items;
    }

    private static List<DataItem>? Sections(string folder, DataSelection selection)
    {
        var stack = Path.Combine(folder, "stack1");
        var root = Directory.Exists(stack) ? stack : folder;
        var (raw, mitochondria) = (Path.Combine(root, "raw"), Path.Combine(root, "mitochondria"));
        if (!Directory.Exists(raw) || !Directory.Exists(mitochondria)
            || Directory.Exists(Path.Combine(root, "instances")) || Directory.Exists(Path.Combine(root, "labels")))
            return null;
        var masks = FolderContents.Files(mitochondria).ToDictionary(file => Path.GetFileNameWithoutExtension(file)!, StringComparer.Ordinal);
        return [.. FolderContents.Files(raw).Select(image =>
            DataFolder.Item(image, masks.GetValueOrDefault(Path.GetFileNameWithoutExtension(image)), selection, LabelEncoding.BinaryMask))];
    }

    private static (List<DataItem> Train, List<DataItem> Validation)? MitoEm(string root, DataSelection selection)
    {
        var labels = FolderContents.Folders(root).Where(path => Path.GetFileName(path).Contains("mito", StringComparison.OrdinalIgnoreCase)).ToList();
        if (labels.Count == 0)
            return null;
        var images = FolderContents.Files(Path.Combine(root, "im")).Where(file => Number(file) is not null).ToLookup(file => Number(file)!.Value);
        return (Part("train"), Part("val"));

        List<DataItem> Part(string name)
        {
            var folder = labels.FirstOrDefault(path => Path.GetFileName(path).Contains(name, StringComparison.OrdinalIgnoreCase));
            return folder is null
                ? []
                : [.. FolderContents.Files(folder).Where(file => Number(file) is { } n && images.Contains(n))
                    .Select(file => DataFolder.Item(images[Number(file)!.Value].First(), file, selection))];
        }
    }

    /// <summary>The number that a name ends with.</summary>
    private static int? Number(string path)
    {
        var digits = TrailingNumber().Match(Path.GetFileNameWithoutExtension(path)).Value;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    [GeneratedRegex("^A[1-9]$")]
    private static partial Regex SubsetName();

    [GeneratedRegex("[0-9]+$")]
    private static partial Regex TrailingNumber();
}
