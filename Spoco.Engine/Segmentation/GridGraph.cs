using System.Globalization;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// The edges (i, i + offset) of an image: both ends inside the image and the mask, repulsive ones on the stride lattice.
/// Edge id = channel * voxels + i.
/// </summary>
internal sealed class GridGraph
{
    // What averages of float32 numbers may leave the range by.
    private const float Rounding = 1e-6f;

    private readonly int _depth;
    private readonly int _height;
    private readonly int _width;
    private readonly IReadOnlyList<VoxelOffset> _offsets;
    private readonly MutexWatershedOptions _options;

    public GridGraph(
        long values, int depth, int height, int width, MutexWatershedOptions options, long maskValues, long seedValues = 0)
    {
        if (depth < 0 || height < 0 || width < 0)
            throw new ArgumentException($"MutexWatershed: extents must not be negative, got [{depth}, {height}, {width}].");
        (_offsets, Attractive) = options.Resolve(depth);
        var voxels = (Int128)depth * height * width;
        if (voxels > int.MaxValue || voxels * _offsets.Count > uint.MaxValue)
            throw new ArgumentException(
                $"MutexWatershed: [{depth}, {height}, {width}] with {_offsets.Count} offsets has more than 2^32 edges; segment in tiles.");
        Voxels = (int)voxels;
        if (values != (long)Voxels * _offsets.Count)
            throw new ArgumentException(
                $"MutexWatershed: {values} weights do not fill [{_offsets.Count}, {depth}, {height}, {width}] (offsets, D, H, W).");
        if (maskValues != 0 && maskValues != Voxels)
            throw new ArgumentException($"MutexWatershed: a mask of {maskValues} voxels does not fit the image [{depth}, {height}, {width}].");
        if (seedValues != 0 && seedValues != Voxels)
            throw new ArgumentException($"MutexWatershed: seeds of {seedValues} voxels do not fit the image [{depth}, {height}, {width}].");
        _depth = depth;
        _height = height;
        _width = width;
        _options = options;
        Linear = [.. _offsets.Select(o => o.FitsIn(depth, height, width) ? (int)o.Linear(height, width) : 0)];
    }

    /// <summary>Voxels of the image.</summary>
    public int Voxels { get; }

    /// <summary>How many of the first channels are attractive.</summary>
    public int Attractive { get; }

    /// <summary>Difference of the flat indices of an edge's ends, per channel.</summary>
    public int[] Linear { get; }

    /// <summary>The largest weight of an attractive edge; 1 where there is none.</summary>
    public float MaximumAttractive(ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask)
    {
        var maximum = float.NegativeInfinity;
        for (var c = 0; c < Attractive; c++)
            foreach (var (start, end) in new RowRanges(this, c))
                for (var i = start; i < end; i++)
                    if (mask.IsEmpty || (mask[i] != 0 && mask[i + Linear[c]] != 0))
                        maximum = Math.Max(maximum, weights[(int)((long)c * Voxels + i)]);
        return float.IsNegativeInfinity(maximum) ? 1 : maximum;
    }

    /// <summary>Refuses weights of existing edges outside 0 to 1. What is not finite is left to the solver, which refuses it in any case.</summary>
    public void CheckRange(ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask)
    {
        for (var c = 0; c < _offsets.Count; c++)
            foreach (var (start, end) in new RowRanges(this, c))
                for (var i = start; i < end; i++)
                {
                    var edge = (long)c * Voxels + i;
                    var weight = weights[(int)edge];
                    if (weight is >= -Rounding and <= 1 + Rounding || !float.IsFinite(weight))
                        continue;
                    if (mask.IsEmpty || (mask[i] != 0 && mask[i + Linear[c]] != 0))
                        throw Refuse(edge, weight, "weights must be 0 (attractive) to 1 (repulsive)");
                }
    }

