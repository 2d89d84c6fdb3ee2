using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Ops;

public sealed class BatchNormTests
{
    private static readonly TensorShape[] Shapes =
        [new(2, 1, 1, 1, 1), new(3, 1, 5, 7, 3), new(2, 3, 2, 5, 5), new(1, 1, 7, 9, 8), new(2, 1, 3, 4, 17), new(2, 1, 3, 3, 40)];

    private static readonly TensorShape[] LargeShapes = [new(4, 1, 61, 59, 16), new(1, 7, 33, 31, 64), new(4, 1, 5, 7, 512), new(2, 1, 101, 63, 5)];

    [Test]
    public void Training_equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [ValueSource(nameof(Shapes))] TensorShape shape) =>
        Check(TestDevices.Open(name), shape, true, 0.5f);

    [Test]
    public void Evaluation_equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [ValueSource(nameof(Shapes))] TensorShape shape) =>
        Check(TestDevices.Open(name), shape, false, 0.5f);

    [Test]
    public void Large_equals_reference(
        [Values("cpu", "opencl:0", "cuda:0")] string name, [ValueSource(nameof(LargeShapes))] TensorShape shape, [Values(0, 1000)] float mean) =>
        Check(TestDevices.Open(name), shape, true, mean);

    /// <summary>
    /// Behind a ReLU many values are equal, and a plain single-precision sum of them is rounded the same way at every step: results are wanted that
    /// are right but for a few roundings, whatever the length.
    /// </summary>
    [Test]
    public void Many_equal_values_keep_their_accuracy(
        [Values("cpu", "opencl:0", "cuda:0")] string name, [Values(8, 17)] int channels, [Values(63, 255)] int size)
    {
        const int seed = 4;
        var random = new Random(seed);
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, 1, size, size, channels);
        var x = Array.ConvertAll(GradientCheck.RandomValues(random, shape.Count), v => Math.Max(v - 0.4f, 0));
        var dy = Array.ConvertAll(GradientCheck.RandomValues(random, shape.Count), v => v > 0 ? 0.7f : v);
        var gamma = Enumerable.Repeat(1f, channels).ToArray();
        var beta = new float[channels];
        var (y, dx, dgamma, dbeta) = NormReference.Compute(1, channels, channels, x, gamma, beta, dy, 1e-5);
        using var scope = new TensorScope();
        var tx = Tensor.From(device, shape, x).WithGradient();
        var tgamma = Tensor.From(device, TensorShape.Vector(channels), gamma).WithGradient();
        var tbeta = Tensor.From(device, tgamma.Shape, beta).WithGradient();
        var ty = BatchNorm.Apply(tx, tgamma, tbeta, Tensor.Zeros(device, tgamma.Shape), Tensor.Zeros(device, tgamma.Shape), training: true);
        Gradients.Backward(ty, Tensor.From(device, shape, dy));
        var message = $"{shape}, seed {seed}, {device.Name}";
        NormReference.AssertClose(ty.ToArray(), y, 2.5e-7, "y, " + message);
        NormReference.AssertClose(tx.Gradient!.ToArray(), dx, 2.5e-7, "dx, " + message);
        NormReference.AssertClose(tbeta.Gradient!.ToArray(), dbeta, 2.5e-7, "dbeta, " + message);

        // Terms of both signs: the error is measured by their number, not by the sum.
        Assert.That(tgamma.Gradient!.ToArray(), Is.EqualTo(dgamma).Within(2e-8 * shape.Voxels), "dgamma, " + message);
    }

    [Test]
    public void Threads_do_not_change_a_bit([Values(2, 3, 5)] int threads)
    {
        var shape = new TensorShape(2, 3, 61, 67, 5);
        Assert.That(Run(threads), Is.EqualTo(Run(1)));

        float[][] Run(int count)
        {
            using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = count });
            using var scope = new TensorScope();
            var random = new Random(3);
            var x = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)).WithGradient();
            var gamma = Tensor.Filled(device, TensorShape.Vector(5), 2).WithGradient();
            var beta = Tensor.Filled(device, TensorShape.Vector(5), 1).WithGradient();
            var mean = Tensor.Zeros(device, gamma.Shape);
            var variance = Tensor.Filled(device, gamma.Shape, 1);
            var y = BatchNorm.Apply(x, gamma, beta, mean, variance, training: true);
            Gradients.Backward(y, Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)));
            return [y.ToArray(), x.Gradient!.ToArray(), gamma.Gradient!.ToArray(), beta.Gradient!.ToArray(), mean.ToArray(), variance.ToArray()];
        }
    }

    [Test]
    public void Gradient_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool training)
    {
        const int seed = 12;
        var random = new Random(seed + 1);   // not the weights of the check: along x itself a normalisation has no gradient
        var device = TestDevices.Open(name);
        var shape = new TensorShape(2, 1, 3, 5, 3);
        var vector = TensorShape.Vector(3);
        GradientCheck.Run(device,
            t => BatchNorm.Apply(t[0], t[1], t[2], Tensor.Filled(device, vector, 0.25f), Tensor.Filled(device, vector, 0.5f), training),
            [(shape, GradientCheck.RandomValues(random, shape.Count)), (vector, GradientCheck.RandomValues(random, 3)),
             (vector, GradientCheck.RandomValues(random, 3))], seed);
    }

    [Test]
    public void Equals_golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("batchnorm"))
        {
            using var scope = new TensorScope();
            var x = golden.Image(device, "x").WithGradient();
            var gamma = golden.Image(device, "gamma").WithGradient();
            var beta = golden.Image(device, "beta").WithGradient();
            var mean = golden.Image(device, "running_mean");
            var variance = golden.Image(device, "running_var");
            var y = BatchNorm.Apply(x, gamma, beta, mean, variance, golden.Params.GetProperty("mode").GetString() == "train",
                golden.Params.GetProperty("momentum").GetSingle(), golden.Params.GetProperty("eps").GetSingle());
            Gradients.Backward(y, golden.Image(device, "gy"));
            golden.AssertImage("y", y);
            golden.AssertImage("gx", x.Gradient);
            golden.AssertImage("ggamma", gamma.Gradient);
            golden.AssertImage("gbeta", beta.Gradient);
            golden.AssertImage("running_mean_after", mean);
            golden.AssertImage("running_var_after", variance);
        }
    }

    [Test]
    public void One_value_per_channel_is_an_error()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var vector = Tensor.Filled(device, TensorShape.Vector(3), 1);
        Assert.That(() => BatchNorm.Apply(Tensor.Zeros(device, vector.Shape), vector, vector, vector, vector, training: true),
            Throws.ArgumentException.With.Message.EqualTo("BatchNorm: training needs more than one value per channel (input [1,1,1,1,3])."));
    }

    private static void Check(ComputeDevice device, TensorShape shape, bool training, float mean)
    {
        var seed = shape.GetHashCode();
        var random = new Random(seed);
        var x = Array.ConvertAll(GradientCheck.RandomValues(random, shape.Count), v => (float)(mean + Math.Sqrt(3) * v));
        var vector = TensorShape.Vector(shape.C);
        var gamma = GradientCheck.RandomValues(random, shape.C, 0.5f);
        var beta = GradientCheck.RandomValues(random, shape.C);
        var runningMean = GradientCheck.RandomValues(random, shape.C);
        var runningVariance = Array.ConvertAll(GradientCheck.RandomValues(random, shape.C, 0.2f), Math.Abs);
        var dy = GradientCheck.RandomValues(random, shape.Count);
        var (y, dx, dgamma, dbeta) = NormReference.Compute(1, shape.C, shape.C, x, gamma, beta, dy, 1e-5,
            training ? null : Array.ConvertAll(runningMean, v => (double)v), training ? null : Array.ConvertAll(runningVariance, v => (double)v));

        using var scope = new TensorScope();
        var tx = Tensor.From(device, shape, x).WithGradient();
        var tgamma = Tensor.From(device, vector, gamma).WithGradient();
        var tbeta = Tensor.From(device, vector, beta).WithGradient();
        var tmean = Tensor.From(device, vector, runningMean);
        var tvariance = Tensor.From(device, vector, runningVariance);
        var ty = BatchNorm.Apply(tx, tgamma, tbeta, tmean, tvariance, training, momentum: 0.25f);
        Gradients.Backward(ty, Tensor.From(device, shape, dy));
        var message = $"{shape}, training {training}, seed {seed}, {device.Name}";
        var offset = 2e-7 * mean;
        NormReference.AssertClose(ty.ToArray(), y, 1e-5 + offset, "y, " + message);
        NormReference.AssertClose(tx.Gradient!.ToArray(), dx, 2e-5 + offset, "dx, " + message);
        NormReference.AssertClose(tgamma.Gradient!.ToArray(), dgamma, 2e-5 + offset, "dgamma, " + message);
        NormReference.AssertClose(tbeta.Gradient!.ToArray(), dbeta, 1e-5, "dbeta, " + message);

        var count = (int)shape.Voxels;
        var expectedMean = Array.ConvertAll(runningMean, v => (double)v);
        var expectedVariance = Array.ConvertAll(runningVariance, v => (double)v);
        for (var c = 0; training && c < shape.C; c++)
        {
            var channel = Enumerable.Range(0, count).Select(v => (double)x[v * shape.C + c]).ToArray();
            var average = channel.Average();
            expectedMean[c] = 0.75 * expectedMean[c] + 0.25 * average;
            expectedVariance[c] = 0.75 * expectedVariance[c] + 0.25 * channel.Sum(v => (v - average) * (v - average)) / (count - 1);
        }

        NormReference.AssertClose(tmean.ToArray(), expectedMean, 1e-6, "running mean, " + message);
        NormReference.AssertClose(tvariance.ToArray(), expectedVariance, 1e-5, "running variance, " + message);
    }
}
