using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.Losses;

namespace Spoco.Tests.Training;

/// <summary>The variants of g of the paper's A.3.</summary>
public sealed class GNetworkTests : FolderTests
{
    [Test]
    public void Devices_agree([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] GNetwork g)
    {
        var expected = Losses(TestDevices.Open("cpu"), g);
        var actual = Losses(TestDevices.Open(name), g);
        for (var i = 0; i < expected.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-4 * expected[i]), $"step {i}");

        static double[] Losses(ComputeDevice device, GNetwork g)
        {
            using var training = new SmallTraining(device, g);
            return training.Steps(6);
        }
    }

    [Test]
    public void Resumed_training_ends_with_the_same_bits([Values] GNetwork g)
    {
        var device = TestDevices.Open("cpu");
        var path = Path.Combine(Folder, "middle.safetensors");
        float[] expected;
        using (var training = new SmallTraining(device, g))
        {
            training.Steps(4);
            training.Trainer.Save(path);
            training.Steps(4);
            expected = training.State();
        }

        using var resumed = new SmallTraining(device, g);
        resumed.Trainer.Resume(path);
        resumed.Steps(4);
        Assert.That(resumed.State(), Is.EqualTo(expected));
    }

    [Test]
    public void Each_variant_trains_another_f()
    {
        var device = TestDevices.Open("cpu");
        var states = Enum.GetValues<GNetwork>().Select(g =>
        {
            using var training = new SmallTraining(device, g);
            training.Steps(4);
            return training.Model.EmbeddingNet.Parameters.Values.ToArray();
        }).ToArray();
        for (var i = 0; i < states.Length; i++)
            for (var j = 0; j < i; j++)
                Assert.That(states[i], Is.Not.EqualTo(states[j]), $"{(GNetwork)i} and {(GNetwork)j}");
    }

    [Test]
    public void Shared_weights_are_those_of_f([Values(GNetwork.Shared, GNetwork.Dropout)] GNetwork g)
    {
        using var training = new SmallTraining(TestDevices.Open("cpu"), g);
        training.Steps(3);
        Assert.That(training.Model.MomentumNet.Parameters.Values.ToArray(), Is.EqualTo(training.Model.EmbeddingNet.Parameters.Values.ToArray()));
    }

    /// <summary>A momentum of 0 is what <c>shared</c> says.</summary>
    [Test]
    public void Shared_is_a_momentum_of_0()
    {
        using var shared = new SmallTraining(TestDevices.Open("cpu"), GNetwork.Shared);
        using var momentum = new SmallTraining(TestDevices.Open("cpu"), GNetwork.Momentum, momentum: 0);
        Assert.That(shared.Steps(5), Is.EqualTo(momentum.Steps(5)));
    }

    [Test]
    public void A_trained_g_learns_from_the_consistency_alone()
    {
        using var training = new SmallTraining(TestDevices.Open("cpu"), GNetwork.Trained);
        var before = training.Model.MomentumNet.Parameters.Values.ToArray();
        training.Steps(1);
        var after = training.Model.MomentumNet.Parameters.Values.ToArray();

        // Adam's first step is the learning rate wherever there is a gradient.
        Assert.That(after, Is.Not.EqualTo(before));
        Assert.That(after.Zip(before, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2.1e-3));
        Assert.That(after, Is.Not.EqualTo(training.Model.EmbeddingNet.Parameters.Values.ToArray()));
    }

    /// <summary>dL_Ucon/de^g, computed with f and g exchanged, against difference quotients of the double-precision reference.</summary>
    [Test]
    public void Gradient_of_g_equals_differences_of_the_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values("objects", "no objects")] string content)
    {
        const int seed = 12;
        const double step = 1e-5;
        var device = TestDevices.Open(name);
        var random = new Random(seed);
        var shape = name == "ilgpu-cpu" ? new TensorShape(2, 1, 3, 5, 3) : new TensorShape(2, 3, 5, 7, 5);
        var labels = Enumerable.Range(0, (int)shape.Voxels).Select(i => content == "objects" ? i / 4 % 3 : 0).ToArray();
        var f = GradientCheck.RandomValues(random, shape.Count);
        var g = GradientCheck.RandomValues(random, shape.Count);
        int[][] anchors = [[0, 9], [3, 3, 12]];
        var options = new SpocoLossOptions
        {
            Supervision = Supervision.Sparse, PullWeight = 0, PushWeight = 0, RegulariserWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0,
            ConsistencyWeight = 0.7f,
        };
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var e = Tensor.From(device, shape, g).WithGradient();
        var result = SpocoLoss.Apply(e, batch, options, Tensor.From(device, shape, f), draws: new SpocoDraws { Anchors = anchors });
        Gradients.Backward(result.Total);
        var gradient = e.Gradient!.ToArray();
        var wide = Array.ConvertAll(g, v => (double)v);
        var reference = new SpocoReference(shape, labels, options, wide, anchors, null);
        var fixedF = Array.ConvertAll(f, v => (double)v);
        Assert.That(result.Total.ToScalar(), Is.EqualTo(reference.Total(fixedF)).Within(1e-5));
        var scale = gradient.Max(Math.Abs);
        for (var sample = 0; sample < 40; sample++)
        {
            var i = random.Next(g.Length);
            wide[i] += step;
            var above = reference.Total(fixedF);
            wide[i] -= 2 * step;
            var below = reference.Total(fixedF);
            wide[i] += step;
            Assert.That(gradient[i], Is.EqualTo((above - below) / (2 * step)).Within(1e-4 * scale), $"element {i}, seed {seed}");
        }
    }

    [Test]
    public void Steps_in_steady_state_take_no_memory([Values("cpu", "opencl:0", "cuda:0")] string name, [Values] GNetwork g)
    {
        var device = TestDevices.Open(name);
        using var training = new SmallTraining(device, g);
        // Until every number of objects has been seen: sizes of their arrays come in classes.
        training.Steps(80);
        var before = device.Pool.Statistics;
        training.Steps(60);
        var after = device.Pool.Statistics;
        Assert.That(after.DeviceAllocations, Is.EqualTo(before.DeviceAllocations), "the device was asked for memory");
        Assert.That((after.LiveBlocks, after.LiveBytes), Is.EqualTo((before.LiveBlocks, before.LiveBytes)), "tensors of a step are still held");
    }

    [Test]
    public void A_trained_g_needs_gradients()
    {
        using var model = new SpocoModel(TestDevices.Open("cpu"), SmallTraining.ModelOptions);
        Assert.That(() => new SpocoTrainer(model, new TrainingOptions { GNetwork = GNetwork.Trained }),
            Throws.ArgumentException.With.Message.Contains("momentumTrained"));
    }

    [Test]
    public void Dropout_in_the_bottleneck_changes_the_result_and_its_gradient_flows()
    {
        var device = TestDevices.Open("cpu");
        using var net = new UNet(device, new UNetOptions { FeatureMaps = [4, 8], OutputChannels = 3, Order = "gcr", Groups = 2 });
        net.Parameters.Initialise(1);
        using var scope = new TensorScope();
        var x = Tensor.From(device, new TensorShape(2, 1, 7, 9, 1), GradientCheck.RandomValues(new Random(1), 126));
        var plain = net.Forward(x, training: true).ToArray();
        var dropped = net.Forward(x, training: true, (0.5f, 3));
        Assert.That(dropped.ToArray(), Is.Not.EqualTo(plain));
        Assert.That(net.Forward(x, training: true, (0.5f, 3)).ToArray(), Is.EqualTo(dropped.ToArray()));
        Assert.That(net.Forward(x, training: true, (0f, 3)).ToArray(), Is.EqualTo(plain));
        Gradients.Backward(dropped);
        Assert.That(net.Parameters["encoders.1.basic_module.SingleConv2.conv.weight"].Gradient!.ToArray(), Has.Some.Not.Zero);
    }
}
