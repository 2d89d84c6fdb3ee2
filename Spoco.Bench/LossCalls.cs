using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Embeddings of a batch on a device, its labels on the host, and L_SSO with its gradient and without.</summary>
internal sealed class LossCalls : ITimedCalls
{
    private readonly LossBench.Batch _batch;
    private readonly Tensor _f, _g;
    private readonly int[] _labels;
    private readonly Holdings _holdings;

    public LossCalls(ComputeDevice device, LossBench.Batch batch)
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
        new("value and gradient", _batch.Of(nameof(LossBench.ValueAndGradient)), Evaluate), new("value", _batch.Of(nameof(LossBench.Value)), EvaluateValue),
    ];

    public void Evaluate()
    {
        using var scope = new TensorScope();
        using var labels = LabelBatch.From(_batch.Extents.WithChannels(1), _labels);
        SpocoLoss.Apply(_f, labels, _batch.Options, _g, seed: 1);
    }

    public void EvaluateValue()
    {
        using var pause = Gradients.NoRecording();
        Evaluate();
    }

    public void Dispose() => _holdings.Dispose();
}
