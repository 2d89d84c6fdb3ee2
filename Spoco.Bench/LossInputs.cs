using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>What f and g say of a batch, on a device, and its labels, on the host.</summary>
internal sealed class LossInputs : IDisposable
{
    private readonly TensorShape _extents;
    private readonly int[] _labels;
    private readonly Holdings _holdings;

    public LossInputs(ComputeDevice device, TensorShape extents)
    {
        using var holdings = new Holdings();
        _extents = extents;
        var random = new RandomSource(1);
        F = holdings.Add(Tensor.From(device, extents, LossBench.Uniform(random, extents.Count)).WithGradient());
        G = holdings.Add(Tensor.From(device, extents, LossBench.Uniform(random, extents.Count)));
        _labels = LossBench.Balls(random, extents);
        _holdings = holdings.Share();
    }

    public Tensor F { get; }

    public Tensor G { get; }

    /// <summary>The labels, sorted anew as in every step of a training.</summary>
    public LabelBatch Labels() => LabelBatch.From(_extents.WithChannels(1), _labels);

    public void Dispose() => _holdings.Dispose();
}
