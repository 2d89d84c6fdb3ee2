using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>Training with a critic (paper, A.1).</summary>
public sealed class AdversarialTests : FolderTests
{
    [Test]
    public void Devices_agree([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(2, 3)] int dimensions)
    {
        if (name == "ilgpu-cpu" && dimensions == 3)
            Assert.Ignore("The simulator is slow: one case suffices.");
        var expected = Steps(TestDevices.Open("cpu"));
        var actual = Steps(TestDevices.Open(name));
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.That(actual[i].Loss, Is.EqualTo(expected[i].Loss).Within(2e-4 * expected[i].Loss), $"step {i}");
            Assert.That(actual[i].Adversarial, Is.EqualTo(expected[i].Adversarial).Within(1e-4), $"step {i}");
            Assert.That(actual[i].Critic.Penalty, Is.EqualTo(expected[i].Critic.Penalty).Within(1e-3), $"step {i}");
        }

        TrainingStep[] Steps(ComputeDevice device)
        {
            using var training = new Training(device, dimensions, warmUp: 1);
            return training.Steps(3);
        }
    }

    /// <summary>Interrupted during the warm-up, at its end and after it.</summary>
    [Test]
    public void Resumed_training_ends_with_the_same_bits([Values(2, 3)] int dimensions, [Values(1, 2, 4)] int interrupted)
    {
        var device = TestDevices.Open("cpu");
        var (path, end) = (Path.Combine(Folder, "middle.safetensors"), Path.Combine(Folder, "end.safetensors"));
        TrainingStep[] expected;
        using (var training = new Training(device, dimensions, warmUp: 2))
        {
            training.Steps(interrupted);
            training.Trainer.Save(path);
            expected = training.Steps(6 - interrupted);
            training.Trainer.Save(end);
        }

        using var resumed = new Training(device, dimensions, warmUp: 2);
        resumed.Trainer.Resume(path);
        Assert.That(resumed.Steps(6 - interrupted), Is.EqualTo(expected));
        var again = Path.Combine(Folder, "again.safetensors");
        resumed.Trainer.Save(again);
        Assert.That(File.ReadAllBytes(again), Is.EqualTo(File.ReadAllBytes(end)));
        Assert.That(SafeTensors.Open(end).Entries.Keys, Does.Contain("critic.body.0.weight").And.Contain("critic.exp_avg.dense.weight"));
        Assert.That(SafeTensors.Open(end).Read("critic.exp_avg.dense.weight"), Has.Some.Not.Zero);
    }

    [Test]
    public void The_critic_begins_after_the_warm_up_and_gets_batches_of_its_own()
    {
        using var training = new Training(TestDevices.Open("cpu"), 2, warmUp: 2);
        var steps = training.Steps(5);
        Assert.That(steps.Select(s => s.Adversarial != 0), Is.EqualTo(new[] { false, false, true, true, true }));
        Assert.That(steps.Take(2).Select(s => s.Critic), Has.All.EqualTo(default(CriticLoss)));
        Assert.That(training.Batches, Is.EqualTo(5 + 3 * 3), "three critic steps before each step after the warm-up");
        var options = training.Trainer.Options.Adversarial!;
        Assert.That(Enumerable.Range(0, 5).Select(i => options.BatchesBefore(i)), Is.EqualTo(new long[] { 0, 1, 2, 6, 10 }));

        // Loss = L_SSO + zeta L_wgan.
        var t = steps[4].Terms;
        var plain = t.Pull + t.Push + 0.001 * t.Regulariser + t.Instance + t.UnlabelledPush + t.Consistency;
        Assert.That(steps[4].Loss, Is.EqualTo(plain + 0.1 * steps[4].Adversarial).Within(1e-5));
    }

    [Test]
    public void The_warm_up_is_a_training_without_a_critic()
    {
        var device = TestDevices.Open("cpu");
        using var adversarial = new Training(device, 2, warmUp: 100);
        using var plain = new Training(device, 2, warmUp: null);
        Assert.That(adversarial.Steps(4).Select(s => s.Loss), Is.EqualTo(plain.Steps(4).Select(s => s.Loss)));
    }

    [Test]
    public void The_critic_learns_to_tell_masks_apart()
    {
        using var training = new Training(TestDevices.Open("cpu"), 2, warmUp: 0, criticRate: 2e-3);
        var losses = Enumerable.Range(0, 60).Select(i => training.Trainer.TrainCritic(training.NextBatch())!.Value).ToArray();
        var (first, last) = (losses.Take(5).Average(l => l.Real - l.Fake), losses.TakeLast(5).Average(l => l.Real - l.Fake));
        Assert.That(last, Is.GreaterThan(first + 0.05), "real masks score higher than soft ones of an untrained network");
    }

    [Test]
    public void A_batch_without_objects_teaches_nothing()
    {
        using var training = new Training(TestDevices.Open("cpu"), 2, warmUp: 0);
        var before = Saved("before");
        var empty = DiscImages.Batch(training.Shape, 0, objects: 0);
        Assert.That(training.Trainer.TrainCritic(empty), Is.Null);
        var step = training.Trainer.Step(empty);
        Assert.That((step.Adversarial, double.IsFinite(step.Loss)), Is.EqualTo((0.0, true)));
        var after = Saved("after");
        foreach (var name in before.Entries.Keys.Where(k => k.StartsWith("critic.", StringComparison.Ordinal)))
            Assert.That(after.Read(name), Is.EqualTo(before.Read(name)), name);

        SafeTensors Saved(string name)
        {
            var path = Path.Combine(Folder, name);
            training.Trainer.Save(path);
            return SafeTensors.Open(path);
        }
    }

    [Test]
    public void Steps_in_steady_state_take_no_memory([Values("cpu", "opencl:0", "cuda:0")] string name, [Values(2, 3)] int dimensions)
    {
        var device = TestDevices.Open(name);
        using var training = new Training(device, dimensions, warmUp: 0);
        // Until every number of objects has been seen: sizes of their arrays come in classes.
        training.Steps(60);
        var before = device.Pool.Statistics;
        training.Steps(12);
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        training.Steps(12);
        var after = device.Pool.Statistics;
        Assert.That(after.DeviceAllocations, Is.EqualTo(before.DeviceAllocations), "the device was asked for memory");
        Assert.That((after.LiveBlocks, after.LiveBytes), Is.EqualTo((before.LiveBlocks, before.LiveBytes)), "tensors of a step are still held");
        var allowed = device is HostDevice ? 64 * 1024 : 512 * 1024;
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - heap, Is.LessThan(allowed), "the managed heap grew");
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        var device = TestDevices.Open("cpu");
        using var model = new SpocoModel(device, SmallTraining.ModelOptions);
        var options = new AdversarialOptions { Patch = new TensorShape(1, 1, 12, 16, 1), FeatureMaps = [3, 4] };
        AdversarialOptions[] bad =
        [
            options with { Masks = 0 }, options with { CriticSteps = 0 }, options with { Weight = float.NaN }, options with { WarmUp = -1 },
            options with { FeatureMaps = [3, 3, 3, 3] },
        ];
        foreach (var wrong in bad)
            Assert.That(() => new SpocoTrainer(model, new TrainingOptions { Adversarial = wrong }), Throws.ArgumentException);
        using var trainer = new SpocoTrainer(model, new TrainingOptions());
        Assert.That(() => trainer.TrainCritic(DiscImages.Batch(new TensorShape(1, 1, 12, 16, 1), 0)), Throws.InvalidOperationException);
        using var other = new Training(device, 2, warmUp: 0);
        Assert.That(() => other.Trainer.TrainCritic(DiscImages.Batch(new TensorShape(1, 1, 16, 16, 1), 0)), Throws.ArgumentException);

        // A checkpoint without a critic does not continue a training with one.
        var path = Path.Combine(Folder, "plain.safetensors");
        using var plain = new Training(device, 2, warmUp: null);
        plain.Trainer.Save(path);
        Assert.That(() => other.Trainer.Resume(path), Throws.TypeOf<InputException>().With.Message.Contains("critic.body.0.weight"));
    }

    /// <summary>A sparse training with a critic of two blocks and three critic steps.</summary>
    private sealed class Training : IDisposable
    {
        public Training(ComputeDevice device, int dimensions, int? warmUp, double criticRate = 1e-4)
        {
            Shape = dimensions == 3 ? new TensorShape(1, 5, 10, 12, 1) : new TensorShape(2, 1, 13, 17, 1);
            Model = new SpocoModel(device, new SpocoModelOptions
            {
                Network = new UNetOptions { Dimensions = dimensions, FeatureMaps = [4, 8], Order = "gcr", Groups = 2, PoolDepth = dimensions - 1 },
                EmbeddingDimensions = 4,
            });
            Trainer = new SpocoTrainer(Model, new TrainingOptions
            {
                Loss = new SpocoLossOptions { Supervision = Supervision.Sparse },
                Schedule = new ScheduleOptions { LearningRate = 2e-3, Iterations = 300 },
                Momentum = 0.9,
                Adversarial = warmUp is not { } wait ? null : new AdversarialOptions
                {
                    Patch = Shape with { N = 1 }, Dimensions = dimensions, CriticSteps = 3, WarmUp = wait, Masks = 4, FeatureMaps = [3, 4],
                    Adam = new AdamSettings { LearningRate = criticRate, Beta1 = 0.5, Beta2 = 0.9, WeightDecay = 0 },
                },
            });
            Model.Initialise(1);
        }

        public TensorShape Shape { get; }

        public SpocoModel Model { get; }

        public SpocoTrainer Trainer { get; }

        public long Batches { get; private set; }

        public TrainingBatch NextBatch() => DiscImages.Batch(Shape, Batches++);

        public TrainingStep[] Steps(int count)
        {
            Batches = Trainer.Options.Adversarial?.BatchesBefore(Trainer.Iteration) ?? Trainer.Iteration;
            var steps = new TrainingStep[count];
            for (var i = 0; i < count; i++)
            {
                for (var c = Trainer.CriticBatches; c > 0; c--)
                    Trainer.TrainCritic(NextBatch());
                steps[i] = Trainer.Step(NextBatch());
            }

            return steps;
        }

        public void Dispose()
        {
            Trainer.Dispose();
            Model.Dispose();
        }
    }
}
