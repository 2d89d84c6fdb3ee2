using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary><see cref="MaxPool"/> and <see cref="AveragePool"/>.</summary>
public sealed class PoolingTests
{
    /// <summary>Odd sizes with voxels left over on every side, windows of one voxel and of the whole image, channels that fill no register.</summary>
    private static readonly (TensorShape Shape, (int D, int H, int W) Window)[] Cases =
    [
        (new(1, 1, 1, 1, 1), (1, 1, 1)), (new(2, 1, 5, 7, 3), (1, 2, 2)), (new(2, 5, 6, 7, 5), (2, 2, 2)), (new(1, 3, 4, 5, 17), (3, 2, 1)),
        (new(1, 4, 5, 6, 8), (1, 2, 3)), (new(2, 3, 3, 3, 1), (3, 3, 3)), (new(1, 2, 4, 6, 16), (2, 2, 2)), (new(1, 1, 16, 17, 9), (1, 16, 16)),
    ];

    private static readonly (TensorShape Shape, (int D, int H, int W) Window)[] LargeCases =
    [
        (new(2, 1, 61, 67, 16), (1, 2, 2)), (new(1, 9, 33, 31, 64), (2, 2, 2)), (new(1, 1, 7, 9, 512), (1, 2, 2)),
        (new(3, 1, 101, 203, 1), (1, 2, 2)),
    ];

