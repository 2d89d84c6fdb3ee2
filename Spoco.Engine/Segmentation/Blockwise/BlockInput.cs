using System.Globalization;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>What a block-wise segmentation reads, and how it becomes priorities.</summary>
internal sealed class BlockInput
{
    private readonly IVolumeReader<float> _values;
    private readonly IVolumeReader<byte>? _mask;
    private readonly bool _areEmbeddings;
    private readonly bool _arePriorities;
    private readonly MutexWatershedOptions _options;
    private readonly MutexGrid _rule;
    private readonly PixelOffset[] _offsets;
    private readonly IPredictionReader? _prediction;
    private readonly double? _threshold;
    private readonly double[]? _background;
    private readonly bool _keepsEmbeddings;

    public BlockInput(
        IVolumeReader<float> values, IVolumeReader<byte>? mask, bool areEmbeddings, bool arePriorities, MutexWatershedOptions options, BlockwiseOptions blockwise)
    {
        (_values, _mask, _areEmbeddings, _arePriorities, _options) = (values, mask, areEmbeddings, arePriorities, options);
        (_prediction, _threshold, _background) = (values as IPredictionReader, blockwise.ForegroundThreshold, blockwise.Background);
        _keepsEmbeddings = SegmentJoining.Joins(blockwise.Joining) || blockwise.KeepsSums;
        Whole = new VoxelBox(0, 0, 0, values.Depth, values.Height, values.Width);
        if (values.Depth < 1 || values.Height < 1 || values.Width < 1 || values.Channels < 1)
            throw new ArgumentException($"BlockwiseMutexWatershed: the image is empty ({Text(values)}).");
        (Offsets, Attractive) = options.Resolve(values.Depth);
        _offsets = [.. Offsets.Select(o => o.ToPixels())];
        if (!areEmbeddings && values.Channels != Offsets.Count)
            throw new ArgumentException($"BlockwiseMutexWatershed: {values.Channels} channels do not fit {Offsets.Count} offsets.");
        if (mask is not null && (mask.Depth != values.Depth || mask.Height != values.Height || mask.Width != values.Width || mask.Channels != 1))
            throw new ArgumentException($"BlockwiseMutexWatershed: the mask ({Text(mask)}) does not fit the image ({Text(values)}).");
        if (_keepsEmbeddings && !areEmbeddings && _prediction is null)
            throw new ArgumentException("BlockwiseMutexWatershed: segments are joined by their embeddings, which are not known here; leave fragments and similar segments as they are.");
        if (_threshold is { } threshold)
        {
            CoreGrowth.CheckThreshold(threshold);
            if (_prediction is null || mask is not null)
                throw new ArgumentException("BlockwiseMutexWatershed: the learned foreground is that of a prediction, and goes with no mask.");
        }

        _rule = options.ToGrid(0, 0, 0, [], 0, arePriorities);
    }

    /// <summary>The image.</summary>
    public VoxelBox Whole { get; }

    /// <summary>One per channel of edges.</summary>
    public IReadOnlyList<VoxelOffset> Offsets { get; }

    /// <summary>How many of the first offsets are attractive.</summary>
    public int Attractive { get; }

    /// <summary>Dimensions of the embeddings that are kept; 0 = none.</summary>
    public int KeptDimensions => _keepsEmbeddings ? Dimensions : 0;

    /// <summary>What reading takes.</summary>
    public BlockBytes Bytes
    {
        get
        {
            var beside = _areEmbeddings || !(_keepsEmbeddings || _background is not null) ? 0 : Dimensions;
            var foreground = _threshold is null ? 0 : sizeof(float);
            return new BlockBytes(Math.Max(_values.Channels, beside), sizeof(float) * (_values.Channels + beside) + foreground, sizeof(float) * KeptDimensions, foreground);
        }
    }

    /// <summary>Whether the largest attractive weight of the whole image is needed first.</summary>
    public bool NeedsMaximum => !_arePriorities && _options.AttractiveReference == AttractiveReference.Max;

    /// <summary>All that the priorities depend on but the values, as text.</summary>
    public string Identity => $"{(_areEmbeddings ? "embeddings" : _arePriorities ? "priorities" : "affinities")} {Text(_values)}, mask {_mask is not null}, "
        + $"offsets {string.Join(' ', Offsets)}, attractive {Attractive}, margin {_options.PushMargin:R}, {_options.AttractiveReference}, "
        + $"bias {_options.RepulsiveBias:R}, strides {_options.Strides} {_options.RandomStrides} {_options.Seed}, sums of {KeptDimensions}, foreground {_threshold:R}, "
        + $"background {(_background is null ? "none" : string.Join(' ', _background.Select(v => v.ToString("R", CultureInfo.InvariantCulture))))}";

