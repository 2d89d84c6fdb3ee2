using System.Reflection;
using ILGPU.Runtime;
using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Engine.Segmentation;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.Collectives;
using Spoco.Tests.Segmentation;
using Spoco.Tests.Training;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Interleavings;

/// <summary>Every kernel of the product, found in its assemblies, is played: a conflict that nobody argues for ends a play, and so does a wrong result.</summary>
public sealed class KernelPlayTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private const double Rate = 1e-3;

    [TestCase(1)]
    [TestCase(50, Category = "Long")]
    public void Every_kernel_is_played(int plays)
    {
        using var device = new PlayedDevice();
        using var units = PlayedDevice.OfLargeGroups();
        var played = new HashSet<string>();
        var steps = 0L;
        for (var seed = 0; seed < plays; seed++)
        {
            device.Player = new Player(seed, host: false, recordConflicts: true, stepsPerThread: 100_000);
            var host = TestDevices.Open("cpu");
            AssertSameStep(Train2D(device.Device, seed), Train2D(host, seed), $"2D, seed {seed}");
            AssertSameStep(Train3D(device.Device, seed), Train3D(host, seed), $"3D, seed {seed}");
            Assert.That(Pool(device.Device), Is.EqualTo(Pool(host)).Within(1e-5), $"pooling, seed {seed}");
            Assert.That(Normalise(device.Device), Is.EqualTo(Normalise(host)).Within(1e-4), $"norms, seed {seed}");
            Assert.That(Lose(device.Device), Is.EqualTo(Lose(host)).Within(1e-4), $"losses of 16 components, seed {seed}");
            Assert.That(Weigh(device.Device), Is.EqualTo(Weigh(host)).Within(1e-5), $"affinities, seed {seed}");
            Assert.That(Overlap(device.Device), Is.EqualTo(Overlap(host)), $"balls, seed {seed}");
            Segment(device.Device, seed);
            ClusterByDensity(device.Device, host, seed);
            Cluster(device.Device, seed);
            CollectiveProblems.Check(device.Device, seed, 2100);
            units.Player = new Player(seed, host: false, recordConflicts: true, stepsPerThread: 100_000);
            Assert.That(Convolve(units.Device), Is.EqualTo(Convolve(host)).Within(1e-5), $"matrix units, seed {seed}");
            played.UnionWith(device.Player.Launched.Concat(units.Player.Launched));
            steps += device.Player.Steps + units.Player.Steps;
        }

        TestContext.Out.WriteLine($"{played.Count} kernels, {plays} plays of each, {steps} steps.");
        Assert.That(string.Join(", ", Kernels().Except(played)), Is.Empty, "kernels that were not played");
    }

    // Clusters, points between them, some of them twice.
    internal static void ClusterByDensity(ComputeDevice device, ComputeDevice host, int seed)
    {
        var random = new Random(seed);
        var values = new float[3 * 100];
        for (var i = 0; i < values.Length; i++)
            values[i] = 4 * (i / 3 % 4) + random.Next(8) / 8f;
        var points = new Points(values, 3);
        var options = new HdbscanOptions { MinClusterSize = 6, MinSamples = 3 };
        Assert.That(Hdbscan.Cluster(points, options, device).Labels, Is.EqualTo(Hdbscan.Cluster(points, options, host).Labels), $"HDBSCAN, seed {seed}");
    }

    /// <summary>Names of the kernels that the product loads anywhere.</summary>
    internal static SortedSet<string> Kernels()
    {
        var kernels = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var assembly in new[] { typeof(ComputeDevice).Assembly, typeof(SpocoModel).Assembly })
        {
            foreach (var method in assembly.GetTypes().SelectMany(type => type.GetMethods(All)).Where(m => m.GetMethodBody() is not null))
            {
                var instructions = IlMethod.Of(method).Instructions;
                if (instructions.Any(i => i.Operand is MethodInfo called && called.DeclaringType == typeof(KernelLoaders)))
                    kernels.UnionWith(instructions.Where(i => (Op)(ushort)i.OpCode.Value == Op.Ldftn).Select(i => Player.NameOf((MethodInfo)i.Operand!)));
            }
        }

        return kernels;
    }

    // Adam's first step is one rate up or down: where a gradient is 0 within rounding it may go either way.
    private static void AssertSameStep((double[] Losses, float[] Parameters) played, (double[] Losses, float[] Parameters) expected, string name)
    {
        Assert.That(played.Losses, Is.EqualTo(expected.Losses).Within(1e-4), name);
        Assert.That(played.Parameters, Is.EqualTo(expected.Parameters).Within(2.1 * Rate), name);
        Assert.That(played.Parameters.Zip(expected.Parameters).Count(p => Math.Abs(p.First - p.Second) > 0.05 * Rate),
            Is.LessThan(0.02 * expected.Parameters.Length), name);
    }

    // Batch norm, a foreground of sparse labels, g with dropout, a critic, the reference's terms.
    private static (double[] Losses, float[] Parameters) Train2D(ComputeDevice device, int seed)
    {
        var shape = new TensorShape(2, 1, 6, 7, 1);
        var network = new UNetOptions { FeatureMaps = [2, 3], Order = "bcr" };
        return Train(device, shape, network, seed, new TrainingOptions
        {
            Loss = new SpocoLossOptions { Supervision = Supervision.Sparse, ReferenceCompatible = true },
            GNetwork = GNetwork.Dropout,
            Schedule = new ScheduleOptions { LearningRate = Rate, Iterations = 10 },
            Adversarial = new AdversarialOptions
            {
                Patch = shape with { N = 1 }, CriticSteps = 1, WarmUp = 0, Masks = 2, FeatureMaps = [2],
            },
        });
    }

    // Group norm, affinities, a foreground of complete labels.
    private static (double[] Losses, float[] Parameters) Train3D(ComputeDevice device, int seed) => Train(
        device, new TensorShape(1, 3, 5, 4, 1), new UNetOptions { Dimensions = 3, FeatureMaps = [2, 4], Order = "gcr", Groups = 2, PoolDepth = 2 }, seed,
        new TrainingOptions
        {
            Loss = new SpocoLossOptions
            {
                Supervision = Supervision.Full, InstanceLoss = InstanceLoss.Affinity, AffinityOffsets = 2, AffinityRange = 2,
            },
            Schedule = new ScheduleOptions { LearningRate = Rate, Iterations = 10 },
        });

    private static (double[] Losses, float[] Parameters) Train(
        ComputeDevice device, TensorShape shape, UNetOptions network, int seed, TrainingOptions options)
    {
        using var model = new SpocoModel(device, new SpocoModelOptions { Network = network, EmbeddingDimensions = 3, Foreground = true });
        using var trainer = new SpocoTrainer(model, options);
        model.Initialise(seed);
        for (var i = trainer.CriticBatches; i > 0; i--)
            trainer.TrainCritic(DiscImages.Batch(shape, seed));
        var step = trainer.Step(DiscImages.Batch(shape, seed + 1));
        return ([step.Loss, step.Adversarial, step.Critic.Penalty], model.EmbeddingNet.Parameters.Values.ToArray());
    }

    // Norms of their own, and a unit whose statistics are known.
    private static float[] Normalise(ComputeDevice device)
    {
        using var scope = new TensorScope();
        var shape = new TensorShape(2, 1, 3, 4, 4);
        var x = Tensor.From(device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => i * 7 % 24 / 10f)]).WithGradient();
        var (gamma, beta) = (Vector(1.5f).WithGradient(), Vector(0.3f).WithGradient());
        var weight = Tensor.Filled(device, new WeightShape(1, 3, 3, 4, 3), 0.1f).WithGradient();
        var grouped = GroupNorm.Apply(x, gamma, beta, 2);
        var batch = BatchNorm.Apply(x, gamma, beta, Vector(0), Vector(1), training: true);
        var unit = NormConvolution.ApplyBatch(x, null, gamma, beta, Vector(0.2f), Vector(0.7f), training: false, weight, ActivationFunction.Relu);
        Gradients.Backward(Elementwise.Multiply(grouped, batch));
        Gradients.Backward(unit);
        var joined = UpsampleConcat.Apply(x, Tensor.Filled(device, new TensorShape(2, 1, 2, 2, 3), 0.5f).WithGradient());
        return [.. joined.ToArray(), .. grouped.ToArray(), .. batch.ToArray(), .. unit.ToArray(), .. x.Gradient!.ToArray(), .. gamma.Gradient!.ToArray(), .. beta.Gradient!.ToArray(),
            .. weight.Gradient!.ToArray()];

        Tensor Vector(float value) => Tensor.Filled(device, TensorShape.Vector(4), value);
    }

    // Embeddings of 16 components, without a logit and beside one; and of more, which are read in two blocks. An anchor may be drawn twice.
    private static float[] Lose(ComputeDevice device)
    {
        using var scope = new TensorScope();
        var results = new List<float>();
        foreach (var channels in (int[])[16, 17, 18])
        {
            var shape = new TensorShape(1, 1, 3, 4, channels);
            float[] values = [.. Enumerable.Range(0, (int)shape.Count).Select(i => i * 7 % 24 / 10f)];
            using var labels = LabelBatch.From(shape.WithChannels(1), [0, 0, 1, 1, 0, 2, 2, 1, 0, 2, 0, 0]);
            var (f, g) = (Tensor.From(device, shape, values).WithGradient(), Tensor.From(device, shape, [.. values.Reverse()]));
            var draws = new SpocoDraws { Anchors = [[0, 4, 4]], Offsets = [[new PixelOffset(0, -1, -1)]] };
            foreach (var instance in (InstanceLoss[])[InstanceLoss.Dice, InstanceLoss.Affinity])
            {
                var options = new SpocoLossOptions { Supervision = Supervision.Sparse, InstanceLoss = instance, AffinityOffsets = 1, ForegroundChannel = channels == 17 };
                var loss = SpocoLoss.Apply(f, labels, options, g, draws: draws).Total;
                results.AddRange([loss.ToScalar(), .. Gradients.Of(loss, [f])[0].ToArray()]);
            }

            results.AddRange(SoftMasks.Apply(f, labels, [1, 2], new SpocoLossOptions()).ToArray());
        }

        return [.. results];
    }

    // Affinities, and whether all values are finite.
    private static float[] Weigh(ComputeDevice device)
    {
        var shape = new TensorShape(1, 1, 3, 4, 2);
        var values = device.Allocate<float>(shape.Count, "play");
        var offsets = device.Allocate<PixelOffset>(2, "play");
        var weights = device.Allocate<float>(2 * shape.Voxels, "play");
        using var first = values.Memory;
        using var second = offsets.Memory;
        using var third = weights.Memory;
        values.CopyFrom([.. Enumerable.Range(0, 24).Select(i => i * 7 % 24 / 10f)]);
        offsets.CopyFrom([new PixelOffset(0, 0, 1), new PixelOffset(0, -1, 2)]);
        Primitives.Affinity.Weights(shape, values, 2, offsets, 2, weights);
        Assert.That(Primitives.Reduction.HasNonFinite(weights), Is.False);
        // A part of the image, laid as another orientation has it, and its last channel as a logit; then a box of it.
        var laid = new LaidImage { Shape = shape, First = new PixelOffset(0, 0, 1), Part = new TensorShape(1, 1, 3, 3, 1), Origin = 8, Row = -1, Column = -3 };
        Primitives.Affinity.AddShare(laid, values, 2, offsets, 2, 0.5f, channelsLast: true, weights.Slice(0, 18));
        Primitives.Probability.AddShare(laid, values, 1, 0.5f, weights.Slice(9, 9));
        Primitives.Crop.Copy(
            shape, new PixelOffset(0, 1, 1), values, new TensorShape(1, 1, 2, 3, 2), default, weights.Slice(12, 12), new TensorShape(1, 1, 2, 3, 1));
        values.Slice(5, 1).CopyFrom([float.NaN]);
        Assert.That(Primitives.Reduction.HasNonFinite(values), Is.True);
        return weights.ToArray();
    }

    // Both kinds of pooling of some of the channels, cast to each type and back, and what they are derivatives of; sums along axes.
    private static float[] Pool(ComputeDevice device)
    {
        using var scope = new TensorScope();
        var shape = new TensorShape(1, 1, 4, 5, 2);
        var x = Tensor.From(device, shape, [.. Enumerable.Range(0, 40).Select(i => i * 7 % 40 / 10f)]).WithGradient();
        var cast = Cast.Apply(Cast.Apply(Cast.Apply(x, ElementType.BF16), ElementType.F16), ElementType.F32);
        var (part, window) = (ChannelSlice.Apply(cast, 1, 1), (1, 2, 2));
        var first = Gradients.Of(Elementwise.Multiply(MaxPool.Apply(part, window), AveragePool.Apply(part, window)), [x], createGraph: true)[0];
        var second = Gradients.Of(Reduction.Mean(Elementwise.Multiply(first, first)), [x])[0];
        var sums = Elementwise.Multiply(AxisSum.SpreadOverVoxels(AxisSum.OverVoxels(x), shape), AxisSum.SpreadOverChannels(AxisSum.OverChannels(x), shape));
        return [.. first.ToArray(), .. second.ToArray(), .. sums.ToArray()];
    }

    // All directions; two slabs of channels for the result and its gradient, and two boxes for the gradient of a weight.
    private static float[] Convolve(ComputeDevice device)
    {
        using var scope = new TensorScope();
        var values = new float[1 * 3 * 9 * 17];
        for (var i = 0; i < values.Length; i++)
            values[i] = i * 7 % 24 / 10f - 1;
        var x = Tensor.From(device, new TensorShape(1, 1, 3, 9, 17), values).WithGradient();
        var weight = Tensor.From(device, new WeightShape(1, 1, 2, 17, 17), [.. Enumerable.Range(0, 2 * 17 * 17).Select(i => i * 5 % 13 / 12f - 0.5f)]).WithGradient();
        var y = Convolution.Apply(x, weight, null, (0, 0, 0));
        Gradients.Backward(Elementwise.Multiply(y, y));
        var small = Tensor.From(device, new TensorShape(1, 1, 2, 9, 16), values.AsSpan(0, 288).ToArray());
        var other = Tensor.Filled(device, new WeightShape(1, 3, 3, 16, 16), 0.1f).WithGradient();
        Gradients.Backward(Convolution.Apply(small, other, null, (0, 1, 1)));
        return [.. y.ToArray(), .. x.Gradient!.ToArray(), .. weight.Gradient!.ToArray(), .. other.Gradient!.ToArray()];
    }

    // Balls of two objects; the pixels are more than one tile.
    private static int[] Overlap(ComputeDevice device)
    {
        var shape = new BallOverlapShape(300, 2, 1, 2, 3);
        using var holdings = new Holdings();
        var embeddings = holdings.Upload<float>(device, [.. Enumerable.Range(0, 600).Select(i => i * 7 % 24 / 10f)], "play");
        var labels = holdings.Upload<int>(device, [.. Enumerable.Range(0, 300).Select(i => i % 3)], "play");
        var (within, ofObject) = (new int[shape.Balls], new int[shape.Balls]);
        Primitives.BallOverlap.Count(shape, embeddings, labels, [0, 299, 17, 4, 5, 6], 1.1f, within, ofObject);
        return [.. within, .. ofObject];
    }

    // From embeddings, of which one is refused, from weights, and from a graph.
    private static void Segment(ComputeDevice device, int seed)
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 4, 5, 3, seed);
        Assert.That(MutexWatershed.FromEmbeddings(embeddings, device: device).Data, Has.All.Positive);
        for (var i = 0; i < 4; i++)
            MutexWatershedPlayTests.CheckSegments(4 * seed + i, device);
    }

    // Points of three leaves, with two components and with three.
    private static void Cluster(ComputeDevice device, int seed)
    {
        for (var d = 2; d < 4; d++)
        {
            var random = new Random(seed);
            var points = new Points(Enumerable.Range(0, 140 * d).Select(_ => random.Next(8) / 4f).ToArray(), d);
            var (played, expected) = (MeanShift.Cluster(points, device: device), MeanShift.Cluster(points, device: TestDevices.Open("cpu")));
            Assert.That(played.Centres, Is.EqualTo(expected.Centres).Within(1e-12), $"centres, seed {seed}");
            Assert.That(played.Labels, Is.EqualTo(expected.Labels), $"labels, seed {seed}");
        }
    }
}
