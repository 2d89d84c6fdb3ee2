using System.Diagnostics;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Threads;

/// <summary>
/// Every operation and loss with more threads than processors against one thread: value and gradients. The order of every sum depends on the shape alone: any number
/// of threads gives the same bits.
/// </summary>
[HangLimit(120)]
public sealed class OperationThreadTests
{
    private static readonly TensorShape Image = new(2, 1, 93, 131, 16);
    private static readonly TensorShape Deep = new(2, 6, 26, 36, 16);

    /// <summary>All of them: values and gradients for random inputs.</summary>
    public static IReadOnlyDictionary<string, Func<ComputeDevice, float[][]>> All { get; } = new Dictionary<string, Func<ComputeDevice, float[][]>>
    {
        ["activation"] = d => Of(d, [Image], t => Activation.Relu(t[0])),
        ["elementwise"] = d => Of(d, [Image, Image], t => Elementwise.AddScaled(Elementwise.Multiply(t[0], t[1]), Elementwise.Scale(t[0], 3), 0.7f)),
        ["quotient, root and logarithm"] = d => Of(d, [Image, Image], t => Arithmetic.Divide(
            Arithmetic.Subtract(t[0], t[1]), Arithmetic.SquareRoot(Arithmetic.Logarithm(Arithmetic.Exponential(Arithmetic.Exponential(t[0])))))),
        ["sums over voxels"] = d => Of(d, [Image], t => AxisSum.OverVoxels(Elementwise.Multiply(t[0], t[0]))),
        ["sums over channels"] = d => Of(d, [Deep], t => AxisSum.OverChannels(Elementwise.Multiply(t[0], t[0]))),
        ["dropout"] = d => Of(d, [Image], t => Dropout.Apply(t[0], 0.4f, 3)),
        ["channels, a few"] = d => Of(d, [Image], t => ChannelSlice.Apply(t[0], 3, 9)),
        ["sum"] = d => Of(d, [Image], t => Reduction.Sum(t[0])),
        ["mean"] = d => Of(d, [Deep], t => Reduction.Mean(Elementwise.Multiply(t[0], t[0]))),
        ["sum of squares, not finite"] = Squares,
        ["group norm"] = d => Of(d, [Image, Vector(16), Vector(16)], t => GroupNorm.Apply(t[0], t[1], t[2], 4)),
        ["group norm, odd channels"] = d => Of(d, [Deep.WithChannels(5), Vector(5), Vector(5)], t => GroupNorm.Apply(t[0], t[1], t[2], 1)),
        ["batch norm"] = d => Of(d, [Image, Vector(16), Vector(16)], 
            t => BatchNorm.Apply(t[0], t[1], t[2], Filled(d, 16, 0), Filled(d, 16, 1), training: true)),
        ["batch norm, learned"] = d => Of(d, [Image, Vector(16), Vector(16)], 
            t => BatchNorm.Apply(t[0], t[1], t[2], Filled(d, 16, 0.1f), Filled(d, 16, 1), training: false)),
        ["largest of 2x2"] = d => Of(d, [Image], t => MaxPool.Apply(t[0], (1, 2, 2))),
        ["largest of 2x2x2"] = d => Of(d, [Deep.WithChannels(17)], t => MaxPool.Apply(t[0], (2, 2, 2))),
        ["mean of 2x2x2"] = d => Of(d, [Deep.WithChannels(17)], t => AveragePool.Apply(t[0], (2, 2, 2))),
        ["upsampling"] = d => Of(d, [Deep], t => Upsample.Apply(t[0], 11, 52, 72)),
        ["upsampling, joined"] = d => Of(d, [Deep, new TensorShape(2, 3, 13, 18, 9)], t => UpsampleConcat.Apply(t[0], t[1])),
        ["joined"] = d => Of(d, [Image, Image.WithChannels(7)], t => Concat.Apply(t[0], t[1])),
        ["Winograd, two results"] = d => Of(d, [new TensorShape(2, 1, 14, 15, 64), new TensorShape(1, 3, 3, 64, 64)],
            t => Convolution.Apply(t[0], t[1])),
        ["Winograd, four results"] = d => Of(d, [new TensorShape(2, 1, 70, 72, 16), new TensorShape(1, 3, 3, 16, 24)],
            t => Convolution.Apply(t[0], t[1])),
        ["Winograd, volume"] = d => Of(d, [new TensorShape(1, 5, 26, 27, 32), new TensorShape(3, 3, 3, 32, 16)],
            t => Convolution.Apply(t[0], t[1])),
        ["Winograd, large weight"] = d => Of(d, [new TensorShape(4, 1, 10, 10, 256), new TensorShape(1, 3, 3, 256, 256)],
            t => Convolution.Apply(t[0], t[1])),
        ["group norm and convolution"] = d => Of(
            d, [Deep, new TensorShape(2, 3, 13, 18, 8), Vector(24), Vector(24), new TensorShape(3, 3, 3, 24, 24)],
            t => NormConvolution.Apply(t[0], t[1], t[2], t[3], 3, t[4], ActivationFunction.Relu)),
        ["batch norm and convolution"] = d => Of(d, [Image, Vector(16), Vector(16), new TensorShape(1, 3, 3, 16, 16)],
            t => NormConvolution.ApplyBatch(t[0], null, t[1], t[2], Filled(d, 16, 0), Filled(d, 16, 1), true, t[3], ActivationFunction.Relu)),
        ["norm, convolution and pooling"] = Pooled,
        ["Adam and momentum update"] = Update,
        ["affinities"] = AffinityWeights,
        ["loss, sparse"] = d => Loss(d, new SpocoLossOptions { Supervision = Supervision.Sparse }),
        ["loss, full"] = d => Loss(d, new SpocoLossOptions { RegulariserWeight = 0.05f }),
        ["loss, cross-entropy"] = d => Loss(d, new SpocoLossOptions { InstanceLoss = InstanceLoss.Bce }),
        ["direct convolution"] = d => Of(d, [new TensorShape(1, 3, 29, 45, 6), new TensorShape(3, 3, 3, 6, 40), Vector(40)],
            t => Convolution.Apply(t[0], t[1], t[2], (1, 1, 1))),
        ["convolution of 1x1"] = d => Of(d, [Image, new TensorShape(1, 1, 1, 16, 24), Vector(24)],
            t => Convolution.Apply(t[0], t[1], t[2], activation: ActivationFunction.Relu)),
        ["convolution of 5x5"] = d => Of(d, [Image, new TensorShape(1, 5, 5, 16, 3)], t => Convolution.Apply(t[0], t[1])),
        ["Winograd and bias"] = d => Of(d, [Image, new TensorShape(1, 3, 3, 16, 16), Vector(16)], t => Convolution.Apply(t[0], t[1], t[2])),
        ["dense"] = d => Of(d, [new TensorShape(5, 1, 3, 7, 16), new TensorShape(1, 1, 1, 336, 20), Vector(20)], t => Dense.Apply(t[0], t[1], t[2])),
        ["soft masks"] = Masks,
        ["foreground"] = d => Loss(d, new SpocoLossOptions { ForegroundChannel = true, ForegroundBalance = 3 }),
        ["positive-unlabelled foreground"] = d => Loss(d, new SpocoLossOptions { Supervision = Supervision.Sparse, ForegroundChannel = true }),
        ["loss, affinities"] = d => Loss(d, new SpocoLossOptions { InstanceLoss = InstanceLoss.Affinity, AffinityRange = 5 }),
        ["critic"] = Judge,
        ["balls"] = Balls,
    };

