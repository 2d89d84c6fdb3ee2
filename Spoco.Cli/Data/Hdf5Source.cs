using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Data;

/// <summary>
/// A volume, or a slice of one, in a chunked HDF5 file, of which a patch reads only the box that it needs. Mean and deviation are those of the whole volume,
/// computed slab by slab with the same sums as in memory: the patches are the same bits.
/// </summary>
internal sealed class Hdf5Source : IPatchSource
{
    private const long SlabVoxels = 1 << 24;

    private readonly Hdf5Pair _files;
    private readonly VoxelBox _region;
    private readonly LabelRule _rule;
    private readonly ImageStatistics _statistics;

    /// <param name="name">What errors call it.</param>
    /// <param name="files">The open files.</param>
    /// <param name="region">What of them this source is.</param>
    /// <param name="objects">The objects in there.</param>
    /// <param name="statistics">Mean and deviation of the image in there.</param>
    /// <param name="rule">What training sees of the labels.</param>
    public Hdf5Source(string name, Hdf5Pair files, VoxelBox region, IReadOnlyList<LabelledObject> objects, ImageStatistics statistics, LabelRule rule)
    {
        (Name, _files, _region, _rule, _statistics) = (name, files, region, rule, statistics);
        Objects = [.. objects.Where(o => rule.Keeps(o.Label))];
    }

    public string Name { get; }

    public PatchExtents Extents => new(_region.Depth, _region.Height, _region.Width);

    public int Channels => _files.Channels;

    public VoxelSize? VoxelSize => _files.VoxelSize;

    public IReadOnlyList<LabelledObject> Objects { get; }

    public bool ReadsBoxes => true;

    /// <summary>The objects of a region, read slab by slab.</summary>
    public static IReadOnlyList<LabelledObject> FindObjects(Hdf5Pair files, VoxelBox region, int? ignored)
    {
        var index = new ObjectIndex(ignored);
        foreach (var slab in (region with { Z = 0, Y = 0, X = 0 }).Slabs(SlabVoxels))
            index.Add(files.ReadLabels(region.At(slab)), slab);
        return index.Objects;
    }

    /// <summary>Mean and deviation of a region, read slab by slab.</summary>
    public static ImageStatistics Measure(Hdf5Pair files, VoxelBox region, string name) =>
        ImageStatistics.Of(() => region.Slabs(SlabVoxels).Select(slab => files.ReadImage(slab).Data), name);

    public Volume<float> ReadImage(VoxelBox box)
    {
        var image = _files.ReadImage(_region.At(box));
        _statistics.Normalise(image.Data, image.Data);
        return image;
    }

    public Volume<int> ReadLabels(VoxelBox box) => _rule.Apply(_files.ReadLabels(_region.At(box)));
}
