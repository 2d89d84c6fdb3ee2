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
        var window = options.PoolWindow;
        var (encoders, decoders) = (UNetLevel.Encoders(options), UNetLevel.Decoders(options));
        for (var i = 0; i < encoders.Length; i++)
        {
            _total += image.VoxelsPerImage * (double)Results(encoders[i]);
            if (i < decoders.Length)
                _total += image.VoxelsPerImage * (double)Results(decoders[^(i + 1)]);
            image = image with { D = image.D / window.D, H = image.H / window.H, W = image.W / window.W };
        }
    }

    /// <summary>Values that a level computes per voxel.</summary>
    private static int Results(UNetLevel level) => level.Middle + level.Outputs;

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