    [Test]
    public void Equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(nameof(Cases))] (TensorShape Shape, (int D, int H, int W) Window) test) =>
            Check(TestDevices.Open(name), test.Shape, test.Window);

    [Test]
    public void Large_equals_reference(
        [Values("cpu", "opencl:0", "cuda:0")] string name,
        [ValueSource(nameof(LargeCases))] (TensorShape Shape, (int D, int H, int W) Window) test) =>
            Check(TestDevices.Open(name), test.Shape, test.Window);

    [Test]
    public void Equals_reference_on_any_number_of_threads([Values(1, 2, 3, 5)] int threads)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Check(device, new TensorShape(2, 5, 41, 43, 17), (2, 2, 2));
    }

    /// <summary>The maxima of a tensor that has another use, too: their gradient is added to that of the other use.</summary>
    [Test]
    public void Gradient_adds_to_that_of_another_use(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(nameof(Cases))] (TensorShape Shape, (int D, int H, int W) Window) test, [Values] bool poolFirst)
    {
        var device = TestDevices.Open(name);
        using var scope = new TensorScope();
        var x = Tensor.From(device, test.Shape, Distinct(new Random(4), test.Shape)).WithGradient();
        var middle = Elementwise.Scale(x, 1);
        var other = poolFirst ? null : Elementwise.Scale(middle, 3);
        var maxima = MaxPool.Apply(middle, test.Window);
        other ??= Elementwise.Scale(middle, 3);
        Gradients.Backward(Elementwise.Add(Reduction.Sum(maxima), Reduction.Sum(other)));
        var alone = Tensor.From(device, test.Shape, x.ToArray()).WithGradient();
        Gradients.Backward(MaxPool.Apply(alone, test.Window));
        Assert.That(x.Gradient!.ToArray(), Is.EqualTo(alone.Gradient!.ToArray().Select(v => v + 3)));
    }

    /// <summary>The gradient of a gradient: of the maximum through the same places, of the mean through the mean.</summary>
    [Test]
    public void Second_derivative_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool maximum)
    {
        const int seed = 21;
        var random = new Random(seed + 1);
        var shape = new TensorShape(1, 3, 5, 4, 3);
        var window = (2, 2, 2);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Pool(maximum, t[0], window);
            return Gradients.Of(y, [t[0]], t[1], createGraph: true)[0];
        }, [(shape, Distinct(random, shape)), (PoolingShape.Of("", shape, window).Output, GradientCheck.RandomValues(random, 2 * 2 * 3))], seed);
    }

    /// <summary>Three times through the operation: Gather and Backward are each other's derivatives.</summary>
    [Test]
    public void Third_derivative_flows([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool maximum)
    {
        const int seed = 22;
        var random = new Random(seed + 1);
        var shape = new TensorShape(1, 1, 5, 4, 3);
        var window = (1, 2, 2);
        var output = PoolingShape.Of("", shape, window).Output;
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var dy = Elementwise.Multiply(t[1], t[1]);
            var dx = Gradients.Of(Pool(maximum, t[0], window), [t[0]], dy, createGraph: true)[0];
            return Gradients.Of(dx, [t[1]], t[2], createGraph: true)[0];
        }, [(shape, Distinct(random, shape)), (output, GradientCheck.RandomValues(random, output.Count)),
            (shape, GradientCheck.RandomValues(random, shape.Count))], seed);
    }

    [Test]
    public void Equals_golden_numbers(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [Values("maxpool2d", "maxpool3d", "avgpool2d", "avgpool3d")] string operation)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases(operation))
        {
            var kernel = golden.Params.GetProperty("kernel").EnumerateArray().Select(k => k.GetInt32()).ToArray();
            using var scope = new TensorScope();
            var x = golden.Image(device, "x").WithGradient();
            var y = Pool(operation.StartsWith("max", StringComparison.Ordinal), x, (kernel.Length == 3 ? kernel[0] : 1, kernel[^2], kernel[^1]));
            Gradients.Backward(y, golden.Image(device, "gy"));
            golden.AssertImage("y", y);
            golden.AssertImage("gx", x.Gradient);
        }
    }

    [Test]
    public void Not_a_number_is_the_maximum_and_takes_the_gradient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 9)] int channels)
    {
        var device = TestDevices.Open(name);
        for (var position = 0; position < 4; position++)
        {
            using var scope = new TensorScope();
            var values = Enumerable.Range(0, 4 * channels).Select(i => i / channels == position ? float.NaN : i).ToArray();
            var shape = new TensorShape(1, 1, 2, 2, channels);
            EveryAlgorithm.Of(Primitives.MaxPool.Chooser, device, PoolingShape.Of("", shape, (1, 2, 2)), () =>
            {
                var x = Tensor.From(device, shape, values).WithGradient();
                var y = MaxPool.Apply(x, (1, 2, 2));
                Gradients.Backward(y);
                Assert.That(y.ToArray(), Is.All.NaN);
                Assert.That(x.Gradient!.ToArray(), Is.EqualTo(values.Select(v => float.IsNaN(v) ? 1f : 0f)));
            });
        }
    }

    [Test]
    public void Memory_returns_to_the_pool()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        using (new TensorScope())
        {
            var x = Tensor.Filled(device, new TensorShape(1, 1, 4, 4, 3), 1).WithGradient();
            var dx = Gradients.Of(MaxPool.Apply(x, (1, 2, 2)), [x], createGraph: true)[0];
            Assert.That(dx.Shape, Is.EqualTo(x.Shape));
            MaxPool.Apply(x, (1, 2, 2));
        }

        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Misfits_are_named()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var x = Tensor.Zeros(device, new TensorShape(1, 1, 8, 8, 3));
        Assert.That(() => MaxPool.Apply(x, (2, 2, 2)),
            Throws.ArgumentException.With.Message.EqualTo("MaxPool: the window (2, 2, 2) is larger than the input [1,1,8,8,3]."));
        Assert.That(() => AveragePool.Apply(x, (1, 9, 2)), Throws.ArgumentException.With.Message.StartsWith("AveragePool: the window (1, 9, 2)"));
        Assert.That(() => MaxPool.Apply(x, (1, 0, 2)),
            Throws.ArgumentException.With.Message.EqualTo("MaxPool: a window has 1 to 256 voxels, got (1, 0, 2)."));
    }

    private static Tensor Pool(bool maximum, Tensor x, (int, int, int) window) => maximum ? MaxPool.Apply(x, window) : AveragePool.Apply(x, window);

    /// <summary>Values in random order that are a tenth apart, so that a small step changes no maximum.</summary>
    private static float[] Distinct(Random random, TensorShape shape)
    {
        var values = Enumerable.Range(0, (int)shape.Count).Select(i => 0.1f * i).ToArray();
        random.Shuffle(values);
        return values;
    }

    private static void Check(ComputeDevice device, TensorShape shape, (int D, int H, int W) window)
    {
        var seed = shape.GetHashCode();
        var random = new Random(seed);
        // Few different values, so that there are ties.
        var x = Array.ConvertAll(GradientCheck.RandomValues(random, shape.Count), v => MathF.Round(v * 4));
        var output = PoolingShape.Of("", shape, window).Output;
        var dy = GradientCheck.RandomValues(random, output.Count);
        double[] maximum = new double[output.Count], mean = new double[output.Count], maximumGradient = new double[x.Length],
            meanGradient = new double[x.Length];
        var size = window.D * window.H * window.W;
        for (var o = 0; o < maximum.Length; o++)
        {
            var (n, d, h, w, c) = (o / output.C / output.W / output.H / output.D, o / output.C / output.W / output.H % output.D,
                o / output.C / output.W % output.H, o / output.C % output.W, o % output.C);
            var best = -1;
            for (var k = 0; k < size; k++)
            {
                var i = ((((n * shape.D) + d * window.D + k / window.W / window.H) * shape.H + h * window.H + k / window.W % window.H) * shape.W
                    + w * window.W + k % window.W) * shape.C + c;
                if (best < 0 || x[i] > x[best])
                    best = i;
                mean[o] += (double)x[i] / size;
                meanGradient[i] = (double)dy[o] / size;
            }

            maximum[o] = x[best];
            maximumGradient[best] = dy[o];
        }

        using var scope = new TensorScope();
        EveryAlgorithm.Of(Primitives.MaxPool.Chooser, device, PoolingShape.Of("", shape, window), () => Compare(true));
        EveryAlgorithm.Of(Primitives.AveragePool.Chooser, device, PoolingShape.Of("", shape, window), () => Compare(false));

        void Compare(bool isMaximum)
        {
            var tx = Tensor.From(device, shape, x).WithGradient();
            var y = Pool(isMaximum, tx, window);
            Assert.That(y.Shape, Is.EqualTo(output));
            Gradients.Backward(y, Tensor.From(device, output, dy));
            var message = $"{(isMaximum ? "maximum" : "mean")} {shape} {window}, seed {seed}, {device.Name}";
            var tolerance = isMaximum ? 0 : 1e-6;
            NormReference.AssertClose(y.ToArray(), isMaximum ? maximum : mean, tolerance, "y, " + message);
            NormReference.AssertClose(tx.Gradient!.ToArray(), isMaximum ? maximumGradient : meanGradient, tolerance, "dx, " + message);
            using var pause = Gradients.NoRecording();
            NormReference.AssertClose(Pool(isMaximum, Tensor.From(device, shape, x), window).ToArray(), isMaximum ? maximum : mean, tolerance, "without places");
        }
    }
}