    /// <summary>The keys of all edges in ascending edge order; priority = scale * value + shift.</summary>
    public Span<ulong> Keys(
        ReadOnlySpan<float> values, ReadOnlySpan<byte> mask, (float Scale, float Shift) attractive, (float Scale, float Shift) repulsive,
        out int attractiveEdges)
    {
        var bound = 0L;
        for (var c = 0; c < _offsets.Count; c++)
            if (_offsets[c] is var o && o.FitsIn(_depth, _height, _width))
                bound += (_depth - Math.Abs((long)o.Z)) * (_height - Math.Abs(o.Y)) * (_width - Math.Abs(o.X));
        if (bound > Array.MaxLength)
            throw new ArgumentException($"MutexWatershed: {bound} edges are more than one array holds; segment in tiles.");

        var keys = GC.AllocateUninitializedArray<ulong>((int)bound);
        var count = 0;
        attractiveEdges = 0;
        for (var c = 0; c < _offsets.Count; c++)
        {
            var (scale, shift) = c < Attractive ? attractive : repulsive;
            var sparse = c >= Attractive && _options.Strides != (1, 1, 1);
            var channel = values.Slice((int)((long)c * Voxels), Voxels);
            foreach (var (start, end) in new RowRanges(this, c))
                for (var i = start; i < end; i++)
                {
                    if (!mask.IsEmpty && (mask[i] == 0 || mask[i + Linear[c]] == 0))
                        continue;
                    var edge = (uint)((long)c * Voxels + i);
                    if (sparse && !IsKept(i, edge))
                        continue;
                    var priority = scale * channel[i] + shift;
                    if (!float.IsFinite(priority))
                        throw NotFinite(edge, channel[i]);
                    keys[count++] = EdgeOrder.Key(priority, edge);
                }
            if (c < Attractive)
                attractiveEdges = count;
        }
        return keys.AsSpan(0, count);
    }

    /// <summary>The graph as the parallel version takes it, with the way from weights to priorities (none where they are that already).</summary>
    /// <exception cref="ArgumentException">The image has more voxels than it numbers.</exception>
    public MutexGrid ToGrid(MutexWatershedOptions options, bool isPriority)
    {
        MutexNodes.Require(Voxels);
        var grid = new MutexGrid(_depth, _height, _width, [.. _offsets.Select(o => new PixelOffset(o.Z, o.Y, o.X))], Attractive)
        {
            Strides = new PixelOffset(options.Strides.Z, options.Strides.Y, options.Strides.X),
            RandomStrides = options.RandomStrides,
            Seed = options.Seed,
        };
        return isPriority ? grid : grid with
        {
            AttractiveScale = -1,
            AttractiveShift = options.AttractiveReference == AttractiveReference.Max ? null : 1,
            RepulsiveShift = options.RepulsiveBias,
        };
    }

    /// <summary>The refusal of a weight.</summary>
    public ArgumentException NotFinite(long edge, float weight) => Refuse(edge, weight, "weights must be finite");

    private ArgumentException Refuse(long edge, float weight, string rule) => new(string.Create(CultureInfo.InvariantCulture,
        $"MutexWatershed: the weight of offset {_offsets[(int)(edge / Voxels)]} at {Position((int)(edge % Voxels))} is {weight}; {rule}."));

    private bool IsKept(int voxel, uint edge)
    {
        var (z, y, x) = (voxel / (_height * _width), voxel / _width % _height, voxel % _width);
        var strides = _options.Strides;
        return _options.RandomStrides
            ? MutexGrid.Mix(edge ^ MutexGrid.Mix(_options.Seed)) % ((ulong)strides.Z * (ulong)strides.Y * (ulong)strides.X) == 0
            : z % strides.Z == 0 && y % strides.Y == 0 && x % strides.X == 0;
    }

    private string Position(int voxel) => $"[{voxel / (_height * _width)}, {voxel / _width % _height}, {voxel % _width}]";

    /// <summary>Flat ranges of the voxels of each row at which an edge of one channel starts, in ascending order.</summary>
    private ref struct RowRanges
    {
        private readonly int _height;
        private readonly int _width;
        private readonly (int From, int To) _z;
        private readonly (int From, int To) _y;
        private readonly (int From, int To) _x;
        private int _row;
        private int _slice;

        public RowRanges(GridGraph graph, int channel)
        {
            var offset = graph._offsets[channel];
            (_height, _width) = (graph._height, graph._width);
            if (offset.FitsIn(graph._depth, _height, _width))
                (_z, _y, _x) = (Valid(offset.Z, graph._depth), Valid(offset.Y, _height), Valid(offset.X, _width));
            (_slice, _row) = (_z.From, _y.From - 1);
        }

        public readonly (int Start, int End) Current
        {
            get
            {
                var row = (_slice * _height + _row) * _width;
                return (row + _x.From, row + _x.To);
            }
        }

        public readonly RowRanges GetEnumerator() => this;

        public bool MoveNext()
        {
            if (++_row >= _y.To)
                (_slice, _row) = (_slice + 1, _y.From);
            return _slice < _z.To;
        }

        private static (int From, int To) Valid(int offset, int extent) => (Math.Max(0, -offset), extent - Math.Max(0, offset));
    }
}
