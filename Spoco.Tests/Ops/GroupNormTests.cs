using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Ops;

public sealed class GroupNormTests
{
    /// <summary>Odd sizes, one voxel, one channel, channels that fill no register, a batch, every number of groups.</summary>
    private static readonly (TensorShape Shape, int Groups)[] Cases =
    [
        (new(1, 1, 3, 5, 1), 1), (new(2, 1, 5, 7, 3), 3), (new(2, 3, 5, 7, 6), 2), (new(1, 1, 1, 1, 5), 1), (new(3, 1, 4, 3, 5), 5),
        (new(1, 2, 3, 3, 17), 1), (new(2, 1, 7, 9, 16), 8), (new(1, 1, 2, 3, 64), 8),
    ];

    private static readonly (TensorShape Shape, int Groups)[] LargeCases =
    [
        (new(2, 3, 41, 43, 16), 8), (new(3, 1, 5, 7, 512), 8), (new(1, 4, 33, 31, 17), 1), (new(2, 1, 129, 65, 3), 3), (new(1, 1, 201, 203, 1), 1),
        (new(2, 1, 3, 3, 300), 300), (new(1, 1, 37, 41, 48), 48),
    ];

    [Test]
    public void Equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(nameof(Cases))] (TensorShape Shape, int Groups) test) => Check(TestDevices.Open(name), test.Shape, test.Groups, 0, 1);

    [Test]
    public void Large_equals_reference(
        [Values("cpu", "opencl:0", "cuda:0")] string name,
        [ValueSource(nameof(LargeCases))] (TensorShape Shape, int Groups) test) => Check(TestDevices.Open(name), test.Shape, test.Groups, 0, 1);

    [Test]
    public void Large_common_offset_keeps_its_accuracy([Values("cpu", "opencl:0", "cuda:0")] string name, [Values(1, 3, 16, 64)] int channels) =>
        Check(TestDevices.Open(name), new TensorShape(2, 1, 67, 61, channels), channels == 64 ? 8 : 1, 1000, 1);

    /// <summary>A first value far from all others must not spoil sums that are taken around it.</summary>
    [Test]
    public void First_value_far_from_the_mean_keeps_its_accuracy([Values("cpu", "opencl:0", "cuda:0")] string name) =>
        Check(TestDevices.Open(name), new TensorShape(1, 1, 67, 61, 16), 8, 1000, 1, firstRow: 0);

    [Test]
    public void Threads_do_not_change_a_bit([Values(2, 3, 5)] int threads, [Values(1, 5, 16)] int channels)
    {
        using var one = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        using var many = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        var shape = new TensorShape(2, 3, 61, 67, channels);
        Assert.That(Run(many), Is.EqualTo(Run(one)));

        float[][] Run(ComputeDevice device)
        {
            using var scope = new TensorScope();
            var random = new Random(3);
            var x = Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)).WithGradient();
            var gamma = Tensor.From(device, TensorShape.Vector(channels), GradientCheck.RandomValues(random, channels)).WithGradient();
            var beta = Tensor.From(device, TensorShape.Vector(channels), GradientCheck.RandomValues(random, channels)).WithGradient();
            var y = GroupNorm.Apply(x, gamma, beta, 1);
            Gradients.Backward(y, Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)));
            return [y.ToArray(), x.Gradient!.ToArray(), gamma.Gradient!.ToArray(), beta.Gradient!.ToArray()];
        }
    }

    [Test]
    public void Gradient_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 2, 6)] int groups)
    {
        const int seed = 11;
        var random = new Random(seed + 1);   // not the weights of the check: along x itself a normalisation has no gradient
        var shape = new TensorShape(2, 1, 3, 5, 6);
        GradientCheck.Run(TestDevices.Open(name), t => GroupNorm.Apply(t[0], t[1], t[2], groups),
            [(shape, GradientCheck.RandomValues(random, shape.Count)), (TensorShape.Vector(6), GradientCheck.RandomValues(random, 6)),
             (TensorShape.Vector(6), GradientCheck.RandomValues(random, 6))], seed);
    }

    [Test]
    public void Equals_golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("groupnorm"))
        {
            using var scope = new TensorScope();
            var x = golden.Image(device, "x").WithGradient();
            var gamma = golden.Image(device, "gamma").WithGradient();
            var beta = golden.Image(device, "beta").WithGradient();
            var y = GroupNorm.Apply(x, gamma, beta, golden.Params.GetProperty("groups").GetInt32(), golden.Params.GetProperty("eps").GetSingle());
            Gradients.Backward(y, golden.Image(device, "gy"));
            golden.AssertImage("y", y);
            golden.AssertImage("gx", x.Gradient);
            golden.AssertImage("ggamma", gamma.Gradient);
            golden.AssertImage("gbeta", beta.Gradient);
        }
    }

    [Test]
    public void Only_wanted_gradients_are_computed()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var shape = new TensorShape(1, 1, 2, 2, 4);
        var gamma = Tensor.Filled(device, TensorShape.Vector(4), 1).WithGradient();
        var x = Tensor.From(device, shape, GradientCheck.RandomValues(new Random(1), shape.Count));
        Gradients.Backward(GroupNorm.Apply(x, gamma, Tensor.Filled(device, TensorShape.Vector(4), 0), 2));
        Assert.That(gamma.Gradient, Is.Not.Null);
        Assert.That(x.Gradient, Is.Null);
    }

    [Test]
    public void Misfits_are_named()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var x = Tensor.Zeros(device, new TensorShape(1, 1, 2, 2, 6)).WithGradient();
        var six = Tensor.Zeros(device, TensorShape.Vector(6));
        var five = Tensor.Zeros(device, TensorShape.Vector(5));
        Assert.That(() => GroupNorm.Apply(x, six, six, 4),
            Throws.ArgumentException.With.Message.EqualTo("GroupNorm: 6 channels do not divide into 4 groups (input [1,1,2,2,6])."));
        Assert.That(() => GroupNorm.Apply(x, five, six, 2), Throws.ArgumentException.With.Message.StartsWith("GroupNorm: gamma must have"));
        Assert.That(() => Gradients.Of(GroupNorm.Apply(x, six, six, 2), [x], createGraph: true),
            Throws.TypeOf<NotSupportedException>().With.Message.StartsWith("GroupNorm: "));
    }

    private static void Check(ComputeDevice device, TensorShape shape, int groups, double mean, double deviation, float? firstRow = null)
    {
        var seed = shape.GetHashCode() ^ groups;
        var random = new Random(seed);
        var x = Array.ConvertAll(GradientCheck.RandomValues(random, shape.Count), v => (float)(mean + deviation * Math.Sqrt(3) * v));
        if (firstRow is { } value)
            Array.Fill(x, value, 0, shape.W * shape.C);
        var gamma = GradientCheck.RandomValues(random, shape.C, 0.5f);
        var beta = GradientCheck.RandomValues(random, shape.C);
        var dy = GradientCheck.RandomValues(random, shape.Count);
        var (y, dx, dgamma, dbeta) = NormReference.Compute(shape.N, shape.C, groups, x, gamma, beta, dy, 1e-5);

        using var scope = new TensorScope();
        var tx = Tensor.From(device, shape, x).WithGradient();
        var tgamma = Tensor.From(device, TensorShape.Vector(shape.C), gamma).WithGradient();
        var tbeta = Tensor.From(device, TensorShape.Vector(shape.C), beta).WithGradient();
        var ty = GroupNorm.Apply(tx, tgamma, tbeta, groups);
        Gradients.Backward(ty, Tensor.From(device, shape, dy));
        var message = $"{shape}, {groups} groups, seed {seed}, {device.Name}";
        // A mean rounded to single precision is off by up to 6e-8 of itself, and so is every y.
        var offset = 2e-7 * mean / deviation;
        NormReference.AssertClose(ty.ToArray(), y, 1e-5 + offset, "y, " + message);
        NormReference.AssertClose(tx.Gradient!.ToArray(), dx, 2e-5 + offset, "dx, " + message);
        NormReference.AssertClose(tgamma.Gradient!.ToArray(), dgamma, 2e-5 + offset, "dgamma, " + message);
        NormReference.AssertClose(tbeta.Gradient!.ToArray(), dbeta, 1e-5, "dbeta, " + message);
    }
}
