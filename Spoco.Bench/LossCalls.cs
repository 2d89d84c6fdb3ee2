using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>L_SSO of a batch with its gradient and without.</summary>
internal sealed class LossCalls : ITimedCalls
{
    private readonly LossBench.Batch _batch;
    private readonly LossInputs _inputs;

    public LossCalls(ComputeDevice device, LossBench.Batch batch) => (_batch, _inputs) = (batch, new LossInputs(device, batch.Extents));

    public IEnumerable<TimedCall> Calls =>
    [
        new("value and gradient", _batch.Of(nameof(LossBench.ValueAndGradient)), Evaluate), new("value", _batch.Of(nameof(LossBench.Value)), EvaluateValue),
    ];

    public void Evaluate()
    {
        using var scope = new TensorScope();
        using var labels = _inputs.Labels();
        SpocoLoss.Apply(_inputs.F, labels, _batch.Options, _inputs.G, seed: 1);
    }

    public void EvaluateValue()
    {
        using var pause = Gradients.NoRecording();
        Evaluate();
    }

    public void Dispose() => _inputs.Dispose();
}
