using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>The losses of the foreground of a batch with their gradients.</summary>
internal sealed class ForegroundLossCalls : ITimedCalls
{
    private readonly ForegroundLossBench.Batch _batch;
    private readonly LossInputs _inputs;

    public ForegroundLossCalls(ComputeDevice device, ForegroundLossBench.Batch batch) => (_batch, _inputs) = (batch, new LossInputs(device, batch.Extents));

    public IEnumerable<TimedCall> Calls =>
    [
        new("foreground, complete labels", _batch.Of(nameof(ForegroundLossBench.ForegroundLoss)), OfCompleteLabels),
        new("foreground, few labels", _batch.Of(nameof(ForegroundLossBench.PositiveUnlabelledLoss)), OfFewLabels),
    ];

    private int Channel => _batch.Extents.C - 1;

    public void OfCompleteLabels()
    {
        using var scope = new TensorScope();
        using var labels = _inputs.Labels();
        ForegroundLoss.Apply(_inputs.F, labels, Channel);
    }

    public void OfFewLabels()
    {
        using var scope = new TensorScope();
        using var labels = _inputs.Labels();
        PositiveUnlabelledLoss.Apply(_inputs.F, labels, Channel, new SpocoLossOptions { ForegroundShare = 0.1 }, _inputs.G);
    }

    public void Dispose() => _inputs.Dispose();
}
