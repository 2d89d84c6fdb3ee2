using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary><see cref="Upsample"/>, <see cref="Concat"/> and both in one, <see cref="UpsampleConcat"/>.</summary>
public sealed class UpsampleConcatTests
{
    /// <summary>Factors 1, 2, 3, broken ones and one below 1; one voxel; channels that fill no register.</summary>
    private static readonly (TensorShape Small, (int D, int H, int W) Size, int Skip)[] Cases =
    [
        (new(1, 1, 1, 1, 1), (1, 1, 1), 1), (new(2, 1, 3, 4, 3), (1, 7, 9), 5), (new(1, 2, 3, 2, 5), (5, 6, 3), 1),
        (new(2, 3, 2, 2, 8), (3, 4, 4), 4),
        (new(1, 2, 2, 3, 17), (4, 4, 6), 16), (new(1, 1, 5, 6, 2), (1, 3, 4), 3), (new(1, 1, 1, 1, 3), (2, 3, 5), 2),
    ];

    private static readonly (TensorShape Small, (int D, int H, int W) Size, int Skip)[] LargeCases =
    [
        (new(2, 1, 31, 33, 32), (1, 63, 66), 16), (new(1, 5, 16, 17, 128), (10, 33, 34), 64), (new(1, 1, 7, 7, 512), (1, 14, 14), 256),
        (new(3, 1, 50, 61, 1), (1, 101, 122), 3),
    ];

