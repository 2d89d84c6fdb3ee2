using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.Collectives;
using Spoco.Tests.Segmentation;
using Spoco.Tests.Threads;
using Spoco.Tests.Training;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Devices;

/// <summary>Everything that takes memory of a device, played by <see cref="Faults"/>: whatever fails, and wherever, nothing stays behind.</summary>
[HangLimit(300)]
public sealed class FaultTests : FolderTests
{
    private static readonly TensorShape Image = new(2, 1, 5, 7, 4);
    private static readonly TensorShape Deep = new(1, 3, 4, 5, 4);
    private static readonly TensorShape Vector = TensorShape.Vector(4);
    private static readonly TensorShape Weight = new(1, 3, 3, 4, 4);

    /// <summary>Operations with their gradients, on inputs of these shapes. Those of <see cref="Twice"/> are differentiated once more.</summary>
    private static readonly Dictionary<string, (TensorShape[] Inputs, Func<Tensor[], Tensor> Apply)> Operations = new()
    {
        ["activation"] = ([Image], t => Activation.Apply(t[0], ActivationFunction.Elu())),
        ["elementwise"] = ([Image, Image], t => Elementwise.AddScaled(Elementwise.Multiply(t[0], t[1]), Elementwise.Scale(t[0], 3), 0.7f)),
        ["dropout"] = ([Image], t => Dropout.Apply(t[0], 0.4f, 3)),
        ["channels"] = ([Image], t => ChannelSlice.Apply(t[0], 1, 2)),
        ["reduction"] = ([Image], t => Reduction.Mean(Elementwise.Multiply(t[0], t[0]))),
        ["group norm"] = ([Image, Vector, Vector], t => GroupNorm.Apply(t[0], t[1], t[2], 2)),
        ["batch norm"] = ([Image, Vector, Vector], t => BatchNorm.Apply(t[0], t[1], t[2], Filled(t[0], 0), Filled(t[0], 1), training: true)),
        ["batch norm, learned"] = ([Image, Vector, Vector], t => BatchNorm.Apply(t[0], t[1], t[2], Filled(t[0], 0), Filled(t[0], 1), training: false)),
        ["maximum"] = ([Image], t => MaxPool.Apply(t[0], (1, 2, 2))),
        ["maximum, used twice"] = ([Image], t => Elementwise.Add(MaxPool.Apply(Activation.Relu(t[0]), (1, 2, 2)), ChannelSlice.Apply(
            MaxPool.Apply(t[0], (1, 2, 2)), 0, 4))),
        ["mean of windows"] = ([Deep], t => AveragePool.Apply(t[0], (2, 2, 2))),
        ["upsampling"] = ([Deep], t => Upsample.Apply(t[0], 5, 9, 8)),
        ["upsampling, joined"] = ([Deep, new TensorShape(1, 2, 2, 3, 4)], t => UpsampleConcat.Apply(t[0], t[1])),
        ["joined"] = ([Image, Image], t => Concat.Apply(t[0], t[1])),
        ["reshaped"] = ([Image], t => Elementwise.Multiply(Reshape.Apply(t[0], Deep with { N = 2, D = 1, H = 7, W = 5 }), Reshape.Apply(t[0], Deep with { N = 2, D = 1, H = 7, W = 5 }))),
        ["convolution"] = ([Image, Weight, Vector], t => Convolution.Apply(t[0], t[1], t[2], activation: ActivationFunction.Relu)),
        ["dense"] = ([Image, new TensorShape(1, 1, 1, 140, 3), TensorShape.Vector(3)], t => Dense.Apply(t[0], t[1], t[2])),
        ["group norm and convolution"] = ([Image, Vector, Vector, Weight],
            t => NormConvolution.Apply(t[0], null, t[1], t[2], 2, t[3], ActivationFunction.Relu)),
        ["batch norm and convolution"] = ([Image, Vector, Vector, Weight],
            t => NormConvolution.ApplyBatch(t[0], null, t[1], t[2], Filled(t[0], 0), Filled(t[0], 1), true, t[3], ActivationFunction.Relu)),
        ["norm, convolution and maximum"] = ([Image, Vector, Vector, Weight],
            t => NormConvolution.Apply(new FeatureMap(t[0]), null, t[1], t[2], 2, t[3], ActivationFunction.Relu, new NextOperations(true, (1, 2, 2))).Pooled!.Value.Values),
        ["a branch that meets itself"] = ([Image], t =>
        {
            var a = Activation.Relu(t[0]);
            return Elementwise.Add(Elementwise.Add(Dropout.Apply(a, 0.1f, 1), Dropout.Apply(a, 0.1f, 2)), Elementwise.Multiply(a, a));
        }),
    };

