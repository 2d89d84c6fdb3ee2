using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>The arrays of one layer on a device, and its three convolutions.</summary>
internal sealed class ConvolutionCalls : ITimedCalls
{
    private readonly ConvolutionBench.Layer _layer;
    private readonly DeviceBuffer<float> _x, _weight, _y;
    private readonly Holdings _holdings;

    public ConvolutionCalls(ComputeDevice device, ConvolutionBench.Layer layer)
    {
        using var holdings = new Holdings();
        _layer = layer;
        var random = new RandomSource(1);
        _x = Fill(layer.Geometry.Input);
        _weight = Fill(layer.Geometry.Weight);
        _y = Fill(layer.Geometry.Output);
        _holdings = holdings.Share();

        DeviceBuffer<float> Fill(TensorShape shape) => holdings.Upload<float>(device, LossBench.Uniform(random, shape.Count), nameof(ConvolutionCalls));
    }

    public IEnumerable<TimedCall> Calls =>
    [
        new("forward", _layer.Of(""), Forward), new("input gradient", _layer.Of(""), BackwardInput), new("weight gradient", _layer.Of(""), BackwardWeight),
    ];

    public void Forward() => Convolution.Forward(_layer.Geometry, _x, _weight, default, _y);

    public void BackwardInput() => Convolution.BackwardInput(_layer.Geometry, _y, _weight, _x);

    public void BackwardWeight() => Convolution.BackwardWeight(_layer.Geometry, _x, _y, _weight);

    public void Dispose() => _holdings.Dispose();
}