    private static readonly Dictionary<string, float[][]> OfOneThread = [];

    public static IEnumerable<string> Names => All.Keys;

    [Test]
    public void The_same_bits_with_any_number_of_threads(
        [ValueSource(nameof(Names))] string name, [ManyThreads] int threads)
    {
        using var device = ThreadCounts.Open(threads);
        for (var repetition = 0; repetition < 2; repetition++)
            AssertBits(All[name](device), One(name), $"{name}, repetition {repetition}");
    }

    /// <summary>For <c>SPOCO_STRESS_MINUTES</c> (2 where it is not set), each number of threads.</summary>
    [Test]
    [Category("Long")]
    public void Operations_for_minutes([Values(8, 64)] int threads)
    {
        var time = StressTime.Minutes;
        var start = Stopwatch.GetTimestamp();
        using var device = ThreadCounts.Open(threads);
        var all = All.ToArray();
        var first = all.Select(operation => operation.Value(device)).ToArray();
        var repetitions = 0;
        try
        {
            for (; Stopwatch.GetElapsedTime(start) < time; repetitions++)
            {
                var (name, run) = all[repetitions % all.Length];
                HangLimitAttribute.Note($"operation {repetitions}, {name}, {threads} threads");
                AssertBits(run(device), first[repetitions % all.Length], name);
            }
        }
        finally
        {
            StressTime.Print(threads, repetitions, start);
        }
    }

