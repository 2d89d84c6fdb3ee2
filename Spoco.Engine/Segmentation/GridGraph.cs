using System.Globalization;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>An image as the solver takes it (<see cref="MutexGrid"/>): checks what is handed over, and refuses it in words.</summary>
internal sealed class GridGraph
{
    // What averages of float32 numbers may leave the range by.
    private const float Rounding = 1e-6f;

    private readonly MutexGrid _grid;
    private readonly IReadOnlyList<VoxelOffset> _offsets;
    private readonly MutexWatershedOptions _options;

    public GridGraph(
        long values, int depth, int height, int width, MutexWatershedOptions options, long maskValues, long seedValues = 0)
    {
        if (depth < 0 || height < 0 || width < 0)
            throw new ArgumentException($"MutexWatershed: extents must not be negative, got [{depth}, {height}, {width}].");
        (_offsets, var attractive) = options.Resolve(depth);
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
        _options = options;
        _grid = options.ToGrid(depth, height, width, _offsets, attractive, isPriority: true);
    }

    /// <summary>Voxels of the image.</summary>
    public int Voxels { get; }

    /// <summary>Refuses weights of existing edges outside 0 to 1. What is not finite is left to the solver, which refuses it in any case.</summary>
    public void CheckRange(ReadOnlySpan<float> weights, ReadOnlySpan<byte> mask)
    {
        for (var c = 0; c < _offsets.Count; c++)
            for (var row = 0; row < _grid.Depth * _grid.Height; row++)
            {
                if (!_grid.Columns(c, row / _grid.Height, row % _grid.Height, out var from, out var to))
                    continue;
                for (var i = row * _grid.Width + from; i < row * _grid.Width + to; i++)
                {
                    var edge = (long)c * Voxels + i;
                    var weight = weights[(int)edge];
                    if (weight is >= -Rounding and <= 1 + Rounding || !float.IsFinite(weight))
                        continue;
                    if (mask.IsEmpty || (mask[i] != 0 && mask[i + _grid.Linear[c]] != 0))
                        throw Refuse(edge, weight, "weights must be 0 (attractive) to 1 (repulsive)");
                }
            }
    }

    /// <summary>The graph as the sequential rule takes it, with the way from weights to priorities (none where they are that already).</summary>
    public MutexGrid ToGrid(bool isPriority) =>
        _options.ToGrid(_grid.Depth, _grid.Height, _grid.Width, _offsets, _grid.Attractive, isPriority);

    /// <summary>The same as the parallel version takes it.</summary>
    /// <exception cref="ArgumentException">The image has more voxels than it numbers.</exception>
    public MutexGrid ToParallelGrid(bool isPriority)
    {
        MutexNodes.Require(Voxels);
        return ToGrid(isPriority);
    }

    /// <summary>The refusal of a weight.</summary>
    public ArgumentException NotFinite(long edge, float weight) => Refuse(edge, weight, "weights must be finite");

    private ArgumentException Refuse(long edge, float weight, string rule) => new(string.Create(CultureInfo.InvariantCulture,
        $"MutexWatershed: the weight of offset {_offsets[(int)(edge / Voxels)]} at {Position((int)(edge % Voxels))} is {weight}; {rule}."));

    private string Position(int voxel) => $"[{voxel / (_grid.Height * _grid.Width)}, {voxel / _grid.Width % _grid.Height}, {voxel % _grid.Width}]";
}
