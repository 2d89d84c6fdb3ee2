
namespace Spoco.Engine.Data;

/// <summary>One image in memory.</summary>
/// <param name="Name">What errors call it.</param>
/// <param name="Image">The normalised image.</param>
/// <param name="Labels">Its objects; 0 = unlabelled or background.</param>
public sealed record TrainingItem(string Name, Volume<float> Image, Volume<int> Labels) : IPatchSource
{
    private readonly Lazy<IReadOnlyList<LabelledObject>> _objects = new(() => ObjectIndex.Of(Labels));

    /// <inheritdoc/>
    public PatchExtents Extents => new(Image.Depth, Image.Height, Image.Width);

    /// <inheritdoc/>
    public int Channels => Image.Channels;

    /// <inheritdoc/>
    public VoxelSize? VoxelSize => Image.VoxelSize;

    /// <inheritdoc/>
    public IReadOnlyList<LabelledObject> Objects => _objects.Value;

    /// <inheritdoc/>
    public bool ReadsBoxes => false;

    /// <inheritdoc/>
    public Volume<float> ReadImage(VoxelBox box) => Image;

    /// <inheritdoc/>
    public Volume<int> ReadLabels(VoxelBox box) => Labels;
}