    private static float[][] One(string name)
    {
        if (OfOneThread.TryGetValue(name, out var values))
            return values;
        using var device = ThreadCounts.Open(1);
        return OfOneThread[name] = All[name](device);
    }

    private static void AssertBits(float[][] actual, float[][] expected, string message)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        for (var i = 0; i < expected.Length; i++)
        {
            // Bits, not values: what is no number equals itself.
            var same = Bits(actual[i]).CommonPrefixLength(Bits(expected[i]));
            if (same < expected[i].Length)
                Assert.Fail($"{message}, result {i}, element {same}: {actual[i][same]:r} instead of {expected[i][same]:r}");
        }

        static ReadOnlySpan<int> Bits(float[] values) => System.Runtime.InteropServices.MemoryMarshal.Cast<float, int>(values);
    }

    /// <summary>The result for random inputs, and the gradient of each of them.</summary>
    private static float[][] Of(ComputeDevice device, TensorShape[] shapes, Func<Tensor[], Tensor> operation)
    {
        using var scope = new TensorScope();
        var random = new Random(3);
        Tensor[] inputs = [.. shapes.Select(s => Tensor.From(device, s, GradientCheck.RandomValues(random, s.Count)).WithGradient())];
        TestDevices.SpoilWorkspace(device);
        var y = operation(inputs);
        Gradients.Backward(y, Tensor.From(device, y.Shape, GradientCheck.RandomValues(random, y.Shape.Count)));
        return [y.ToArray(), .. inputs.Select(i => i.Gradient!.ToArray())];
    }

    private static float[][] Squares(ComputeDevice device)
    {
        var buffer = device.Allocate<float>(300_007, "test");
        using var memory = buffer.Memory;
        var values = GradientCheck.RandomValues(new Random(4), buffer.Length);
        buffer.CopyFrom(values);
        var squares = (float)Primitives.Reduction.SumOfSquares(buffer);
        var finite = Primitives.Reduction.HasNonFinite(buffer) ? 1f : 0;
        values[299_000] = float.NaN;
        buffer.CopyFrom(values);
        return [[squares, finite, Primitives.Reduction.HasNonFinite(buffer) ? 1 : 0]];
    }

    private static float[][] Pooled(ComputeDevice device)
    {
        using var scope = new TensorScope();
        var random = new Random(6);
        TensorShape shape = new(1, 6, 34, 70, 8), weightShape = new(3, 3, 3, 8, 16);
        var x = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)).WithGradient();
        var weight = Tensor.From(device, weightShape, GradientCheck.RandomValues(random, weightShape.Count)).WithGradient();
        var (y, maxima) = NormConvolution.Apply(
            new FeatureMap(x), null, Filled(device, 8, 1), Filled(device, 8, 0.2f), 4, weight, ActivationFunction.Relu, new NextOperations(true, (2, 2, 2)));
        var pooled = maxima!.Value.Values;
        Gradients.Backward(pooled, Tensor.From(device, pooled.Shape, GradientCheck.RandomValues(random, pooled.Shape.Count)));
        var moments = Array.ConvertAll(y.Moments!.Buffer.Cast<double>().ToArray(), v => (float)v);
        return [y.Values.ToArray(), pooled.ToArray(), moments, x.Gradient!.ToArray(), weight.Gradient!.ToArray()];
    }

    private static float[][] Update(ComputeDevice device)
    {
        const int Count = 200_003;
        var random = new Random(5);
        var buffer = device.Allocate<float>(6L * Count, "test");
        using var memory = buffer.Memory;
        buffer.CopyFrom(Array.ConvertAll(GradientCheck.RandomValues(random, 6L * Count), Math.Abs));
        var parts = Enumerable.Range(0, 6).Select(i => buffer.Slice((long)i * Count, Count)).ToArray();
        for (var step = 1; step < 4; step++)
        {
            Primitives.Adam.Step(parts[0], parts[1], parts[2], parts[3], new AdamSettings(), step, clearGradients: step == 2, parts[4], 0.9);
            Primitives.MomentumUpdate.Apply(parts[5], parts[0], 0.99);
        }

        return [buffer.ToArray()];
    }

    private static float[][] AffinityWeights(ComputeDevice device)
    {
        var shape = Deep with { N = 1 };
        PixelOffset[] offsets = [new(0, 0, -1), new(0, -3, 2), new(-1, 0, 9), new(0, 0, -27)];
        using var holdings = new Holdings();
        var embeddings = holdings.Upload<float>(device, GradientCheck.RandomValues(new Random(2), shape.Count), "test");
        var at = holdings.Upload<PixelOffset>(device, offsets, "test");
        var weights = holdings.Allocate<float>(device, offsets.Length * shape.Voxels, "test");
        Primitives.Affinity.Weights(shape, embeddings, shape.C, at, 1.1f, weights);
        return [weights.ToArray()];
    }

    private static float[][] Loss(ComputeDevice device, SpocoLossOptions options)
    {
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(Image.WithChannels(1), Labels());
        var random = new Random(8);
        var f = Tensor.From(device, Image, GradientCheck.RandomValues(random, Image.Count)).WithGradient();
        var g = options.Supervision == Supervision.Sparse ? Tensor.From(device, Image, GradientCheck.RandomValues(random, Image.Count)) : null;
        TestDevices.SpoilWorkspace(device);
        var total = SpocoLoss.Apply(f, batch, options, g, seed: 4).Total;
        Gradients.Backward(total);
        return [[total.ToScalar()], f.Gradient!.ToArray()];
    }

    private static float[][] Masks(ComputeDevice device)
    {
        using var batch = LabelBatch.From(Image.WithChannels(1), Labels());
        return Of(device, [Image], t => SoftMasks.Apply(t[0], batch, [1, 2, 3, 5, 6], new SpocoLossOptions()));
    }

    private static float[][] Balls(ComputeDevice device)
    {
        using var holdings = new Holdings();
        var random = new Random(4);
        var shape = new BallOverlapShape(12_183, 16, 1, 6, 40);
        var embeddings = holdings.Upload<float>(device, GradientCheck.RandomValues(random, (long)shape.Pixels * shape.Channels), "test");
        var labels = holdings.Upload<int>(device, [.. Enumerable.Range(0, shape.Pixels).Select(i => i / 2000)], "test");
        var (within, ofObject) = (new int[shape.Balls], new int[shape.Balls]);
        Primitives.BallOverlap.Count(shape, embeddings, labels, [.. Enumerable.Range(0, shape.Balls).Select(_ => random.Next(shape.Pixels))], 2f, within, ofObject);
        return [Array.ConvertAll(within, n => (float)n), Array.ConvertAll(ofObject, n => (float)n)];
    }

    private static float[][] Judge(ComputeDevice device)
    {
        var patch = new TensorShape(1, 1, 33, 29, 1);
        using var critic = new Critic(device, new CriticOptions { Dimensions = 2, Patch = patch, FeatureMaps = [8, 16] });
        critic.Parameters.Initialise(3);
        using var scope = new TensorScope();
        var random = new Random(9);
        var shape = patch with { N = 6 };
        var real = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count));
        var fake = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count));
        var loss = WassersteinLoss.Critic(critic, real, fake, [0.1f, 0.9f, 0.4f, 0.5f, 0.6f, 0.2f]);
        return [[(float)loss.Real, (float)loss.Fake, (float)loss.Penalty], critic.Parameters.Gradients.ToArray()];
    }

    /// <summary>Blocks of seven labels, 0 among them, in either image.</summary>
    private static int[] Labels() => [.. Enumerable.Range(0, (int)Image.Voxels).Select(i => i % (int)Image.VoxelsPerImage / 41 % 7)];

    private static TensorShape Vector(int channels) => TensorShape.Vector(channels);

    private static Tensor Filled(ComputeDevice device, int channels, float value) => Tensor.Filled(device, TensorShape.Vector(channels), value);
}
