using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Files;

/// <summary>The part of an item to use, along its longest axis.</summary>
internal enum ItemPart
{
    Whole, FirstThreeQuarters, LastQuarter,
}

/// <summary>One image of a data set with its labels; nothing is read until asked for.</summary>
/// <param name="Name">The image's name, unique within its data set; results are called after it.</param>
/// <param name="ImagePath">The file with the image.</param>
/// <param name="LabelPath">The file (or, for masks, the folder) with the labels, the same one for HDF5; null where there are none.</param>
/// <param name="RawName">The image's dataset, for HDF5.</param>
/// <param name="LabelName">The labels' dataset, for HDF5.</param>
internal sealed record DataItem(string Name, string ImagePath, string? LabelPath, string RawName, string LabelName)
{
    /// <summary>The part that is loaded, where a single volume serves both training and validation.</summary>
    public ItemPart Part { get; init; }

    /// <summary>How the file at <see cref="LabelPath"/> tells objects.</summary>
    public LabelEncoding Encoding { get; init; }

    /// <summary>Cityscapes: the class whose objects are labels; null for those of every class with instances.</summary>
    public CityscapesClass? Class { get; init; }

    /// <summary>The label of voxels that training leaves out; the only one that may be negative.</summary>
    public int? IgnoreLabel { get; init; }

    /// <summary>Whether it may have no labels: none of its voxels is known then.</summary>
    public bool MayBeUnlabelled { get; init; }

    /// <summary>Whether there are labels.</summary>
    public bool IsLabelled => LabelPath is not null
        && (!MayBeUnlabelled || InputFile.KindOf(LabelPath) != FileKind.Hdf5 || Hdf5File.Has(LabelPath, LabelName));

    /// <summary>Whether boxes of it can be read without reading all of it.</summary>
    public bool IsChunked => InputFile.KindOf(ImagePath) == FileKind.Hdf5 && (!IsLabelled || InputFile.KindOf(LabelPath!) == FileKind.Hdf5);

    /// <summary>Reads the image.</summary>
    public Volume<float> LoadImage() => Cut(InputFile.ReadImage(ImagePath, RawName), ImagePath);

    /// <summary>Reads the labels.</summary>
    public Volume<int> LoadLabels() => Cut(LabelFile.Read(this, RequireLabelPath()), RequireLabelPath());

    /// <summary>Reads both; they must cover the same voxels.</summary>
    public (Volume<float> Image, Volume<int> Labels) Load()
    {
        var image = LoadImage();
        var labels = MayBeUnlabelled && !IsLabelled ? new Volume<int>(image.Depth, image.Height, image.Width) : LoadLabels();
        return image.HasExtentsOf(labels)
            ? (image, labels)
            : throw new InputException($"{LabelPath} is {labels} but its image {ImagePath} is {image}.");
    }

    /// <summary>The box that <see cref="Part"/> means within an image.</summary>
    /// <exception cref="InputException">The image is too small to be split.</exception>
    public VoxelBox Region(VoxelBox whole, string path) => Part == ItemPart.Whole ? whole : HeldOut.Quarters(whole, last: Part == ItemPart.LastQuarter, path);

    private string RequireLabelPath() => LabelPath ?? throw new InputException($"{ImagePath}: no labels belong to this image.");

    private Volume<T> Cut<T>(Volume<T> volume, string path) where T : unmanaged
    {
        if (Part == ItemPart.Whole)
            return volume;
        var box = Region(VoxelBox.Of(volume), path);
        return volume.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width);
    }
}
