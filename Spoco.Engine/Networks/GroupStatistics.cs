using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>
/// Statistics of the group norms of a network over an image that is seen part by part. The norms are measured one after the other, the first one that is
/// unknown in every pass over all parts: its input depends on those before it. Sums are double precision, in the order of the parts.
/// </summary>
internal sealed class GroupStatistics : IDisposable
{
    private readonly Dictionary<string, (Tensor Mean, Tensor Variance)> _known = [];
    private string? _measured;
    private int _groups;
    private double[] _sums = [];
    private double[] _squares = [];
    private long _voxels;

    /// <summary>Norms that are known.</summary>
    public int Count => _known.Count;

    /// <summary>Mean and variance of a norm's channels, or null where they are not known: what the part has of it is then added.</summary>
    /// <param name="norm">Name of the norm's unit.</param>
    /// <param name="groups">Groups of channels that share statistics.</param>
    /// <param name="x">The norm's input.</param>
    /// <param name="small">Second input, enlarged and joined behind the channels of <paramref name="x"/>; null = none.</param>
    /// <param name="own">What of it counts.</param>
    public (Tensor Mean, Tensor Variance)? Find(string norm, int groups, Tensor x, Tensor? small, VoxelBox own)
    {
        if (_known.TryGetValue(norm, out var found))
            return found;
        if (_measured is null)
        {
            var channels = x.Shape.C + (small?.Shape.C ?? 0);
            (_measured, _groups, _sums, _squares, _voxels) = (norm, groups, new double[channels], new double[channels], 0);
        }

        _voxels += own.VoxelCount;
        Add(x, x.Shape, own, 0);
        if (small is not null)
            Add(small, x.Shape, own, x.Shape.C);
        return null;
    }

    /// <summary>Ends a pass over all parts: what has been measured is known from now on.</summary>
    public void Close(ComputeDevice device)
    {
        var (mean, variance) = (new float[_sums.Length], new float[_sums.Length]);
        var size = _sums.Length / _groups;
        for (var first = 0; first < mean.Length; first += size)
        {
            var (sum, squares, count) = (0.0, 0.0, (double)size * _voxels);
            for (var c = first; c < first + size; c++)
                (sum, squares) = (sum + _sums[c], squares + _squares[c]);
            mean.AsSpan(first, size).Fill((float)(sum / count));
            variance.AsSpan(first, size).Fill((float)Math.Max(0, squares / count - sum / count * (sum / count)));
        }

        var shape = TensorShape.Vector(mean.Length);
        using var scope = new TensorScope();
        var (means, variances) = (Tensor.From(device, shape, mean), Tensor.From(device, shape, variance));
        _known[_measured!] = (scope.Keep(means), scope.Keep(variances));
        _measured = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (mean, variance) in _known.Values)
        {
            mean.Dispose();
            variance.Dispose();
        }

        _known.Clear();
    }

    // Voxel o of the enlarged tensor is voxel floor(o in / out) of the small one.
    private void Add(Tensor tensor, TensorShape joined, VoxelBox own, int firstChannel)
    {
        var (values, shape) = (tensor.ToArray(), tensor.Shape);
        var sums = _sums.AsSpan(firstChannel, shape.C);
        var squares = _squares.AsSpan(firstChannel, shape.C);
        for (var z = own.Z; z < own.Z + own.Depth; z++)
            for (var y = own.Y; y < own.Y + own.Height; y++)
            {
                var row = ((long)z * shape.D / joined.D * shape.H + (long)y * shape.H / joined.H) * shape.W;
                for (var x = own.X; x < own.X + own.Width; x++)
                {
                    var voxel = values.AsSpan((int)((row + (long)x * shape.W / joined.W) * shape.C), shape.C);
                    for (var c = 0; c < voxel.Length; c++)
                    {
                        sums[c] += voxel[c];
                        squares[c] += (double)voxel[c] * voxel[c];
                    }
                }
            }
    }
}
