using Spoco.Bench.Runs;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>A network in training on a device, and one step of it: f forward, backward, g forward, Adam with the momentum update.</summary>
internal sealed class TrainingStepCalls : ITimedCalls
{
    private const int ObjectsPerImage = 8;

    private readonly TensorShape _input;
    private readonly SpocoModel _model;
    private readonly SpocoTrainer _trainer;
    private readonly TrainingBatch _batch;
    private readonly Tensor _gradient;
    private readonly DeviceBuffer<float> _first, _second;
    private readonly Holdings _holdings;
    private int _step;

    public TrainingStepCalls(ComputeDevice device, TrainingStepBench.Network net)
    {
        using var holdings = new Holdings();
        _input = net.Input;
        _model = holdings.Add(new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = net.Dimensions, InputChannels = net.Input.C, FeatureMaps = net.Maps, Order = net.Order },
        }));
        _model.Initialise(1);
        _trainer = holdings.Add(new SpocoTrainer(_model, new TrainingOptions { Loss = new SpocoLossOptions { Supervision = Supervision.Sparse } }));
        _batch = Batch(net.Input);
        var output = net.Input.WithChannels(_model.EmbeddingNet.Options.OutputChannels);
        _gradient = holdings.Add(Tensor.Filled(device, output, 1f / output.Count));
        var count = _model.EmbeddingNet.Parameters.Values.Length;
        _first = holdings.AllocateCleared<float>(device, count, "Adam");
        _second = holdings.AllocateCleared<float>(device, count, "Adam");
        _holdings = holdings.Share();
    }

    public IEnumerable<TimedCall> Calls =>
        [new("networks alone", default, Networks) { IsStep = true }, new("with the sparse SPOCO loss", default, () => Spoco()) { IsStep = true }];

    /// <summary>The networks alone.</summary>
    public void Networks()
    {
        using var scope = new TensorScope();
        var (f, g) = (_model.EmbeddingNet, _model.MomentumNet);
        var y = f.Forward(Tensor.From(_gradient.Device, _input, _batch.ViewF), training: true);
        Gradients.Backward(y, _gradient);
        using (Gradients.NoRecording())
            g.Forward(Tensor.From(_gradient.Device, _input, _batch.ViewG), training: true);
        Primitives.Adam.Step(f.Parameters.Values, f.Parameters.Gradients, _first, _second, new AdamSettings(), ++_step, follower: g.Parameters.Values);
        f.Parameters.GradientsAreZero();
    }

    /// <summary>The whole step: 8 objects an image, 20 anchors.</summary>
    public double Spoco() => _trainer.Step(_batch).Loss;

    public void Dispose() => _holdings.Dispose();

    /// <summary>Noise, and 8 objects an image.</summary>
    public static TrainingBatch Batch(TensorShape shape)
    {
        var batch = new TrainingBatch(shape);
        var random = new RandomSource(1);
        for (var i = 0; i < batch.ViewF.Length; i++)
            (batch.ViewF[i], batch.ViewG[i]) = ((float)random.NextGaussian(), (float)random.NextGaussian());
        LabelStripes(batch.Labels, shape);
        return batch;
    }

    /// <summary>Objects as stripes of rows that cover half of every image; the other half is unlabelled.</summary>
    private static void LabelStripes(int[] labels, TensorShape shape)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            var row = i / shape.W % shape.H;
            var stripe = row * 2 * ObjectsPerImage / shape.H;
            labels[i] = stripe % 2 == 0 ? stripe / 2 + 1 : 0;
        }
    }
}
