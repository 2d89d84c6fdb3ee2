using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.Golden;
using Spoco.Tests.Networks;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Training;

/// <summary>Trainings of the reference code, followed step by step.</summary>
public sealed class TrainingTraceTests
{
    private static readonly string[] Devices = ["cpu", "opencl:0", "cuda:0"];

    public static IEnumerable<GoldenCase> FullTraces => GoldenSet.Torch.Cases("training_trace");

    public static IEnumerable<GoldenCase> SparseTraces => GoldenSet.Torch.Cases("spoco_training_trace");

    [Test]
    public void Full_supervision_follows_the_reference([ValueSource(nameof(Devices))] string name, [ValueSource(nameof(FullTraces))] GoldenCase golden)
    {
        var device = TestDevices.Open(name);
        var options = new SpocoLossOptions { Supervision = Supervision.Full, ReferenceCompatible = true, ConsistencyWeight = 0, UnlabelledPushWeight = 0 };
        using var net = new UNet(device, GoldenNetwork.Options(golden, 2, golden.Shape("image")[1]));
        GoldenNetwork.Fill(golden, "state", net.Parameters);
        using var adam = new AdamState(net, golden);
        using var labels = Labels(golden);
        for (var step = 0; step < golden.Params.GetProperty("steps").GetInt32(); step++)
        {
            using var scope = new TensorScope();
            var y = net.Forward(golden.Image(device, "image"), training: true);
            if (golden.Has($"emb_step{step}"))
                golden.AssertImage($"emb_step{step}", y);
            var loss = SpocoLoss.Apply(y, labels, options);
            AssertTerm(golden, "loss", step, loss.Total.ToScalar());
            AssertTerm(golden, "variance", step, loss.Mean.Pull);
            AssertTerm(golden, "distance", step, loss.Mean.Push);
            AssertTerm(golden, "regularizer", step, loss.Mean.Regulariser);
            AssertTerm(golden, "instance", step, loss.Mean.Instance);
            Gradients.Backward(loss.Total);
            AssertTerm(golden, "grad_norm", step, Math.Sqrt(net.Parameters.Gradients.ToArray().Sum(g => (double)g * g)));
            adam.Step();
        }

        AssertParameters(golden, "final", net.Parameters);
    }

    [Test]
    public void Sparse_supervision_follows_the_reference([ValueSource(nameof(Devices))] string name, [ValueSource(nameof(SparseTraces))] GoldenCase golden)
    {
        var device = TestDevices.Open(name);
        var options = new SpocoLossOptions { Supervision = Supervision.Sparse, ReferenceCompatible = true };
        var architecture = GoldenNetwork.Options(golden, 2, golden.Shape("image_f")[1]);
        using var f = new UNet(device, architecture);
        using var g = new UNet(device, architecture, trained: false);
        GoldenNetwork.Fill(golden, "state", f.Parameters);
        g.Parameters.CopyFrom(f.Parameters);
        using var adam = new AdamState(f, golden);
        using var labels = Labels(golden);
        var (anchors, width) = (golden.Int32("anchors"), golden.Shape("anchors")[1]);
        var steps = golden.Params.GetProperty("steps").GetInt32();
        for (var step = 0; step < steps; step++)
        {
            using var scope = new TensorScope();
            var y = f.Forward(golden.Image(device, "image_f"), training: true);
            Primitives.MomentumUpdate.Apply(g.Parameters.Values, f.Parameters.Values, golden.Params.GetProperty("momentum").GetDouble());
            Tensor yg;
            using (Gradients.NoRecording())
                yg = g.Forward(golden.Image(device, "image_g"), training: true);
            var draws = new SpocoDraws { Anchors = [anchors.AsSpan(step * width, width).ToArray().Where(a => a >= 0).ToArray()] };
            var loss = SpocoLoss.Apply(y, labels, options, yg, draws: draws);
            AssertTerm(golden, "loss", step, loss.Total.ToScalar());
            AssertTerm(golden, "variance", step, loss.Mean.Pull);
            AssertTerm(golden, "distance", step, loss.Mean.Push);
            AssertTerm(golden, "regularizer", step, loss.Mean.Regulariser);
            AssertTerm(golden, "instance", step, loss.Mean.Instance);
            AssertTerm(golden, "unlabeled_push", step, loss.Mean.UnlabelledPush);
            AssertTerm(golden, "consistency", step, loss.Mean.Consistency);
            if (step == steps - 1)
            {
                golden.AssertImage("emb_f_last", y);
                golden.AssertImage("emb_g_last", yg);
            }

            Gradients.Backward(loss.Total);
            adam.Step();
        }

        AssertParameters(golden, "final_f", f.Parameters);
        AssertParameters(golden, "final_g", g.Parameters);
    }

    private static LabelBatch Labels(GoldenCase golden)
    {
        var extents = golden.Shape("target");
        return LabelBatch.From(new TensorShape(extents[0], 1, extents[1], extents[2], 1), golden.Int32("target"));
    }

    private static void AssertTerm(GoldenCase golden, string term, int step, double actual) =>
        Assert.That(actual, Is.EqualTo(golden.Float64(term)[step]).Within(golden.Tolerance(term)), $"{golden} {term} at step {step}");

    private static void AssertParameters(GoldenCase golden, string prefix, ParameterStore store)
    {
        foreach (var spec in store.Specs.Where(s => golden.Has($"{prefix}/{s.Name}")))
        {
            if (spec.Kind == ParameterKind.ConvolutionWeight)
                golden.AssertWeight($"{prefix}/{spec.Name}", store[spec.Name]);
            else
                golden.AssertImage($"{prefix}/{spec.Name}", store[spec.Name]);
        }
    }

    /// <summary>Adam with a case's coefficients.</summary>
    private sealed class AdamState : IDisposable
    {
        private readonly UNet _net;
        private readonly DeviceBuffer<float> _first;
        private readonly DeviceBuffer<float> _second;
        private readonly AdamSettings _settings;
        private int _step;

        public AdamState(UNet net, GoldenCase golden)
        {
            _net = net;
            var adam = golden.Params.GetProperty("adam");
            _settings = new AdamSettings { LearningRate = adam.GetProperty("lr").GetDouble(), WeightDecay = adam.GetProperty("weight_decay").GetDouble() };
            _first = net.Parameters.Device.Allocate<float>(net.Parameters.Values.Length, "Adam");
            _second = net.Parameters.Device.Allocate<float>(net.Parameters.Values.Length, "Adam");
            _first.Clear();
            _second.Clear();
        }

        public void Step() => Primitives.Adam.Step(_net.Parameters.Values, _net.Parameters.Gradients, _first, _second, _settings, ++_step);

        public void Dispose()
        {
            _first.Memory.Dispose();
            _second.Memory.Dispose();
        }
    }
}