    private static readonly string[] Twice =
        ["activation", "elementwise", "dropout", "channels", "reduction", "maximum", "mean of windows", "upsampling", "upsampling, joined", "joined", "reshaped", "convolution", "dense"];

    private static readonly Dictionary<string, Action<ComputeDevice>> Losses = new()
    {
        ["full"] = d => Loss(d, new SpocoLossOptions { RegulariserWeight = 0.05f }),
        ["sparse"] = d => Loss(d, new SpocoLossOptions { Supervision = Supervision.Sparse }),
        ["sparse, with foreground"] = d => Loss(d, new SpocoLossOptions { Supervision = Supervision.Sparse, ForegroundChannel = true }),
        ["cross-entropy, with foreground"] = d => Loss(d, new SpocoLossOptions { InstanceLoss = InstanceLoss.Bce, ForegroundChannel = true }),
        ["affinities"] = d => Loss(d, new SpocoLossOptions { InstanceLoss = InstanceLoss.Affinity, AffinityRange = 3 }),
        ["as the reference"] = d => Loss(d, new SpocoLossOptions { Supervision = Supervision.Sparse, ReferenceCompatible = true }),
        ["without a gradient"] = d =>
        {
            using var pause = Gradients.NoRecording();
            Loss(d, new SpocoLossOptions { Supervision = Supervision.Sparse });
        },
        ["foreground alone"] = d => Backward(d, (f, labels) => ForegroundLoss.Apply(f, labels, 3, 2)),
        ["foreground of few labels alone"] = d => Backward(d, (f, labels) => PositiveUnlabelledLoss.Apply(f, labels, 3, new SpocoLossOptions())),
        ["soft masks"] = d => Backward(d, (f, labels) => Reduction.Sum(SoftMasks.Apply(f, labels, [1, 2, 2, 4], new SpocoLossOptions()))),
        ["soft masks of some channels"] = d => Backward(
            d, (f, labels) => Reduction.Sum(SoftMasks.Apply(f, labels, [1, 2], new SpocoLossOptions { ForegroundChannel = true }))),
        ["critic"] = Judge,
    };

    private static readonly Dictionary<string, Action<ComputeDevice>> PrimitivesOfTheirOwn = new()
    {
        ["Adam and momentum update"] = d => WithBuffer(d, 5 * 70, b =>
        {
            Primitives.Adam.Step(b.Slice(0, 70), b.Slice(70, 70), b.Slice(140, 70), b.Slice(210, 70), new AdamSettings(), 1, follower: b.Slice(280, 70), momentum: 0.9);
            Primitives.MomentumUpdate.Apply(b.Slice(0, 70), b.Slice(70, 70), 0.9);
        }),
        ["sum of squares"] = d => WithBuffer(d, 70, b => Primitives.Reduction.SumOfSquares(b)),
        ["balls"] = d =>
        {
            using var holdings = new Holdings();
            var embeddings = holdings.Upload<float>(d, [.. Enumerable.Range(0, 400).Select(i => i * 7 % 24 / 10f)], "test");
            var labels = holdings.Upload<int>(d, [.. Enumerable.Range(0, 200).Select(i => i % 3)], "test");
            Primitives.BallOverlap.Count(new BallOverlapShape(200, 2, 1, 2, 2), embeddings, labels, [4, 7, 100, 199], 1, new int[4], new int[4]);
        },
        ["numbers that are not finite"] = d => WithBuffer(d, 70, b => Primitives.Reduction.HasNonFinite(b)),
    };

    public static IEnumerable<string> OperationNames => Operations.Keys;

    public static IEnumerable<string> TwiceNames => Twice;

    public static IEnumerable<string> LossNames => Losses.Keys;

    public static IEnumerable<string> PrimitiveNames => PrimitivesOfTheirOwn.Keys;

