using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

public sealed class DropoutTests
{
    private static readonly TensorShape[] Shapes = [new(1, 1, 1, 1, 1), new(3, 1, 5, 7, 3), new(2, 3, 5, 7, 16), new(2, 1, 3, 5, 37)];

    /// <summary>Every channel of an image is 0 or x / (1 - p) as a whole, and every device drops the channels that <c>cpu</c> does.</summary>
    [Test]
    public void Drops_whole_channels_the_same_on_every_device(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [ValueSource(nameof(Shapes))] TensorShape shape,
        [Values(0f, 0.3f, 0.5f)] float probability)
    {
        var x = GradientCheck.RandomValues(new Random(4), shape.Count, margin: 0.1f);
        var ofHost = Dropped(TestDevices.Open("cpu"), shape, x, probability, seed: 9);
        EveryAlgorithm.Of(Primitives.Dropout.Chooser, TestDevices.Open(name), shape, () =>
        {
            var y = Dropped(TestDevices.Open(name), shape, x, probability, seed: 9);
            Assert.That(y, Is.EqualTo(ofHost));
            for (var i = 0; i < y.Length; i++)
            {
                var first = i / (int)(shape.VoxelsPerImage * shape.C) * (int)shape.VoxelsPerImage * shape.C + i % shape.C;
                var expected = y[first] == 0 ? 0 : x[i] / (1.0 - probability);
                Assert.That(y[i], Is.EqualTo(expected).Within(1e-6), $"element {i}");
            }
        });
    }

    [Test]
    public void Drops_as_often_as_asked_and_by_the_seed()
    {
        var device = TestDevices.Open("cpu");
        var shape = new TensorShape(64, 1, 1, 1, 500);
        var ones = Enumerable.Repeat(1f, (int)shape.Count).ToArray();
        var counts = Enumerable.Range(0, 4).Select(seed => Dropped(device, shape, ones, 0.3f, seed).Count(v => v == 0)).ToArray();

        // 32 000 draws: a deviation of 82.
        Assert.That(counts, Has.All.InRange(9600 - 400, 9600 + 400));
        var dropped = Dropped(device, shape, ones, 0.3f, 1);
        Assert.That(Dropped(device, shape, ones, 0.3f, 1), Is.EqualTo(dropped));
        Assert.That(Dropped(device, shape, ones, 0.3f, 2), Is.Not.EqualTo(dropped));
    }

    [Test]
    public void Any_number_of_threads_computes_the_same([Values(1, 2, 3, 5)] int threads)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        var shape = new TensorShape(2, 3, 61, 67, 17);
        var x = GradientCheck.RandomValues(new Random(5), shape.Count);
        Assert.That(Dropped(device, shape, x, 0.5f, 3), Is.EqualTo(Dropped(TestDevices.Open("cpu"), shape, x, 0.5f, 3)));
    }

    [Test]
    public void Gradient_and_second_derivative_equal_difference_quotients([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 6;
        var random = new Random(seed);
        var shape = new TensorShape(2, 1, 3, 2, 5);
        var samples = name == "ilgpu-cpu" ? 5 : 40;
        GradientCheck.Run(TestDevices.Open(name), t => Dropout.Apply(Elementwise.Multiply(t[0], t[0]), 0.5f, 2),
            [(shape, GradientCheck.RandomValues(random, shape.Count))], seed, samples: samples);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Dropout.Apply(Elementwise.Multiply(t[0], t[0]), 0.5f, 2);
            return Gradients.Of(y, [t[0]], t[1], createGraph: true)[0];
        }, [(shape, GradientCheck.RandomValues(random, shape.Count)), (shape, GradientCheck.RandomValues(random, shape.Count))], seed,
            samples: samples);
    }

    [Test]
    public void A_probability_out_of_range_is_named([Values(-0.1f, 1f, float.NaN)] float probability)
    {
        using var scope = new TensorScope();
        Assert.That(() => Dropout.Apply(Tensor.Zeros(TestDevices.Open("cpu"), new TensorShape(1, 1, 1, 1, 2)), probability, 0),
            Throws.ArgumentException.With.Message.StartsWith("Dropout: the probability must be in [0, 1)"));
    }

    private static float[] Dropped(ComputeDevice device, TensorShape shape, float[] x, float probability, long seed)
    {
        using var scope = new TensorScope();
        return Dropout.Apply(Tensor.From(device, shape, x), probability, seed).ToArray();
    }
}
