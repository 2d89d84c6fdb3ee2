using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

public sealed class ChannelSliceTests
{
    private static readonly (int Channels, int First, int Count)[] Runs =
        [(1, 0, 1), (3, 1, 1), (5, 0, 4), (17, 8, 9), (17, 0, 17), (24, 7, 16), (64, 32, 32), (512, 500, 12)];

    [Test]
    public void Equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(nameof(Runs))] (int Channels, int First, int Count) run) =>
            Check(TestDevices.Open(name), new TensorShape(2, 1, 3, 5, run.Channels), run.First, run.Count);

    [Test]
    public void Equals_reference_on_any_number_of_threads([Values(1, 2, 3, 5)] int threads)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Check(device, new TensorShape(2, 3, 61, 67, 17), 3, 9);
    }

    [Test]
    public void Second_derivative_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 41;
        var random = new Random(seed + 1);
        TensorShape x = new(1, 1, 3, 2, 5), part = x.WithChannels(2);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = ChannelSlice.Apply(Elementwise.Multiply(t[0], t[0]), 1, 2);
            return Gradients.Of(y, [t[0]], t[1], createGraph: true)[0];
        }, [(x, GradientCheck.RandomValues(random, x.Count)), (part, GradientCheck.RandomValues(random, part.Count))], seed);
    }

    [Test]
    public void Misfits_are_named([Values(-1, 2, 3)] int first)
    {
        using var scope = new TensorScope();
        var x = Tensor.Zeros(TestDevices.Open("cpu"), new TensorShape(1, 1, 4, 4, 3));
        Assert.That(() => ChannelSlice.Apply(x, first, 2),
            Throws.ArgumentException.With.Message.EqualTo($"ChannelSlice: 2 channels from {first} on are not all among those of [1,1,4,4,3]."));
    }

    private static void Check(ComputeDevice device, TensorShape shape, int first, int count)
    {
        var seed = shape.GetHashCode() ^ first;
        var random = new Random(seed);
        var x = GradientCheck.RandomValues(random, shape.Count);
        var part = shape.WithChannels(count);
        var dy = GradientCheck.RandomValues(random, part.Count);
        float[] y = new float[part.Count], dx = new float[x.Length];
        for (var i = 0; i < y.Length; i++)
        {
            var source = i / count * shape.C + first + i % count;
            y[i] = x[source];
            dx[source] = dy[i];
        }

        using var scope = new TensorScope();
        EveryAlgorithm.Of(Primitives.ChannelSlice.Chooser, device, ChannelRun.Of(shape.Voxels, first, x.Length, y.Length), () =>
        {
            var tx = Tensor.From(device, shape, x).WithGradient();
            var ty = ChannelSlice.Apply(tx, first, count);
            Gradients.Backward(ty, Tensor.From(device, part, dy));
            Assert.That(ty.Shape, Is.EqualTo(part));
            Assert.That(ty.ToArray(), Is.EqualTo(y), $"y, seed {seed}, {device.Name}");
            Assert.That(tx.Gradient!.ToArray(), Is.EqualTo(dx), $"dx, seed {seed}, {device.Name}");
        });
    }
}