    public static IEnumerable<string> LargeNames => OperationThreadTests.All.Keys;

    [Test]
    public void Operations_leave_nothing_behind(
        [ValueSource(nameof(OperationNames))] string operation, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var played = Faults.Play(device, () =>
        {
            using var scope = new TensorScope();
            var (inputs, apply) = Operations[operation];
            var y = apply(Inputs(device, inputs));
            Gradients.Backward(y, Tensor.Filled(device, y.Shape, 1));
        });
        Assert.That(played, Is.GreaterThan((3, 1)));
    }

    [Test]
    public void Gradients_of_gradients_leave_nothing_behind(
        [ValueSource(nameof(TwiceNames))] string operation, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        Faults.Play(device, () =>
        {
            using var scope = new TensorScope();
            var (shapes, apply) = Operations[operation];
            var inputs = Inputs(device, shapes);
            var y = apply(inputs);
            y = Reduction.Sum(Elementwise.Multiply(y, y));
            var gradient = Gradients.Of(y, [inputs[0]], createGraph: true)[0];
            Gradients.Backward(Reduction.Sum(Elementwise.Multiply(gradient, gradient)));
            var more = Gradients.Of(Reduction.Sum(apply(inputs)), inputs);
            Assert.That(more, Has.Length.EqualTo(inputs.Length));
        });
    }

    [Test]
    public void Losses_leave_nothing_behind(
        [ValueSource(nameof(LossNames))] string loss, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        Assert.That(Faults.Play(device, () => Losses[loss](device)), Is.GreaterThan((3, 1)));
    }

    [Test]
    public void Primitives_leave_nothing_behind(
        [ValueSource(nameof(PrimitiveNames))] string primitive, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        Assert.That(Faults.Play(device, () => PrimitivesOfTheirOwn[primitive](device)), Is.GreaterThan((0, 1)));
    }

    /// <summary>The shapes that the host has kernels of their own for.</summary>
    [Test]
    public void Operations_of_ordinary_size_leave_nothing_behind_on_the_host([ValueSource(nameof(LargeNames))] string operation)
    {
        using var device = ThreadCounts.Open(2);
        Faults.Play(device, () => OperationThreadTests.All[operation](device));
    }