    [Test]
    public void Equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(nameof(Cases))] (TensorShape Small, (int D, int H, int W) Size, int Skip) test) =>
        Check(TestDevices.Open(name), test.Small, test.Size, test.Skip);

    [Test]
    public void Large_equals_reference(
        [Values("cpu", "opencl:0", "cuda:0")] string name,
        [ValueSource(nameof(LargeCases))] (TensorShape Small, (int D, int H, int W) Size, int Skip) test) =>
        Check(TestDevices.Open(name), test.Small, test.Size, test.Skip);

    [Test]
    public void Equals_reference_on_any_number_of_threads([Values(1, 2, 3, 5)] int threads)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Check(device, new TensorShape(2, 3, 17, 19, 17), (5, 35, 38), 9);
    }

    [Test]
    public void Gradient_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 31;
        var random = new Random(seed + 1);
        TensorShape skip = new(1, 3, 5, 4, 3), small = new(1, 2, 2, 2, 5);
        GradientCheck.Run(TestDevices.Open(name), t => UpsampleConcat.Apply(t[0], t[1]),
            [(skip, GradientCheck.RandomValues(random, skip.Count)), (small, GradientCheck.RandomValues(random, small.Count))], seed);
    }

    [Test]
    public void Second_derivative_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 32;
        var random = new Random(seed + 1);
        TensorShape skip = new(1, 1, 5, 4, 3), small = new(1, 1, 2, 2, 2), both = new(1, 1, 5, 4, 5);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            // Squares, so that the gradient depends on the inputs through the operation's own backward.
            var y = UpsampleConcat.Apply(Elementwise.Multiply(t[0], t[0]), Elementwise.Multiply(t[1], t[1]));
            var first = Gradients.Of(Elementwise.Multiply(y, t[2]), [t[0], t[1]], createGraph: true);
            return UpsampleConcat.Apply(first[0], first[1]);
        }, [(skip, GradientCheck.RandomValues(random, skip.Count)), (small, GradientCheck.RandomValues(random, small.Count)),
            (both, GradientCheck.RandomValues(random, both.Count))], seed);
    }

    [Test]
    public void Upsample_is_differentiable_twice([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 33;
        var random = new Random(seed + 1);
        TensorShape small = new(1, 1, 2, 3, 2), large = new(1, 2, 5, 4, 2);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Upsample.Apply(Elementwise.Multiply(t[0], t[0]), 2, 5, 4);
            return Gradients.Of(y, [t[0]], t[1], createGraph: true)[0];
        }, [(small, GradientCheck.RandomValues(random, small.Count)), (large, GradientCheck.RandomValues(random, large.Count))], seed);
    }

    [Test]
    public void Upsample_equals_golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("upsample_nearest"))
        {
            using var scope = new TensorScope();
            var x = golden.Image(device, "x").WithGradient();
            var size = ChannelsLast.ImageShape(golden.Shape("y"));
            var y = Upsample.Apply(x, size.D, size.H, size.W);
            Gradients.Backward(y, golden.Image(device, "gy"));
            golden.AssertImage("y", y);
            golden.AssertImage("gx", x.Gradient);
        }
    }

    [Test]
    public void Concat_equals_golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("concat_channels"))
        {
            using var scope = new TensorScope();
            var a = golden.Image(device, "x").WithGradient();
            var b = golden.Image(device, "x2").WithGradient();
            var y = Concat.Apply(a, b);
            Gradients.Backward(y, golden.Image(device, "gy"));
            golden.AssertImage("y", y);
            golden.AssertImage("gx", a.Gradient);
            golden.AssertImage("gx2", b.Gradient);
        }
    }

    [Test]
    public void Only_wanted_gradients_are_computed()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var skip = Tensor.Filled(device, new TensorShape(1, 1, 2, 2, 3), 1);
        var small = Tensor.Filled(device, new TensorShape(1, 1, 1, 1, 2), 2).WithGradient();
        Gradients.Backward(UpsampleConcat.Apply(skip, small));
        Assert.That(small.Gradient!.ToArray(), Is.EqualTo(new float[] { 4, 4 }));
        Assert.That(skip.Gradient, Is.Null);
    }

    [Test]
    public void Misfits_are_named()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var a = Tensor.Zeros(device, new TensorShape(1, 1, 4, 4, 3));
        var b = Tensor.Zeros(device, new TensorShape(2, 1, 4, 4, 3));
        var c = Tensor.Zeros(device, new TensorShape(1, 1, 4, 5, 2));
        Assert.That(() => UpsampleConcat.Apply(a, b),
            Throws.ArgumentException.With.Message.EqualTo("UpsampleConcat: the numbers of images differ: [1,1,4,4,3] and [2,1,4,4,3]."));
        Assert.That(() => Concat.Apply(a, c),
            Throws.ArgumentException.With.Message.EqualTo("Concat: the shapes differ in more than their channels: [1,1,4,4,3] and [1,1,4,5,2]."));
        Assert.That(() => Upsample.Apply(a, 1, 0, 4),
            Throws.ArgumentException.With.Message.EqualTo("Upsample: a size is at least (1, 1, 1), got (1, 0, 4) (input [1,1,4,4,3])."));
    }

    private static void Check(ComputeDevice device, TensorShape small, (int D, int H, int W) size, int skipChannels)
    {
        var seed = small.GetHashCode() ^ size.GetHashCode();
        var random = new Random(seed);
        var skip = new TensorShape(small.N, size.D, size.H, size.W, skipChannels);
        var both = skip.WithChannels(skipChannels + small.C);
        var skipValues = GradientCheck.RandomValues(random, skip.Count);
        var smallValues = GradientCheck.RandomValues(random, small.Count);
        var dy = GradientCheck.RandomValues(random, both.Count);
        double[] y = new double[both.Count], dskip = new double[skip.Count], dsmall = new double[small.Count];
        for (var i = 0; i < y.Length; i++)
        {
            var c = i % both.C;
            var v = i / both.C;
            var (w, h, d, n) = (v % size.W, v / size.W % size.H, v / size.W / size.H % size.D, v / size.W / size.H / size.D);
            if (c < skipChannels)
            {
                y[i] = skipValues[v * skipChannels + c];
                dskip[v * skipChannels + c] = dy[i];
            }
            else
            {
                var source = (((n * small.D + d * small.D / size.D) * small.H + h * small.H / size.H) * small.W + w * small.W / size.W) * small.C
                    + c - skipChannels;
                y[i] = smallValues[source];
                dsmall[source] += dy[i];
            }
        }

        using var scope = new TensorScope();
        var message = $"{small} to {size}, {skipChannels} in front, seed {seed}, {device.Name}";
        EveryAlgorithm.Of(Primitives.UpsampleConcat.Chooser, device, UpsampleShape.Of("", small, size, skipChannels), Both);
        EveryAlgorithm.Of(Primitives.UpsampleConcat.Chooser, device, UpsampleShape.Of("", small, size), Alone);

        void Both()
        {
            var tskip = Tensor.From(device, skip, skipValues).WithGradient();
            var tsmall = Tensor.From(device, small, smallValues).WithGradient();
            var ty = UpsampleConcat.Apply(tskip, tsmall);
            Assert.That(ty.Shape, Is.EqualTo(both));
            Gradients.Backward(ty, Tensor.From(device, both, dy));
            NormReference.AssertClose(ty.ToArray(), y, 0, "y, " + message);
            NormReference.AssertClose(tskip.Gradient!.ToArray(), dskip, 0, "dskip, " + message);
            NormReference.AssertClose(tsmall.Gradient!.ToArray(), dsmall, 1e-6, "dsmall, " + message);
        }

        void Alone()
        {
            var alone = Tensor.From(device, small, smallValues).WithGradient();
            var resized = Upsample.Apply(alone, size.D, size.H, size.W);
            Gradients.Backward(resized, ChannelSlice.Apply(Tensor.From(device, both, dy), skipChannels, small.C));
            NormReference.AssertClose(resized.ToArray(), [.. y.Where((_, i) => i % both.C >= skipChannels)], 0, "y alone, " + message);
            NormReference.AssertClose(alone.Gradient!.ToArray(), dsmall, 1e-6, "dsmall alone, " + message);
        }
    }
}
