namespace Spoco.Cli.Files;

/// <summary>What of a data set is used, and how its files name it.</summary>
internal sealed record DataSelection
{
    /// <summary>The images' dataset in HDF5 files.</summary>
    public string RawName { get; init; } = "raw";

    /// <summary>The labels' dataset in HDF5 files.</summary>
    public string LabelName { get; init; } = "label";

    /// <summary>CVPPP: the folders to use, such as A1; empty for all.</summary>
    public IReadOnlyList<string> Subsets { get; init; } = [];

    /// <summary>Cityscapes: the one class to use; null for all.</summary>
    public CityscapesClass? Class { get; init; }

    /// <summary>The label of voxels that training leaves out.</summary>
    public int? IgnoreLabel { get; init; }

    /// <summary>Whether every image must have labels.</summary>
    public bool Labelled { get; init; } = true;
}
