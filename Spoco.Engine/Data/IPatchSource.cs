
namespace Spoco.Engine.Data;

/// <summary>One image with its labels that training patches are cut from, in memory or on disk. Safe under several threads.</summary>
public interface IPatchSource
{
    /// <summary>What errors call it.</summary>
    string Name { get; }

    /// <summary>The image's extents.</summary>
    PatchExtents Extents { get; }

    /// <summary>Values per voxel.</summary>
    int Channels { get; }

    /// <summary>Size of a voxel where the file states one.</summary>
    VoxelSize? VoxelSize { get; }

    /// <summary>The objects that training may know; the background is none.</summary>
    IReadOnlyList<LabelledObject> Objects { get; }

    /// <summary>Whether a read returns just the box asked for; else it returns the whole image, and asking for less gains nothing.</summary>
    bool ReadsBoxes { get; }

    /// <summary>The normalised image within a box.</summary>
    Volume<float> ReadImage(VoxelBox box);

    /// <summary>The labels within a box, after <see cref="LabelRule"/>.</summary>
    Volume<int> ReadLabels(VoxelBox box);
}
