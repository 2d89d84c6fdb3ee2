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

    public BlockInput(
        IVolumeReader<float> values, IVolumeReader<byte>? mask, bool areEmbeddings, bool arePriorities, MutexWatershedOptions options)
    {
        (_values, _mask, _areEmbeddings, _arePriorities, _options) = (values, mask, areEmbeddings, arePriorities, options);
        Whole = new VoxelBox(0, 0, 0, values.Depth, values.Height, values.Width);
        if (values.Depth < 1 || values.Height < 1 || values.Width < 1 || values.Channels < 1)
            throw new ArgumentException($"BlockwiseMutexWatershed: the image is empty ({Text(values)}).");
        (Offsets, Attractive) = options.Resolve(values.Depth);
        if (!areEmbeddings && values.Channels != Offsets.Count)
            throw new ArgumentException($"BlockwiseMutexWatershed: {values.Channels} channels do not fit {Offsets.Count} offsets.");
        if (mask is not null && (mask.Depth != values.Depth || mask.Height != values.Height || mask.Width != values.Width || mask.Channels != 1))
            throw new ArgumentException($"BlockwiseMutexWatershed: the mask ({Text(mask)}) does not fit the image ({Text(values)}).");
        _rule = Grid(default, []);
    }

    /// <summary>The image.</summary>
    public VoxelBox Whole { get; }

    /// <summary>One per channel of edges.</summary>
    public IReadOnlyList<VoxelOffset> Offsets { get; }

    /// <summary>How many of the first offsets are attractive.</summary>
    public int Attractive { get; }

    /// <summary>Values per voxel that are read.</summary>
    public int Channels => _values.Channels;

    /// <summary>Whether the largest attractive weight of the whole image is needed first.</summary>
    public bool NeedsMaximum => !_arePriorities && _options.AttractiveReference == AttractiveReference.Max;

    /// <summary>All that the priorities depend on but the values, as text.</summary>
    public string Identity => $"{(_areEmbeddings ? "embeddings" : _arePriorities ? "priorities" : "affinities")} {Text(_values)}, mask {_mask is not null}, "
        + $"offsets {string.Join(' ', Offsets)}, attractive {Attractive}, margin {_options.PushMargin:R}, {_options.AttractiveReference}, "
        + $"bias {_options.RepulsiveBias:R}, strides {_options.Strides} {_options.RandomStrides} {_options.Seed}";

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
        var values = scratch.Take<float>(around.VoxelCount * Channels);
        _values.Read(around, new Span<float>(values, checked((int)(around.VoxelCount * Channels))));
        if (_areEmbeddings && MutexPrioritiesHost.FirstNonFinite(scratch, values, around.VoxelCount * Channels) is >= 0 and var bad)
            throw new ArgumentException($"BlockwiseMutexWatershed: embeddings must be finite, value {bad % Channels} at {Position(around, bad / Channels)} is {values[bad]}.");
        byte* mask = null;
        if (_mask is not null)
        {
            mask = scratch.Take<byte>(around.VoxelCount);
            _mask.Read(around, new Span<byte>(mask, (int)around.VoxelCount));
        }

        var block = new BlockValues(scratch, layout, box, around, mask, channels);
        var weights = _areEmbeddings ? scratch.Take<float>(around.VoxelCount) : null;
        for (var c = 0; c < channels; c++)
        {
            if (!Offsets[c].FitsIn(Whole.Depth, Whole.Height, Whole.Width))
                continue;
            if (_areEmbeddings)
                MutexPrioritiesHost.Weights(scratch, Grid(around, [Offsets[c]]), values, Channels, 2 * _options.PushMargin, weights);
            var (scale, shift) = _arePriorities || reference is null ? (1, 0) : c < Attractive ? (-1, reference.Value) : (1, _options.RepulsiveBias);
            var refused = block.Take(c, _areEmbeddings ? weights : values + c, _areEmbeddings ? 1 : Channels, scale, shift, c >= Attractive ? _rule : null);
            if (refused >= 0)
                throw new ArgumentException($"BlockwiseMutexWatershed: the weight of offset {Offsets[c]} at {Position(around, refused)} is "
                    + $"{(_areEmbeddings ? weights[refused] : values[refused * Channels + c])}; weights must be finite.");
        }

        scratch.Return(values);
        scratch.Return(weights);
        block.KeepMask();
        return block;
    }

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
}