    [Test]
    public void Models_and_trainers_are_made_whole_or_not_at_all([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var path = PathOf("model.safetensors");
        using (var model = new SpocoModel(device, SmallTraining.ModelOptions))
        {
            model.Initialise(1);
            Checkpoint.Save(path, model);
        }

        var played = Faults.Play(device, () =>
        {
            using var loaded = Checkpoint.Load(path, device, trained: true);
            using var model = new SpocoModel(device, SmallTraining.ModelOptions, momentumTrained: true);
            using var trainer = new SpocoTrainer(model, Adversarial(GNetwork.Trained));
        });
        Assert.That(played.Allocations, Is.GreaterThan(20));
    }

    // Of the simulator the operations and losses are played; hundreds of its steps would take minutes.
    [TestCase(GNetwork.Momentum, false, "cpu")]
    [TestCase(GNetwork.Momentum, true, "cpu")]
    [TestCase(GNetwork.Shared, false, "cpu")]
    [TestCase(GNetwork.Dropout, false, "cpu")]
    [TestCase(GNetwork.Trained, true, "cpu")]
    [TestCase(GNetwork.Trained, true, "opencl:0")]
    [TestCase(GNetwork.Trained, true, "cuda:0")]
    public void A_training_step_that_fails_leaves_nothing_behind_and_changes_nothing(GNetwork g, bool adversarial, string name)
    {
        var device = TestDevices.Open(name);
        using var model = new SpocoModel(device, SmallTraining.ModelOptions, momentumTrained: g == GNetwork.Trained);
        using var trainer = new SpocoTrainer(model, adversarial ? Adversarial(g) : Options(g));
        model.Initialise(1);
        var batch = DiscImages.Batch(Batch, 3);
        var (before, iteration, oneUpdate) = (State(model), trainer.Iteration, true);
        Step();
        Faults.EndMemory(device, Step);
        // Where both networks are trained, the launch that updates g fails after the one that has updated f.
        oneUpdate = g != GNetwork.Trained;
        Faults.FailLaunches(device, Step);

        void Step()
        {
            // What the step before this one left, if it failed, is what there was before.
            if (oneUpdate)
                Assert.That(State(model), Is.EqualTo(before));
            Assert.That(trainer.Iteration, Is.EqualTo(iteration));
            if (adversarial)
                trainer.TrainCritic(batch);
            before = State(model);
            trainer.Validate(batch, 0);
            trainer.Step(batch);
            (before, iteration) = (State(model), trainer.Iteration);
        }
    }

    [Test]
    public void Predictions_leave_nothing_behind(
        [Values("bcr", "gcr", "cge")] string order, [Values("cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        using var model = new SpocoModel(device, SmallTraining.ModelOptions with
        {
            Network = SmallTraining.ModelOptions.Network with { Order = order, Groups = 2 }, Foreground = true,
        }, trained: false);
        model.Initialise(1);
        var image = new Volume<float>(1, 21, 17);
        GradientCheck.RandomValues(new Random(3), image.Data.Length).CopyTo(image.Data.AsSpan());
        Faults.Play(device, () => model.Predict(image, withMomentum: true));
        Faults.Play(device, () => model.Predict(image, 8 << 20));
        Faults.Play(device, () => OrientationAverage.Predict(model, image, 2));
        Faults.Play(device, () =>
        {
            foreach (var orientations in (int[])[1, 2])
            {
                using var seen = OrientationAverage.PredictOnDevice(model, image, orientations, withMomentum: true);
                InstanceSegmentation.SegmentLearned(seen.Prediction, 0.5, model.Options.Segmentation, device);
            }
        });
        Faults.Play(device, () =>
        {
            using var mean = new TiledAffinities(model, new VolumeReader<float>(image), 2, 16 << 20);
            var box = VoxelBox.Of(image);
            mean.Read(box, new float[box.VoxelCount * mean.Channels], new float[box.VoxelCount * mean.Dimensions], new float[box.VoxelCount]);
        });
    }

    [Test]
    public void Segmentations_leave_nothing_behind([Values("cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        var cells = MutexWatershedEqualityTests.NoisyCells(1, 19, 23, 4, seed: 2);
        var embeddings = cells.Data;
        var run = new MutexRunOf(device);
        Faults.Play(device, () =>
        {
            run.FromEmbeddings(cells);
            var buffer = device.Allocate<float>(embeddings.Length, "embeddings");
            using var memory = buffer.Memory;
            buffer.CopyFrom(embeddings);
            MutexWatershed.FromEmbeddings(buffer, 1, 19, 23);
        });
        for (var seed = 0; seed < 4; seed++)
        {
            var graph = MutexProblems.Graph(seed, 60);
            var grid = MutexProblems.Grid(seed, 12);
            Faults.Play(device, () =>
            {
                run.FromGraph(graph);
                run.FromPriorities(grid);
            });
        }
    }

    [Test]
    public void Collectives_leave_nothing_behind([Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = (IlgpuDevice)TestDevices.Open(name);
        Assert.That(Faults.Play(device, () => CollectiveProblems.Check(device, 1, 2100)).Allocations, Is.GreaterThan(10));
    }

    [Test]
    public void A_segmentation_in_blocks_takes_smaller_ones_wherever_memory_ends()
    {
        var image = MutexWatershedEqualityTests.NoisyCells(1, 150, 140, 4, seed: 2);
        var expected = SequentialMutexWatershed.FromEmbeddings(image).Data;
        var refused = 0;
        for (var allowed = 0; ; allowed++)
        {
            // What comes after the blocks takes memory for the edges between them, which smaller blocks would not save.
            var (left, failed, contracting, beginnings) = (allowed, false, true, 0);
            using var labels = BlockwiseMutexWatershed.FromEmbeddings(new MemoryReader<float>(image), new BlockwiseOptions
            {
                Folder = PathOf($"blocks {allowed}"), Memory = 6 << 20, Threads = 2,
                Progress = new Told(progress =>
                {
                    contracting = progress.Done < progress.Blocks;
                    beginnings += progress.Step == "start" ? 1 : 0;
                }),
                IsExhausted = _ => contracting && Interlocked.Decrement(ref left) == -1 && (failed = true),
            });
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected), $"allocation {allowed} fails");
            Assert.That(beginnings, Is.EqualTo(failed ? 2 : 1), $"allocation {allowed} fails");
            if (!failed)
                break;
            refused++;
        }

        Assert.That(refused, Is.GreaterThan(20));
    }

    private static TensorShape Batch => new(2, 1, 13, 17, 1);

    private static TrainingOptions Options(GNetwork g) => new()
    {
        Loss = new SpocoLossOptions { Supervision = Supervision.Sparse },
        Schedule = new ScheduleOptions { LearningRate = 1e-4, Iterations = 300 },
        GNetwork = g,
        Momentum = 0.9,
    };

    private static TrainingOptions Adversarial(GNetwork g) => Options(g) with
    {
        Adversarial = new AdversarialOptions { Patch = Batch with { N = 1 }, WarmUp = 0, CriticSteps = 1, Masks = 2, FeatureMaps = [4] },
    };

    private static float[] State(SpocoModel model) =>
    [
        .. model.EmbeddingNet.Parameters.Values.ToArray(), .. model.EmbeddingNet.Parameters.Statistics.ToArray(),
        .. model.MomentumNet.Parameters.Values.ToArray(), .. model.MomentumNet.Parameters.Statistics.ToArray(),
        .. model.EmbeddingNet.Parameters.Gradients.ToArray(),
    ];

    private static Tensor[] Inputs(ComputeDevice device, TensorShape[] shapes)
    {
        var random = new Random(3);
        return [.. shapes.Select(s => Tensor.From(device, s, GradientCheck.RandomValues(random, s.Count)).WithGradient())];
    }

    private static Tensor Filled(Tensor like, float value) => Tensor.Filled(like.Device, Vector, value);

    private static void Loss(ComputeDevice device, SpocoLossOptions options)
    {
        var g = options.Supervision == Supervision.Sparse;
        Backward(device, (f, labels) => SpocoLoss.Apply(f, labels, options, g ? Inputs(device, [Image])[0].Detach() : null, seed: 4).Total);
    }

    private static void Backward(ComputeDevice device, Func<Tensor, LabelBatch, Tensor> loss)
    {
        using var scope = new TensorScope();
        using var labels = LabelBatch.From(Image.WithChannels(1), [.. Enumerable.Range(0, (int)Image.Voxels).Select(i => i % 35 / 9)]);
        var total = loss(Inputs(device, [Image])[0], labels);
        if (total.RequiresGradient)
            Gradients.Backward(total);
    }

    private static void Judge(ComputeDevice device)
    {
        var patch = new TensorShape(1, 1, 6, 5, 1);
        using var critic = new Critic(device, new CriticOptions { Dimensions = 2, Patch = patch, FeatureMaps = [4, 4] });
        critic.Parameters.Initialise(3);
        using var scope = new TensorScope();
        var masks = Inputs(device, [patch with { N = 3 }, patch with { N = 3 }]);
        WassersteinLoss.Critic(critic, masks[0].Detach(), masks[1].Detach(), [0.1f, 0.9f, 0.4f]);
        Gradients.Backward(WassersteinLoss.Generator(critic, masks[1]));
    }

    private static void WithBuffer(ComputeDevice device, int length, Action<DeviceBuffer<float>> action)
    {
        var buffer = device.Allocate<float>(length, "test");
        using var memory = buffer.Memory;
        buffer.CopyFrom(GradientCheck.RandomValues(new Random(2), length));
        action(buffer);
    }

    private sealed class Told(Action<BlockwiseProgress> report) : IProgress<BlockwiseProgress>
    {
        public void Report(BlockwiseProgress value) => report(value);
    }

    /// <summary>Rounds on the device down to the last edge: problems of this size would otherwise be left to the sequential rule.</summary>
    private sealed class MutexRunOf(ComputeDevice device)
    {
        private readonly Primitives.MutexRun _run = new(device) { FinishBelow = 0 };

        public void FromEmbeddings(Volume<float> embeddings) => MutexWatershed.Segment(embeddings, null, null, null, _run, default);

        public void FromGraph(MutexGraph graph) => MutexWatershed.Segment(graph, _run, default);

        public void FromPriorities(MutexImage image) => MutexWatershed.Segment(
            image.Weights, (image.Depth, image.Height, image.Width), image.Options, isPriority: true, image.Mask, image.Seeds, _run, default);
    }
}
