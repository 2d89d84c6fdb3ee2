using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

public sealed class SpocoTrainerTests : FolderTests
{
    private static readonly TensorShape Shape = new(2, 1, 16, 20, 1);
    /// <summary>Ten steps from one seed: every device computes the losses that <c>cpu</c> does.</summary>
    [Test]
    public void Devices_agree(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] Supervision supervision, [Values("bcr", "gcr")] string order)
    {
        var expected = Losses(TestDevices.Open("cpu"), supervision, order, 10);
        var actual = Losses(TestDevices.Open(name), supervision, order, 10);
        for (var i = 0; i < expected.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-4 * expected[i]), $"step {i}");
    }

    [Test]
    public void Same_seed_same_bits([Values(1, 2, 3)] int threads)
    {
        using var first = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        using var second = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Assert.That(Losses(first, Supervision.Sparse, "bcr", 6), Is.EqualTo(Losses(second, Supervision.Sparse, "bcr", 6)));
    }

    /// <summary>Batches that are copied while a step runs, and filled again at once: the same bits as one after the other.</summary>
    [Test]
    public void Batches_staged_beside_a_step_give_the_same_bits([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using var model = new SpocoModel(device, Model("bcr"));
        using var trainer = new SpocoTrainer(model, Options(Supervision.Sparse));
        using var other = new SpocoModel(device, Model("bcr"));
        using var oneByOne = new SpocoTrainer(other, Options(Supervision.Sparse));
        model.Initialise(1);
        other.Initialise(1);
        var live = device.Pool.Statistics.LiveBlocks;
        var losses = new List<double>();
        var next = trainer.Stage(DiscImages.Batch(Shape, 0));
        for (var i = 0; i < 5; i++)
        {
            trainer.Launch(next);
            var batch = DiscImages.Batch(Shape, i + 1);
            if (i % 2 == 0)
                batch.SortLabels();
            next = trainer.Stage(batch);
            Array.Fill(batch.ViewF, float.NaN);
            Array.Fill(batch.ViewG, float.NaN);
            Array.Fill(batch.Labels, 1);
            losses.Add(trainer.Complete().Loss);
        }

        next.Clear();
        Assert.That(losses, Is.EqualTo(Steps(oneByOne, 5)));
        Assert.That(WholeState(model), Is.EqualTo(WholeState(other)));
        Assert.That(device.Pool.Statistics.LiveBlocks - live, Is.EqualTo(6), "the views of two staged batches, and of one");
    }

    [Test]
    public void A_batch_that_is_refused_beside_a_step_leaves_the_step()
    {
        using var model = new SpocoModel(TestDevices.Open("cpu"), Model("bcr"));
        using var trainer = new SpocoTrainer(model, Options(Supervision.Sparse));
        model.Initialise(1);
        var batch = DiscImages.Batch(Shape, 0);
        trainer.Launch(trainer.Stage(batch));
        batch.ViewG[3] = float.NaN;
        Assert.That(() => trainer.Stage(batch), Throws.ArgumentException);
        Assert.That(() => trainer.Launch(trainer.Stage(DiscImages.Batch(Shape, 1))), Throws.InvalidOperationException);
        Assert.That(trainer.Complete().Iteration, Is.Zero);
        Assert.That(trainer.Complete, Throws.InvalidOperationException);
    }

    [Test]
    public void A_trainer_may_go_after_its_device([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        TestDevices.Open(name);
        var device = ComputeDevice.Open(name);
        using var model = new SpocoModel(device, Model("bcr"));
        using var trainer = new SpocoTrainer(model, Options(Supervision.Sparse));
        model.Initialise(1);
        trainer.Launch(trainer.Stage(DiscImages.Batch(Shape, 0)));
        trainer.Stage(DiscImages.Batch(Shape, 1)).Clear();
        device.Dispose();
        trainer.Dispose();
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.GreaterThan(0), "the model's");
        model.Dispose();
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Resumed_training_ends_with_the_same_bits([Values] Supervision supervision)
    {
        var device = TestDevices.Open("cpu");
        var path = Path.Combine(Folder, "middle.safetensors");
        float[] expected, actual;
        using (var model = new SpocoModel(device, Model("bcr")))
        using (var trainer = new SpocoTrainer(model, Options(supervision)))
        {
            model.Initialise(1);
            Steps(trainer, 4);
            trainer.ForegroundShare = 0.2;
            trainer.Save(path);
            Steps(trainer, 4);
            expected = State(model);
        }

        using (var model = new SpocoModel(device, Model("bcr")))
        using (var trainer = new SpocoTrainer(model, Options(supervision)))
        {
            trainer.Resume(path);
            Assert.That((trainer.Iteration, trainer.ForegroundShare), Is.EqualTo((4, 0.2)));
            Steps(trainer, 4);
            actual = State(model);
        }

        Assert.That(actual, Is.EqualTo(expected));
    }

    [Test]
    public void A_share_of_foreground_is_a_share()
    {
        using var model = new SpocoModel(TestDevices.Open("cpu"), Model("bcr"));
        using var trainer = new SpocoTrainer(model, Options(Supervision.Sparse));
        foreach (var share in (double[])[0, 1, double.NaN])
            Assert.That(() => trainer.ForegroundShare = share, Throws.ArgumentException.With.Message.Contains("ForegroundShare"));
        Assert.That(trainer.ForegroundShare, Is.EqualTo(0.5));
    }

    /// <summary>After warm-up: no device memory, no growing heap, and every tensor of a step is released.</summary>
    [Test]
    public void Steps_in_steady_state_take_no_memory([Values("cpu", "opencl:0", "cuda:0")] string name, [Values] Supervision supervision)
    {
        var device = TestDevices.Open(name);
        using var model = new SpocoModel(device, Model("bcr"));
        using var trainer = new SpocoTrainer(model, Options(supervision));
        model.Initialise(1);
        Steps(trainer, 20);
        var before = device.Pool.Statistics;
        Steps(trainer, 100);

        // The runtime compiles now and then, later on a busy machine, which leaves things on the heap for good: what steps keep grows in every stretch.
        var growth = long.MaxValue;
        for (var stretch = 0; stretch < 2; stretch++)
        {
            var heap = GC.GetTotalMemory(forceFullCollection: true);
            Steps(trainer, 100);
            growth = Math.Min(growth, GC.GetTotalMemory(forceFullCollection: true) - heap);
        }

        var after = device.Pool.Statistics;
        Assert.That(after.DeviceAllocations, Is.EqualTo(before.DeviceAllocations), "the device was asked for memory");
        Assert.That((after.LiveBlocks, after.LiveBytes), Is.EqualTo((before.LiveBlocks, before.LiveBytes)), "tensors of a step are still held");

        // ILGPU keeps a weak reference for every copy between host and device and sweeps the dead ones only now and then.
        var allowed = device is HostDevice ? 64 * 1024 : 512 * 1024;
        Assert.That(growth, Is.LessThan(allowed), "the managed heap grew");
    }

    [Test]
    public void A_batch_with_values_that_are_no_numbers_leaves_the_model_as_it_was(
        [Values("bcr", "gcr")] string order, [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value, [Values] bool inViewOfG)
    {
        AssertRefused<ArgumentException>("cpu", Options(Supervision.Sparse), order, (_, batch) => (inViewOfG ? batch.ViewG : batch.ViewF)[^1] = value,
            "the batch holds values that are infinite or not a number");
    }

    /// <summary>Values that are finite, but not what a network makes of them.</summary>
    [Test]
    public void A_loss_that_is_not_finite_leaves_the_model_as_it_was(
        [Values] Supervision supervision, [Values("bcr", "gcr")] string order, [Values("cpu", "opencl:0", "cuda:0")] string name) =>
        AssertRefused<TrainingDivergedException>(name, Options(supervision), order, (_, batch) => Array.Fill(batch.ViewF, 3e38f, 0, 5), "iteration 2 is");

    [Test]
    public void A_gradient_whose_square_overflows_leaves_the_model_as_it_was([Values] GNetwork g, [Values("cpu", "opencl:0", "cuda:0")] string name) =>
        AssertRefused<TrainingDivergedException>(name,
            Options(Supervision.Sparse) with { GNetwork = g, Loss = new SpocoLossOptions { Supervision = Supervision.Sparse, PushWeight = 1e30f } },
            "bcr", (_, _) => { }, "a gradient of iteration", steps: 0);

    /// <summary>A step that is refused leaves model and moments as they were, and the steps that would have followed without it have the same bits.</summary>
    private void AssertRefused<T>(
        string name, TrainingOptions options, string order, Action<SpocoModel, TrainingBatch> spoil, string message, int steps = 2)
        where T : Exception
    {
        var device = TestDevices.Open(name);
        using var model = new SpocoModel(device, Model(order), momentumTrained: options.GNetwork == GNetwork.Trained);
        using var trainer = new SpocoTrainer(model, options);
        model.Initialise(1);
        Steps(trainer, steps);
        var before = (WholeState(model), Saved(trainer));
        var batch = DiscImages.Batch(Shape, 0);
        spoil(model, batch);
        Assert.That(() => trainer.Step(batch), Throws.TypeOf<T>().With.Message.Contains(message));
        Assert.That((WholeState(model), Saved(trainer)), Is.EqualTo(before));
        Assert.That(trainer.Iteration, Is.EqualTo(steps));
        if (steps == 0)
            return;
        using var other = new SpocoModel(device, Model(order));
        using var undisturbed = new SpocoTrainer(other, options);
        other.Initialise(1);
        Steps(undisturbed, steps);
        Assert.That(Steps(trainer, 3), Is.EqualTo(Steps(undisturbed, 3)));
        Assert.That(WholeState(model), Is.EqualTo(WholeState(other)));
    }

    /// <summary>All that a training goes on from, byte by byte.</summary>
    private byte[] Saved(SpocoTrainer trainer)
    {
        var path = Path.Combine(Folder, "refused.safetensors");
        trainer.Save(path);
        return File.ReadAllBytes(path);
    }

    private static float[] WholeState(SpocoModel model) => [.. new[] { model.EmbeddingNet, model.MomentumNet }
        .SelectMany(net => net.Parameters.Values.ToArray().Concat(net.Parameters.Statistics.Length == 0 ? [] : net.Parameters.Statistics.ToArray()))];

    [Test]
    public void A_checkpoint_holds_what_it_was_made_of_and_fits_no_other_architecture()
    {
        var device = TestDevices.Open("cpu");
        var path = Path.Combine(Folder, "model.safetensors");
        using var model = new SpocoModel(device, Model("bcr") with { SizeFloor = 17 });
        model.Initialise(5);
        Checkpoint.Save(path, model);
        using var loaded = Checkpoint.Load(path, device);
        Assert.That(loaded.Options.SizeFloor, Is.EqualTo(17));
        Assert.That(State(loaded), Is.EqualTo(State(model)));
        Assert.That(SafeTensors.Open(path).Entries["net_f.encoders.0.basic_module.SingleConv1.conv.weight"].Shape, Is.EqualTo(new long[] { 2, 1, 3, 3 }));
        using var other = new SpocoModel(device, Model("gcr"));
        Assert.That(() => Checkpoint.Load(path, SafeTensors.Open(path), other),
            Throws.TypeOf<InputException>().With.Message.Contains("is of another architecture"));
        using var trainer = new SpocoTrainer(model, Options(Supervision.Full));
        Assert.That(() => trainer.Resume(path), Throws.TypeOf<InputException>().With.Message.Contains("holds a model but no training state"));
    }

    [Test]
    public void Prediction_does_not_change_the_model()
    {
        var device = TestDevices.Open("cpu");
        using var model = new SpocoModel(device, Model("bcr"));
        model.Initialise(2);
        var before = State(model);
        var image = new Volume<float>(GradientCheck.RandomValues(new Random(3), 17 * 23), 1, 17, 23);
        var first = model.Predict(image, withMomentum: true);
        var second = model.Predict(image, withMomentum: true);
        Assert.That(State(model), Is.EqualTo(before));
        Assert.That(second.Embeddings.Data, Is.EqualTo(first.Embeddings.Data));
        Assert.That(first.MomentumEmbeddings!.Data, Is.EqualTo(first.Embeddings.Data), "g starts as a copy of f");
        Assert.That(second.Foreground!.Data, Is.EqualTo(first.Foreground!.Data));
    }

    /// <summary>The units of a network report their progress: those of g are not among them unless its embeddings are asked for.</summary>
    [Test]
    public void G_runs_only_where_its_embeddings_are_asked_for()
    {
        var device = TestDevices.Open("cpu");
        using var model = new SpocoModel(device, Model("bcr"));
        model.Initialise(2);
        model.MomentumNet.Parameters.Initialise(3);
        var image = new Volume<float>(GradientCheck.RandomValues(new Random(3), 17 * 23), 1, 17, 23);
        var (alone, both) = (new Counter(), new Counter());
        var of = model.Predict(image, withMomentum: false, alone);
        var ofBoth = model.Predict(image, withMomentum: true, both);
        Assert.That(alone.Count, Is.Positive);
        Assert.That(both.Count, Is.EqualTo(2 * alone.Count));
        Assert.That((of.MomentumEmbeddings, of.Embeddings.Data), Is.EqualTo(((Volume<float>?)null, ofBoth.Embeddings.Data)));
        Assert.That(model.PredictMomentum(image, default).Data, Is.EqualTo(ofBoth.MomentumEmbeddings!.Data).And.Not.EqualTo(of.Embeddings.Data), "g by itself");
    }

    private sealed class Counter : IProgress<double>
    {
        public int Count { get; private set; }

        public void Report(double value) => Count++;
    }

    private static double[] Losses(ComputeDevice device, Supervision supervision, string order, int count)
    {
        using var model = new SpocoModel(device, Model(order));
        using var trainer = new SpocoTrainer(model, Options(supervision));
        model.Initialise(1);
        return Steps(trainer, count);
    }

    private static double[] Steps(SpocoTrainer trainer, int count)
    {
        var losses = new double[count];
        for (var i = 0; i < count; i++)
            losses[i] = trainer.Step(DiscImages.Batch(Shape, trainer.Iteration)).Loss;
        return losses;
    }

    private static SpocoModelOptions Model(string order) => new()
    {
        Network = new UNetOptions { FeatureMaps = [4, 8], Order = order, Groups = 2 }, EmbeddingDimensions = 4, Foreground = true,
    };

    private static TrainingOptions Options(Supervision supervision) => new()
    {
        Loss = new SpocoLossOptions { Supervision = supervision, ConsistencyWeight = supervision == Supervision.Sparse ? 1 : 0 },
        Schedule = new ScheduleOptions { LearningRate = 2e-3, Iterations = 300 },
        Momentum = 0.9,
    };

    private static float[] State(SpocoModel model) =>
    [
        .. model.EmbeddingNet.Parameters.Values.ToArray(), .. model.EmbeddingNet.Parameters.Statistics.ToArray(),
        .. model.MomentumNet.Parameters.Values.ToArray(), .. model.MomentumNet.Parameters.Statistics.ToArray(),
    ];
}
