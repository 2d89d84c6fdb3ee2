using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>The arrays of one input on a device, and group (8 groups) and batch normalisation in training.</summary>
internal sealed class NormCalls : ITimedCalls
{
    private readonly NormBench.Image _image;
    private readonly GroupNormShape _group, _batch;
    private readonly DeviceBuffer<float> _x, _y, _dy, _dx, _gamma, _beta, _dgamma, _dbeta, _mean, _rstd;
    private readonly Holdings _holdings;

    public NormCalls(ComputeDevice device, NormBench.Image image)
    {
        using var holdings = new Holdings();
        _image = image;
        _group = GroupNormShape.Of(image.Shape, 8);
        _batch = GroupNormShape.OfBatch(image.Shape);
        var random = new RandomSource(1);
        _x = New(image.Shape.Count);
        _y = New(image.Shape.Count);
        _dy = New(image.Shape.Count);
        _dx = New(image.Shape.Count);
        _gamma = New(image.Shape.C);
        _beta = New(image.Shape.C);
        _dgamma = New(image.Shape.C);
        _dbeta = New(image.Shape.C);
        var statistics = Math.Max(_group.Statistics, _batch.Statistics);
        _mean = New(statistics);
        _rstd = New(statistics);
        _holdings = holdings.Share();

        DeviceBuffer<float> New(long length) => holdings.Upload<float>(device, LossBench.Uniform(random, length), nameof(NormCalls));
    }

    public IEnumerable<TimedCall> Calls =>
    [
        new("group norm, forward", Work(nameof(GroupNormForward)), GroupNormForward),
        new("group norm, backward", Work(nameof(GroupNormBackward)), GroupNormBackward),
        new("batch norm, forward", Work(nameof(BatchNormForward)), BatchNormForward),
        new("batch norm, backward", Work(nameof(BatchNormBackward)), BatchNormBackward),
    ];

    public void GroupNormForward() => Forward(_group);

    public void GroupNormBackward() => Backward(_group);

    public void BatchNormForward() => Forward(_batch);

    public void BatchNormBackward() => Backward(_batch);

    public void Dispose() => _holdings.Dispose();

    /// <summary>The bytes alone: they are what holds a norm up.</summary>
    private Work Work(string benchmark) => _image.Of(benchmark) with { Flops = 0 };

    private void Forward(GroupNormShape shape)
    {
        var (mean, rstd) = (_mean.Slice(0, shape.Statistics), _rstd.Slice(0, shape.Statistics));
        GroupNorm.Statistics(shape, 1e-5f, _x, mean, rstd);
        GroupNorm.Normalize(shape, _x, _gamma, _beta, mean, rstd, _y);
    }

    private void Backward(GroupNormShape shape)
    {
        var (mean, rstd) = (_mean.Slice(0, shape.Statistics), _rstd.Slice(0, shape.Statistics));
        GroupNorm.Backward(shape, _dy, _x, _gamma, mean, rstd, _dx, _dgamma, _dbeta);
    }
}
