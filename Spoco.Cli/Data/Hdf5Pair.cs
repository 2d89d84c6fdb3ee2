using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Data;

/// <summary>The image and the labels of an HDF5 item, opened once per thread and kept open.</summary>
internal sealed class Hdf5Pair : IDisposable
{
    private readonly DataItem _item;
    private readonly ThreadLocal<(Hdf5Volume Image, Hdf5Volume? Labels)> _open;

    /// <exception cref="InputException">A dataset is missing or damaged, or the two differ in their extents.</exception>
    public Hdf5Pair(DataItem item)
    {
        _item = item;
        _open = new(Open, trackAllValues: true);
        try
        {
            var (image, labels) = _open.Value;
            if (labels is not null && (image.Whole != labels.Whole || labels.Channels != 1))
                throw new InputException($"{item.LabelPath}: the labels are {Text(labels.Whole)} but the image is {Text(image.Whole)}.");
            (Region, Channels, VoxelSize) = (item.Region(image.Whole, item.ImagePath), image.Channels, image.VoxelSize);
        }
        catch
        {
            Dispose();
            throw;
        }

        static string Text(VoxelBox box) => $"{box.Depth}x{box.Height}x{box.Width}";
    }

    /// <summary>The box that the item's part is.</summary>
    public VoxelBox Region { get; }

    public int Channels { get; }

    public VoxelSize? VoxelSize { get; }

    public Volume<float> ReadImage(VoxelBox box) => _open.Value.Image.Read<float>(box);

    /// <summary>The labels; 0 where there are none.</summary>
    public Volume<int> ReadLabels(VoxelBox box) =>
        _open.Value.Labels?.Read<int>(box, _item.IgnoreLabel) ?? new Volume<int>(box.Depth, box.Height, box.Width);

    public void Dispose()
    {
        foreach (var (image, labels) in _open.Values)
        {
            image.Dispose();
            labels?.Dispose();
        }

        _open.Dispose();
    }

    private (Hdf5Volume Image, Hdf5Volume? Labels) Open()
    {
        var image = Hdf5Volume.Open(_item.ImagePath, _item.RawName);
        try
        {
            return (image, _item.IsLabelled ? Hdf5Volume.Open(_item.LabelPath!, _item.LabelName) : null);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }
}
