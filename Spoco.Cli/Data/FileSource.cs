using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Data;

/// <summary>An image that is read from its files when a patch of it is wanted: for data sets that do not fit into memory.</summary>
internal sealed class FileSource : IPatchSource
{
    private readonly DataItem _item;
    private readonly int _slice;
    private readonly DecodedImages _decoded;
    private readonly LabelRule _rule;
    private readonly ImageReading _reading;

    /// <param name="name">What errors call it.</param>
    /// <param name="item">The files.</param>
    /// <param name="slice">The slice that this source is, or -1 for all.</param>
    /// <param name="known">The objects that the rule keeps, and the extents.</param>
    /// <param name="channels">The channels that the image is brought to.</param>
    /// <param name="rule">What training sees of the labels.</param>
    /// <param name="reading">What is done to images and labels when they are read.</param>
    /// <param name="decoded">What was read lately.</param>
    public FileSource(
        string name, DataItem item, int slice, KnownImage known, int channels, LabelRule rule, ImageReading reading, DecodedImages decoded)
    {
        (Name, _item, _slice, Channels, _rule, _reading, _decoded) = (name, item, slice, channels, rule, reading, decoded);
        (Extents, VoxelSize) = (known.Extents, known.VoxelSize);
        Objects = [.. known.Objects.Where(o => rule.Keeps(o.Label))];
    }

    public string Name { get; }

    public PatchExtents Extents { get; }

    public int Channels { get; }

    public VoxelSize? VoxelSize { get; }

    public IReadOnlyList<LabelledObject> Objects { get; }

    public bool ReadsBoxes => false;

    public Volume<float> ReadImage(VoxelBox box) => Read().Image;

    public Volume<int> ReadLabels(VoxelBox box) => Read().Labels;

    private TrainingItem Read() => _decoded.Get(this, () =>
    {
        var (image, labels) = _item.Load();
        if (_slice >= 0)
        {
            image = image.Crop(_slice, 0, 0, 1, image.Height, image.Width);
            labels = labels.Crop(_slice, 0, 0, 1, labels.Height, labels.Width);
        }

        return new TrainingItem(Name, _reading.Image(image, Channels, Name), _rule.Apply(_reading.Labels(labels)));
    });
}

/// <summary>What a first reading of an image told of it.</summary>
internal readonly record struct KnownImage(PatchExtents Extents, VoxelSize? VoxelSize, IReadOnlyList<LabelledObject> Objects);
