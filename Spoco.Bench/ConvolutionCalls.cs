using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>The arrays of one layer on a device, and its three convolutions.</summary>
internal sealed class ConvolutionCalls : ITimedCalls
{
    private readonly ConvolutionShape _shape;
    private readonly DeviceBuffer<float> _x, _weight, _y;
    private readonly Holdings _holdings;

    public ConvolutionCalls(ComputeDevice device, ConvolutionBench.Layer layer)
    {
        using var holdings = new Holdings();
        _shape = layer.Geometry;
        var random = new RandomSource(1);
        _x = Fill(_shape.Input);
        _weight = Fill(_shape.Weight);
        _y = Fill(_shape.Output);
        _holdings = holdings.Share();

        DeviceBuffer<float> Fill(TensorShape shape) => holdings.Upload<float>(device, LossBench.Uniform(random, shape.Count), nameof(ConvolutionCalls));
    }

    public IEnumerable<TimedCall> Calls =>
    [
        new("forward", Work, Forward), new("input gradient", Work, BackwardInput), new("weight gradient", Work, BackwardWeight),
    ];

    /// <summary>The operations alone: they are what holds a convolution up.</summary>
    private Work Work => new(_shape.Operations, 0);

    public void Forward() => Convolution.Forward(_shape, _x, _weight, default, _y);

    public void BackwardInput() => Convolution.BackwardInput(_shape, _y, _weight, _x);

    public void BackwardWeight() => Convolution.BackwardWeight(_shape, _x, _y, _weight);

    public void Dispose() => _holdings.Dispose();
}
