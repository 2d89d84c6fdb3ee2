using System.Runtime.InteropServices;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Data;

/// <summary>
/// A volume, or a slice of one, in a chunked HDF5 file, of which a patch reads only the box that it needs. It is normalised by what the whole volume
/// is like, measured slab by slab with the same sums as in memory: the patches are the same bits.
/// </summary>
internal sealed class Hdf5Source : IPatchSource
{
    private const long SlabVoxels = 1 << 24;

    private readonly Hdf5Pair _files;
    private readonly VoxelBox _region;
    private readonly LabelRule _rule;
    private readonly ImageScaling _scaling;

    /// <param name="name">What errors call it.</param>
    /// <param name="files">The open files.</param>
    /// <param name="region">What of them this source is.</param>
    /// <param name="objects">The objects in there.</param>
    /// <param name="scaling">What normalises the image in there.</param>
    /// <param name="rule">What training sees of the labels.</param>
    public Hdf5Source(string name, Hdf5Pair files, VoxelBox region, IReadOnlyList<LabelledObject> objects, ImageScaling scaling, LabelRule rule)
    {
        (Name, _files, _region, _rule, _scaling) = (name, files, region, rule, scaling);
        Objects = [.. objects.Where(o => rule.Keeps(o.Label))];
    }

    public string Name { get; }

    public PatchExtents Extents => new(_region.Depth, _region.Height, _region.Width);

    public int Channels => _files.Channels;

    public VoxelSize? VoxelSize => _files.VoxelSize;

    public IReadOnlyList<LabelledObject> Objects { get; }

    public bool ReadsBoxes => true;

    /// <summary>The objects of a region, read slab by slab.</summary>
    /// <param name="files">The open files.</param>
    /// <param name="region">The region.</param>
    /// <param name="ignored">A label that is no object.</param>
    /// <param name="background">Another.</param>
    /// <param name="hash">Takes the labels.</param>
    public static IReadOnlyList<LabelledObject> FindObjects(Hdf5Pair files, VoxelBox region, int? ignored, int? background, ContentHash hash)
    {
        var index = new ObjectIndex(ignored, background);
        foreach (var slab in (region with { Z = 0, Y = 0, X = 0 }).Slabs(SlabVoxels))
        {
            var labels = files.ReadLabels(region.At(slab));
            hash.Add(MemoryMarshal.AsBytes<int>(labels.Data));
            index.Add(labels, slab);
        }

        return index.Objects;
    }

    /// <summary>Measures the image of a region slab by slab.</summary>
    /// <param name="files">The open files.</param>
    /// <param name="region">The region.</param>
    /// <param name="normalisation">How it is to be normalised.</param>
    /// <param name="hash">Takes the image.</param>
    /// <param name="name">What to call it in an error.</param>
    public static ImageScaling Measure(Hdf5Pair files, VoxelBox region, NormalisationOptions normalisation, ContentHash hash, string name)
    {
        var passes = 0;
        return ImageScaling.Of(normalisation, files.Channels, () => Pass(passes++ == 0), name);

        IEnumerable<float[]> Pass(bool first)
        {
            foreach (var slab in region.Slabs(SlabVoxels))
            {
                var image = files.ReadImage(slab).Data;
                if (first)
                    hash.Add(MemoryMarshal.AsBytes<float>(image));
                yield return image;
            }
        }
    }

    public Volume<float> ReadImage(VoxelBox box)
    {
        var image = _files.ReadImage(_region.At(box));
        _scaling.Apply(image.Data, image.Data);
        return image;
    }

    public Volume<int> ReadLabels(VoxelBox box) => _rule.Apply(_files.ReadLabels(_region.At(box)));
}
