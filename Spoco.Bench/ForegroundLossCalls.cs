using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Logits of a batch on a device, its labels on the host, and the losses of the foreground with their gradients.</summary>
internal sealed class ForegroundLossCalls : ITimedCalls
{
    private readonly ForegroundLossBench.Batch _batch;
    private readonly Tensor _f, _g;
    private readonly int[] _labels;
    private readonly Holdings _holdings;

    public ForegroundLossCalls(ComputeDevice device, ForegroundLossBench.Batch batch)
    {
        using var holdings = new Holdings();
        _batch = batch;
        var random = new RandomSource(1);
        _f = holdings.Add(Tensor.From(device, batch.Extents, LossBench.Uniform(random, batch.Extents.Count)).WithGradient());
        _g = holdings.Add(Tensor.From(device, batch.Extents, LossBench.Uniform(random, batch.Extents.Count)));
        _labels = LossBench.Balls(random, batch.Extents);
        _holdings = holdings.Share();
    }

    public IEnumerable<TimedCall> Calls =>
    [
        new("foreground, complete labels", _batch.Of(nameof(ForegroundLossBench.ForegroundLoss)), OfCompleteLabels),
        new("foreground, few labels", _batch.Of(nameof(ForegroundLossBench.PositiveUnlabelledLoss)), OfFewLabels),
    ];

    private int Channel => _batch.Extents.C - 1;

    public void OfCompleteLabels()
    {
        using var scope = new TensorScope();
        using var labels = Labels();
        ForegroundLoss.Apply(_f, labels, Channel);
    }

    public void OfFewLabels()
    {
        using var scope = new TensorScope();
        using var labels = Labels();
        PositiveUnlabelledLoss.Apply(_f, labels, Channel, new SpocoLossOptions { ForegroundShare = 0.1 }, _g);
    }

    public void Dispose() => _holdings.Dispose();

    private LabelBatch Labels() => LabelBatch.From(_batch.Extents.WithChannels(1), _labels);
}
