using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Data;

/// <summary>One image in memory.</summary>
/// <param name="Name">What errors call it.</param>
/// <param name="Image">The normalised image.</param>
/// <param name="Labels">Its objects; 0 = unlabelled or background.</param>
internal sealed record TrainingItem(string Name, Volume<float> Image, Volume<int> Labels) : IPatchSource
{
    private readonly Lazy<IReadOnlyList<LabelledObject>> _objects = new(() => ObjectIndex.Of(Labels));

    public PatchExtents Extents => new(Image.Depth, Image.Height, Image.Width);

    public int Channels => Image.Channels;

    public VoxelSize? VoxelSize => Image.VoxelSize;

    public IReadOnlyList<LabelledObject> Objects => _objects.Value;

    public bool ReadsBoxes => false;

    public Volume<float> ReadImage(VoxelBox box) => Image;

    public Volume<int> ReadLabels(VoxelBox box) => Labels;
}
