namespace Spoco.Engine.Segmentation;

/// <summary>The labels of a block-wise segmentation: read box by box, from the results of the blocks. Not safe under several threads.</summary>
public sealed class BlockwiseLabels : IDisposable
{
    private readonly BlockFiles _files;
    private readonly int[] _labels;
    private readonly int[] _starts;
    private readonly Dictionary<int, BlockFile> _open = [];

    private readonly double? _threshold;
    private int[] _cores = [];
    private float[] _foreground = [];

    /// <param name="files">The results of the blocks.</param>
    /// <param name="labels">The label of every cluster.</param>
    /// <param name="starts">Where those of each block begin.</param>
    /// <param name="segments">Number of labels.</param>
    /// <param name="threshold">Down to which probability labels grow when they are read (<see cref="CoreGrowth"/>); null = they do not.</param>
    internal BlockwiseLabels(BlockFiles files, int[] labels, int[] starts, int segments, double? threshold) =>
        (_files, _labels, _starts, Segments, _threshold) = (files, labels, starts, segments, threshold);

    /// <summary>The box of all voxels.</summary>
    public VoxelBox Whole => _files.Layout.Whole;

    /// <summary>Number of segments; they are numbered from 1 in order of the first voxel of each, or of its core.</summary>
    public int Segments { get; }

    /// <summary>The mean embedding of the largest of the segments before any were joined; empty where it was not asked for.</summary>
    internal double[] MeanOfLargest { get; init; } = [];

    /// <summary>Number of blocks.</summary>
    public int Blocks => _files.Layout.Count;

    /// <summary>Reads the labels of a box.</summary>
    /// <param name="box">Lies within <see cref="Whole"/>.</param>
    /// <param name="labels">Receives [D, H, W].</param>
    /// <exception cref="ArgumentException">The box reaches outside, or has another number of voxels than there is room for.</exception>
    /// <exception cref="InvalidDataException">A result of a block is damaged.</exception>
    public void Read(VoxelBox box, Span<int> labels)
    {
        if (box.Intersect(Whole) != box || labels.Length != box.VoxelCount)
            throw new ArgumentException($"BlockwiseLabels: the box {box} does not lie within {Whole}, or does not fit {labels.Length} labels.");
        if (_threshold is { } threshold)
            ReadGrown(box, labels, threshold);
        else
            ReadCores(box, labels);
    }

    /// <summary>Deletes the results of the blocks: the labels have been written elsewhere.</summary>
    public void Delete()
    {
        Dispose();
        _files.Delete();
    }

    /// <summary>Closes the files; the results of the blocks stay.</summary>
    public void Dispose()
    {
        foreach (var file in _open.Values)
            file.Dispose();
        _open.Clear();
    }

    private void ReadCores(VoxelBox box, Span<int> labels)
    {
        foreach (var block in _files.Layout.Touching(box))
        {
            var (whole, file) = (_files.Layout.Box(block), Open(block));
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

    private void ReadGrown(VoxelBox box, Span<int> labels, double threshold)
    {
        const int Reach = CoreGrowth.Reach;
        var around = new VoxelBox(box.Z - Reach, box.Y - Reach, box.X - Reach, box.Depth + 2 * Reach, box.Height + 2 * Reach, box.Width + 2 * Reach).Intersect(Whole);
        if (_cores.Length < around.VoxelCount)
            (_cores, _foreground) = (new int[around.VoxelCount], new float[around.VoxelCount]);
        var cores = _cores.AsSpan(0, (int)around.VoxelCount);
        var foreground = _foreground.AsSpan(0, (int)around.VoxelCount);
        ReadCores(around, cores);
        foreach (var block in _files.Layout.Touching(around))
        {
            var (whole, file) = (_files.Layout.Box(block), Open(block));
            var common = whole.Intersect(around);
            for (var z = common.Z; z < common.Z + common.Depth; z++)
                for (var y = common.Y; y < common.Y + common.Height; y++)
                    file.ReadForeground(((long)(z - whole.Z) * whole.Height + y - whole.Y) * whole.Width + common.X - whole.X,
                        foreground.Slice(((z - around.Z) * around.Height + y - around.Y) * around.Width + common.X - around.X, common.Width));
        }

        CoreGrowth.Grow(cores, foreground, around, threshold);
        for (var z = 0; z < box.Depth; z++)
            for (var y = 0; y < box.Height; y++)
                cores.Slice(((z + box.Z - around.Z) * around.Height + y + box.Y - around.Y) * around.Width + box.X - around.X, box.Width)
                    .CopyTo(labels[((z * box.Height + y) * box.Width)..]);
    }

    private BlockFile Open(int block)
    {
        const int Most = 256;
        if (_open.TryGetValue(block, out var file))
            return file;
        if (_open.Count == Most)
            Dispose();
        return _open[block] = _files.Open(block);
    }
}