    private int Dimensions => _areEmbeddings ? _values.Channels : _prediction?.Dimensions ?? 0;

    /// <summary>The edges within a block as the solver takes them.</summary>
    public MutexGrid Grid(VoxelBox box) => _options.ToGrid(box.Depth, box.Height, box.Width, Offsets, Attractive, _arePriorities);

    /// <summary>Blocks of given extents.</summary>
    public BlockLayout Layout((int Z, int Y, int X) extents) => new(Whole, _offsets, Attractive, extents);

    /// <summary>The largest blocks whose computation fits a memory; null where not even small ones do.</summary>
    public BlockLayout? ChooseLayout(long memory) => BlockLayout.Choose(Whole, _offsets, Attractive, Bytes, memory);

    /// <summary>The smallest blocks, and what they take.</summary>
    public ((int Z, int Y, int X) Extents, long Bytes) LeastMemory =>
        (BlockLayout.Smallest(Whole), BlockLayout.Bytes(Whole, _offsets, Attractive, Bytes, BlockLayout.Smallest(Whole)));

    /// <summary>Reads the priorities of the edges that have an end in a block.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="layout">The blocks.</param>
    /// <param name="box">The block.</param>
    /// <param name="largest">The largest attractive weight of the image where it is needed; null = attractive edges are read alone then, as weights.</param>
    public BlockValues Read(HostScratch scratch, BlockLayout layout, VoxelBox box, float? largest)
    {
        var voxels = Read(scratch, layout.Around(box));
        ReadMask(voxels);
        return BlockValues.Of(scratch, layout, box, voxels, _rule, largest, _keepsEmbeddings, out var refused) ?? throw new ArgumentException(
            $"BlockwiseMutexWatershed: the weight of offset {Offsets[refused.Channel]} at {Position(voxels.Around, refused.Voxel)} is {refused.Weight}; weights must be finite.");
    }

    private BlockVoxels Read(HostScratch scratch, VoxelBox around)
    {
        var beside = _areEmbeddings || (KeptDimensions == 0 && _background is null) ? 0 : Dimensions;
        var voxels = new BlockVoxels(scratch, around, _values.Channels, _areEmbeddings ? 2 * _options.PushMargin : 0, beside, _threshold is not null);
        if (_prediction is null)
            _values.Read(around, voxels.Values);
        else
            _prediction.Read(around, voxels.Values, voxels.Beside, voxels.Foreground);
        if (_areEmbeddings && voxels.FirstNonFinite() is >= 0 and var bad)
            throw new ArgumentException(
                $"BlockwiseMutexWatershed: embeddings must be finite, value {bad % _values.Channels} at {Position(around, bad / _values.Channels)} is {voxels.Values[(int)bad]}.");
        return voxels;
    }

    // What is segmented: the mask, the cores of the learned foreground, or what is far from the background.
    private void ReadMask(BlockVoxels voxels)
    {
        if (_mask is null && _threshold is null && _background is null)
            return;
        voxels.TakeMask();
        _mask?.Read(voxels.Around, voxels.Mask);
        if (_threshold is { } threshold)
        {
            var cores = CoreGrowth.CoreThreshold(threshold);
            voxels.Run((from, until) =>
            {
                var foreground = voxels.Foreground;
                var mask = voxels.Mask;
                for (var i = from; i < until; i++)
                    mask[i] = foreground[i] >= cores ? (byte)1 : (byte)0;
            });
        }

        if (_background is not null)
            voxels.Run((from, until) => InstanceSegmentation.FarFrom(
                voxels.Embeddings[(from * voxels.Dimensions)..(until * voxels.Dimensions)], _background, _options.PushMargin, voxels.Mask[from..until]));
    }

    /// <summary>Nothing more will be read for a while.</summary>
    public void Trim() => _prediction?.Trim();

    private static string Position(VoxelBox box, long voxel) =>
        $"[{box.Z + voxel / box.Width / box.Height}, {box.Y + voxel / box.Width % box.Height}, {box.X + voxel % box.Width}]";

    private static string Text<T>(IVolumeReader<T> reader) where T : unmanaged =>
        $"{reader.Depth}x{reader.Height}x{reader.Width}, {reader.Channels} channels";
}
