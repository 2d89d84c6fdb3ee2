using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>Follows a network through its convolution units: stops it, and tells how much of the work is done.</summary>
internal sealed class ForwardWatch(UNetOptions options, IProgress<double>? progress, CancellationToken cancellation)
{
    private double _total;
    private double _done;

    /// <summary>Expects the network to be applied to one more image, of these extents.</summary>
    public void Expect(TensorShape image)
    {
        var maps = options.FeatureMaps;
        var window = options.PoolWindow;
        for (var i = 0; i < maps.Count; i++)
        {
            var inputs = i == 0 ? options.InputChannels : maps[i - 1];
            _total += image.VoxelsPerImage * (double)(Math.Max(maps[i] / 2, inputs) + maps[i] + (i + 1 < maps.Count ? 2 * maps[i] : 0));
            image = image with { D = image.D / window.D, H = image.H / window.H, W = image.W / window.W };
        }
    }

    /// <summary>A unit has been computed.</summary>
    /// <exception cref="OperationCanceledException">It is to be the last one.</exception>
    public void Step(TensorShape result)
    {
        cancellation.ThrowIfCancellationRequested();
        _done += result.Count;
        if (_total > 0)
            progress?.Report(Math.Min(1, _done / _total));
    }
}
