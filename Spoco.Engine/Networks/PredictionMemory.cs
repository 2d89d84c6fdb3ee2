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

    // A workspace's transforms: tiles of a block, and the most bytes of a block that all workers share.
    private const long BlockTiles = 48;
    private const long SharedBytes = 16 << 20;

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
        Take(x);
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

        Take(x.WithChannels(_options.OutputChannels));
    }

    /// <summary>A unit's result, which is taken; with a pooling, its maxima too.</summary>
    private TensorShape Unit(TensorShape x, TensorShape small, int outputs, bool pools, TensorShape whole)
    {
        var joined = x.WithChannels(x.C + small.C);
        var y = x.WithChannels(outputs);
        var temporary = new List<TensorShape>();
        var order = _options.Order;
        var weight = new TensorShape(_options.Dimensions == 3 ? 3 : 1, 3, 3, joined.C, outputs);
        var normFirst = order is ['g' or 'b', 'c', 'r' or 'l'];
        var groups = order[0] == 'g' ? joined.C < _options.Groups ? 1 : _options.Groups : 0;
        var grid = normFirst ? NormConvolutionShape.Of(_device, x, small, weight, groups, whole)?.Grid : null;
        if (grid is null)
        {
            if (small.C > 0)
                temporary.Add(joined);
            var channels = joined.C;
            for (var i = 0; i < order.Length; i++)
            {
                channels = order[i] == 'c' ? outputs : channels;
                // An activation behind the convolution has no tensor of its own.
                if (i == 0 || order[i - 1] != 'c' || order[i] is 'g' or 'b')
                    temporary.Add(x.WithChannels(channels));
            }

            // The last one is the result.
            temporary.RemoveAt(temporary.Count - 1);
            var shape = ConvolutionShape.Create(joined, weight, (weight.N / 2, 1, 1)) with { Whole = whole };
            grid = _device is HostDevice { UsesWinograd: true } && !order.Contains('e', StringComparison.Ordinal) ? WinogradGrid.Of(shape) : null;
        }

        foreach (var tensor in temporary)
            Take(tensor);
        Take(y);
        if (grid is { } tiles)
            _workspace = Math.Max(_workspace, Workspace(tiles, joined.C, outputs));
        if (pools)
            Take(Pooled(y));
        _peak = Math.Max(_peak, _live + (grid is null ? 0 : BufferPool.RoundUp(_workspace)));
        foreach (var tensor in temporary)
            Release(tensor);
        return y;
    }

    // Transformed weights, and the transforms of every worker's block or of one that all share.
    private long Workspace(in WinogradGrid grid, int inputs, int outputs)
    {
        long workers = ((HostDevice)_device).Workers.Workers;
        var weights = (long)grid.PlaneFrequencies * inputs * outputs;
        var perTile = (long)grid.PlaneFrequencies * (inputs + outputs + 32);
        var transforms = perTile * grid.Tiles;
        var blocks = Math.Max(workers, (grid.Tiles + BlockTiles - 1) / BlockTiles);
        var sharedBlocks = transforms * sizeof(float) / SharedBytes + 1;
        var shared = sharedBlocks * weights + 2 * transforms < blocks * weights;
        return sizeof(float) * (weights * grid.SliceFrequencies
            + (shared ? transforms / sharedBlocks : workers * perTile * Math.Min(BlockTiles, grid.Tiles / blocks + 1)));
    }

    private TensorShape Pooled(TensorShape x)
    {
        var window = _options.PoolWindow;
        return x with { D = x.D / window.D, H = x.H / window.H, W = x.W / window.W };
    }

    private void Take(TensorShape tensor)
    {
        _live += Size(tensor);
        _peak = Math.Max(_peak, _live);
    }

    private void Release(TensorShape tensor) => _live -= Size(tensor);

    private static long Size(TensorShape tensor) => BufferPool.RoundUp(tensor.Count * sizeof(float));
}
