using System.Globalization;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>What a block-wise segmentation reads, and how it becomes priorities.</summary>
internal sealed unsafe class BlockInput
{
    private readonly IVolumeReader<float> _values;
    private readonly IVolumeReader<byte>? _mask;
    private readonly bool _areEmbeddings;
    private readonly bool _arePriorities;
    private readonly MutexWatershedOptions _options;
    private readonly MutexGrid _rule;
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

        _rule = Grid(default, []);
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
    public MutexGrid Grid(VoxelBox box) => Grid(box, Offsets) with { Attractive = Attractive };

    /// <summary>Reads the priorities of the edges that have an end in a block.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="layout">The blocks.</param>
    /// <param name="box">The block.</param>
    /// <param name="reference">What attractive weights are subtracted from; null = attractive edges are read alone, as weights.</param>
    public BlockValues Read(HostScratch scratch, BlockLayout layout, VoxelBox box, float? reference)
    {
        var around = layout.Around(box);
        var channels = reference is null ? Attractive : Offsets.Count;
        var read = Take(scratch, around);
        var values = read.Values;
        var mask = Mask(scratch, around, read);
        var block = new BlockValues(scratch, layout, box, around, mask, channels);
        var weights = _areEmbeddings ? scratch.Take<float>(around.VoxelCount) : null;
        for (var c = 0; c < channels; c++)
        {
            if (!Offsets[c].FitsIn(Whole.Depth, Whole.Height, Whole.Width))
                continue;
            if (_areEmbeddings)
                MutexPrioritiesHost.Weights(scratch, Grid(around, [Offsets[c]]), values, _values.Channels, 2 * _options.PushMargin, weights);
            var (scale, shift) = _arePriorities || reference is null ? (1, 0) : c < Attractive ? (-1, reference.Value) : (1, _options.RepulsiveBias);
            var refused = block.Take(c, _areEmbeddings ? weights : values + c, _areEmbeddings ? 1 : _values.Channels, scale, shift, c >= Attractive ? _rule : null);
            if (refused >= 0)
                throw new ArgumentException($"BlockwiseMutexWatershed: the weight of offset {Offsets[c]} at {Position(around, refused)} is "
                    + $"{(_areEmbeddings ? weights[refused] : values[refused * _values.Channels + c])}; weights must be finite.");
        }

        scratch.Return(weights);
        if (values != read.Embeddings)
            scratch.Return(values);
        block.KeepOwn(_keepsEmbeddings ? read.Embeddings : null, KeptDimensions, read.Foreground);
        if (!_keepsEmbeddings)
            scratch.Return(read.Embeddings);
        return block;
    }

    private ReadValues Take(HostScratch scratch, VoxelBox around)
    {
        var count = around.VoxelCount * _values.Channels;
        var values = scratch.Take<float>(count);
        var embeddings = _areEmbeddings ? values : Bytes.KeptAround > 0 || _background is not null ? scratch.Take<float>(around.VoxelCount * Dimensions) : null;
        var foreground = _threshold is null ? null : scratch.Take<float>(around.VoxelCount);
        var into = new Span<float>(values, checked((int)count));
        if (_prediction is null)
            _values.Read(around, into);
        else
            _prediction.Read(around, into, embeddings == values || embeddings == null ? [] : new Span<float>(embeddings, checked((int)(around.VoxelCount * Dimensions))),
                foreground == null ? [] : new Span<float>(foreground, (int)around.VoxelCount));
        if (_areEmbeddings && MutexPrioritiesHost.FirstNonFinite(scratch, values, count) is >= 0 and var bad)
            throw new ArgumentException(
                $"BlockwiseMutexWatershed: embeddings must be finite, value {bad % _values.Channels} at {Position(around, bad / _values.Channels)} is {values[bad]}.");
        return new ReadValues { Values = values, Embeddings = embeddings, Foreground = foreground };
    }

    /// <summary>What is segmented: the mask, the cores of the learned foreground, or what is far from the background; null = everything.</summary>
    private byte* Mask(HostScratch scratch, VoxelBox around, ReadValues read)
    {
        var foreground = read.Foreground;
        var embeddings = read.Embeddings;
        if (_mask is null && foreground == null && _background is null)
            return null;
        var mask = scratch.Take<byte>(around.VoxelCount);
        if (_mask is not null)
            _mask.Read(around, new Span<byte>(mask, (int)around.VoxelCount));
        if (foreground != null)
        {
            var cores = CoreGrowth.CoreThreshold(_threshold!.Value);
            scratch.Run((int)around.VoxelCount, (from, until, _) =>
            {
                for (var i = from; i < until; i++)
                    mask[i] = foreground[i] >= cores ? (byte)1 : (byte)0;
            });
        }

        if (_background is not null)
            scratch.Run((int)around.VoxelCount, (from, until, _) => InstanceSegmentation.FarFrom(
                new ReadOnlySpan<float>(embeddings + (long)from * Dimensions, (until - from) * Dimensions), _background, _options.PushMargin,
                new Span<byte>(mask + from, until - from)));
        return mask;
    }

    /// <summary>Nothing more will be read for a while.</summary>
    public void Trim() => _prediction?.Trim();

    private MutexGrid Grid(VoxelBox box, IReadOnlyList<VoxelOffset> offsets) =>
        new(box.Depth, box.Height, box.Width, [.. offsets.Select(o => new PixelOffset(o.Z, o.Y, o.X))], offsets.Count)
        {
            Strides = new PixelOffset(_options.Strides.Z, _options.Strides.Y, _options.Strides.X),
            RandomStrides = _options.RandomStrides,
            Seed = _options.Seed,
        };

    private static string Position(VoxelBox box, long voxel) =>
        $"[{box.Z + voxel / box.Width / box.Height}, {box.Y + voxel / box.Width % box.Height}, {box.X + voxel % box.Width}]";

    private static string Text<T>(IVolumeReader<T> reader) where T : unmanaged =>
        $"{reader.Depth}x{reader.Height}x{reader.Width}, {reader.Channels} channels";

    // Embeddings may be the values.
    private struct ReadValues
    {
        public float* Values;
        public float* Embeddings;
        public float* Foreground;
    }
}
