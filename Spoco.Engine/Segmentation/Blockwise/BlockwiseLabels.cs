namespace Spoco.Engine.Segmentation;

/// <summary>The labels of a block-wise segmentation: read box by box, from the results of the blocks. Not safe under several threads.</summary>
public sealed class BlockwiseLabels : IDisposable
{
    private readonly BlockLayout _layout;
    private readonly BlockFolder _folder;
    private readonly int[] _labels;
    private readonly int[] _starts;
    private readonly Dictionary<int, BlockFile> _open = [];

    internal BlockwiseLabels(BlockLayout layout, BlockFolder folder, int[] labels, int[] starts, int segments) =>
        (_layout, _folder, _labels, _starts, Segments) = (layout, folder, labels, starts, segments);

    /// <summary>The box of all voxels.</summary>
    public VoxelBox Whole => _layout.Whole;

    /// <summary>Number of segments; they are numbered from 1 in order of their first voxel.</summary>
    public int Segments { get; }

    /// <summary>Number of blocks.</summary>
    public int Blocks => _layout.Count;

    /// <summary>Reads the labels of a box.</summary>
    /// <param name="box">Lies within <see cref="Whole"/>.</param>
    /// <param name="labels">Receives [D, H, W].</param>
    /// <exception cref="ArgumentException">The box reaches outside, or has another number of voxels than there is room for.</exception>
    /// <exception cref="InvalidDataException">A result of a block is damaged.</exception>
    public void Read(VoxelBox box, Span<int> labels)
    {
        if (box.Intersect(Whole) != box || labels.Length != box.VoxelCount)
            throw new ArgumentException($"BlockwiseLabels: the box {box} does not lie within {Whole}, or does not fit {labels.Length} labels.");
        foreach (var block in _layout.Touching(box))
        {
            var (whole, file) = (_layout.Box(block), Open(block));
            var common = whole.Intersect(box);
            for (var z = common.Z; z < common.Z + common.Depth; z++)
                for (var y = common.Y; y < common.Y + common.Height; y++)
                {
                    var row = labels.Slice(((z - box.Z) * box.Height + y - box.Y) * box.Width + common.X - box.X, common.Width);
                    file.ReadMap(((long)(z - whole.Z) * whole.Height + y - whole.Y) * whole.Width + common.X - whole.X, row);
                    foreach (ref var cluster in row)
                        cluster = cluster < 0 ? 0 : _labels[_starts[block] + cluster];
                }
        }
    }

    /// <summary>Deletes the results of the blocks: the labels have been written elsewhere.</summary>
    public void Delete()
    {
        Dispose();
        _folder.Delete();
    }

    /// <summary>Closes the files; the results of the blocks stay.</summary>
    public void Dispose()
    {
        foreach (var file in _open.Values)
            file.Dispose();
        _open.Clear();
    }

    private BlockFile Open(int block)
    {
        const int Most = 256;
        if (_open.TryGetValue(block, out var file))
            return file;
        if (_open.Count == Most)
            Dispose();
        return _open[block] = BlockFile.Open(_folder.PathOf(block), block, _layout.Box(block));
    }
}
