using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>The part of an item to use, along its longest axis.</summary>
internal enum ItemPart
{
    Whole, FirstThreeQuarters, LastQuarter,
}

/// <summary>One image of a data set with its labels; nothing is read until asked for.</summary>
/// <param name="Name">The image's name without folder and extension.</param>
/// <param name="ImagePath">The file with the image.</param>
/// <param name="LabelPath">The file with the labels, the same one for HDF5; null where there are none.</param>
/// <param name="RawName">The image's dataset, for HDF5.</param>
/// <param name="LabelName">The labels' dataset, for HDF5.</param>
internal sealed record DataItem(string Name, string ImagePath, string? LabelPath, string RawName, string LabelName)
{
    /// <summary>The part that is loaded, where a single volume serves both training and validation.</summary>
    public ItemPart Part { get; init; }

    /// <summary>Reads the image.</summary>
    public Volume<float> LoadImage() => Cut(InputFile.ReadImage(ImagePath, RawName), ImagePath);

    /// <summary>Reads the labels.</summary>
    public Volume<int> LoadLabels() => Cut(InputFile.ReadLabels(RequireLabelPath(), LabelName), RequireLabelPath());

    /// <summary>Reads both; they must cover the same voxels.</summary>
    public (Volume<float> Image, Volume<int> Labels) Load()
    {
        var (image, labels) = (LoadImage(), LoadLabels());
        return image.HasExtentsOf(labels)
            ? (image, labels)
            : throw new InputException($"{LabelPath} is {labels} but its image {ImagePath} is {image}.");
    }

    private string RequireLabelPath() => LabelPath ?? throw new InputException($"{ImagePath}: no labels belong to this image.");

    private Volume<T> Cut<T>(Volume<T> volume, string path) where T : unmanaged
    {
        if (Part == ItemPart.Whole)
            return volume;
        var (d, h, w) = (volume.Depth, volume.Height, volume.Width);
        var longest = Math.Max(d, Math.Max(h, w));
        if (longest < 2)
            throw new InputException($"{path}: {volume} is too small to be split into training and validation.");
        var split = Math.Max(1, longest * 3L / 4);
        var (start, count) = Part == ItemPart.LastQuarter ? ((int)split, (int)(longest - split)) : (0, (int)split);
        return longest == d ? volume.Crop(start, 0, 0, count, h, w)
            : longest == h ? volume.Crop(0, start, 0, d, count, w)
            : volume.Crop(0, 0, start, d, h, count);
    }
}
