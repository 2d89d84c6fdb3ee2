using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Networks;

/// <summary>
/// What a network's evaluation takes from its device at most: the forward pass is gone through with extents alone, every tensor counted from where it is made
/// to where it is released. The parameters are not counted.
/// </summary>
internal sealed class PredictionMemory
{
    // Statistics, scales and other vectors: each takes the smallest block of the pool.
    private const long Vectors = 16 * (4 << 10);

    private readonly ComputeDevice _device;
    private readonly UNetOptions _options;
    private readonly TensorShape _whole;
    private long _live;
    private long _workspace;
    private long _peak;

    private PredictionMemory(ComputeDevice device, UNetOptions options, TensorShape whole) => (_device, _options, _whole) = (device, options, whole);

    /// <summary>Bytes for one image, or for a part of a larger one.</summary>
    /// <param name="device">Where it is computed; its threads have memory of their own.</param>
    /// <param name="options">The architecture.</param>
    /// <param name="image">Extents of the image or part; one image.</param>
    /// <param name="whole">Extents of the larger image; default = none.</param>
    public static long Bytes(ComputeDevice device, UNetOptions options, TensorShape image, TensorShape whole = default)
    {
        var memory = new PredictionMemory(device, options, whole);
        memory.Forward(image.WithChannels(options.InputChannels));
        return memory._peak + Vectors;
    }

    private void Forward(TensorShape x)
    {
        var (encoders, decoders) = (UNetLevel.Encoders(_options), UNetLevel.Decoders(_options));
        var (window, whole) = (_options.PoolWindow, _whole);
        Take(Size(x));
        var levels = new List<(TensorShape Skip, TensorShape Whole)>();
        for (var i = 0; i < encoders.Length; i++)
        {
            var deepest = i == decoders.Length;
            var middle = Unit(x, default, encoders[i].Middle, pools: false, whole);
            var y = Unit(middle, default, encoders[i].Outputs, pools: !deepest, whole);
            Release(middle);
            levels.Add((y, whole));
            x = deepest ? y : Pooled(y);
            // The pooled input of a level stays until the network is done: its scope holds it.
            whole = whole with { D = whole.D / window.D, H = whole.H / window.H, W = whole.W / window.W };
        }

        for (var i = 0; i < decoders.Length; i++)
        {
            var (skip, extents) = levels[decoders.Length - 1 - i];
            var middle = Unit(skip, x, decoders[i].Middle, pools: false, extents);
            Release(x);
            var y = Unit(middle, default, decoders[i].Outputs, pools: false, extents);
            Release(middle);
            Release(skip);
            x = y;
        }

        Take(Size(x.WithChannels(_options.OutputChannels)));
    }

    /// <summary>A unit's result, which is taken; with a pooling, its maxima too.</summary>
    private TensorShape Unit(TensorShape x, TensorShape small, int outputs, bool pools, TensorShape whole)
    {
        var joined = x.WithChannels(x.C + small.C);
        var y = x.WithChannels(outputs);
        var order = _options.Order;
        var weight = new WeightShape(_options.Dimensions == 3 ? 3 : 1, 3, 3, joined.C, outputs);
        // In their order: what is taken, and the workspace that is then needed at once.
        var steps = new List<(long Bytes, long Workspace)>();
        if (order is ['g' or 'b', 'c', var letter] && ActivationLetters.Find(letter) is { } activation)
        {
            // Part by part, group norms have statistics that are known.
            var groups = order[0] == 'b' || whole.Voxels > 0 ? 0 : joined.C < _options.Groups ? 1 : _options.Groups;
            var memory = NormConvolution.Memory(_device, NormConvolutionShape.Create(x, small, weight, groups, activation, whole));
            steps.Add((BufferPool.RoundUp(memory.Temporary), 0));
            if (pools)
                steps.Add((Size(Pooled(y)), 0));
            steps.Add((Size(y), memory.Workspace));
        }
        else
        {
            if (small.C > 0)
                steps.Add((Size(joined), 0));
            var channels = joined.C;
            for (var i = 0; i < order.Length; i++)
            {
                channels = order[i] == 'c' ? outputs : channels;
                // An activation behind the convolution has no tensor of its own.
                if (i > 0 && order[i - 1] == 'c' && ActivationLetters.Find(order[i]) is not null)
                    continue;
                var behind = i + 1 < order.Length ? ActivationLetters.Find(order[i + 1]) : null;
                steps.Add((Size(x.WithChannels(channels)), order[i] != 'c' ? 0 : Convolution.Workspace(
                    _device, ConvolutionShape.Create(joined, weight, (weight.D / 2, 1, 1)) with { Whole = whole }, behind ?? ActivationFunction.Identity)));
            }

            if (pools)
                steps.Add((Size(Pooled(y)), 0));
        }

        var before = _live;
        foreach (var (bytes, workspace) in steps)
        {
            Take(bytes);
            if (workspace == 0)
                continue;
            _workspace = Math.Max(_workspace, workspace);
            _peak = Math.Max(_peak, _live + BufferPool.RoundUp(_workspace));
        }

        // What lies between is gone with the unit.
        _live = before + Size(y) + (pools ? Size(Pooled(y)) : 0);
        return y;
    }

    private TensorShape Pooled(TensorShape x)
    {
        var window = _options.PoolWindow;
        return x with { D = x.D / window.D, H = x.H / window.H, W = x.W / window.W };
    }

    private void Take(long bytes)
    {
        _live += bytes;
        _peak = Math.Max(_peak, _live);
    }

    private void Release(TensorShape tensor) => _live -= Size(tensor);

    private static long Size(TensorShape tensor) => BufferPool.RoundUp(tensor.Count * sizeof(float));
}
