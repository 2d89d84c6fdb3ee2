using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>Differences, quotients, exponentials, logarithms, roots and sums along axes against double precision, and their gradients, twice, against differences.</summary>
public sealed class ArithmeticTests
{
    private static readonly Dictionary<string, (Func<Tensor, Tensor, Tensor> Apply, Func<double, double, double> Reference)> Functions = new()
    {
        ["difference"] = (Arithmetic.Subtract, (a, b) => a - b),
        ["quotient"] = (Arithmetic.Divide, (a, b) => a / b),
        ["exponential"] = ((a, _) => Arithmetic.Exponential(a), (a, _) => Math.Exp(a)),
        ["logarithm"] = ((a, _) => Arithmetic.Logarithm(a), (a, _) => Math.Log(a)),
        ["square root"] = ((a, _) => Arithmetic.SquareRoot(a), (a, _) => Math.Sqrt(a)),
    };

    private static readonly TensorShape[] Shapes = [new(1, 1, 1, 1, 1), new(2, 1, 3, 5, 7), new(1, 2, 3, 4, 17), new(3, 1, 1, 9, 16)];

    [Test]
    public void Equals_double_precision(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values("difference", "quotient", "exponential", "logarithm", "square root")] string function)
    {
        var device = TestDevices.Open(name);
        foreach (var shape in Shapes)
        {
            using var scope = new TensorScope();
            var random = new Random(3);
            var (a, b) = (Positive(random, shape.Count), Positive(random, shape.Count));
            var y = Functions[function].Apply(Tensor.From(device, shape, a), Tensor.From(device, shape, b)).ToArray();
            for (var i = 0; i < y.Length; i++)
                Assert.That(y[i], Is.EqualTo(Functions[function].Reference(a[i], b[i])).Within(1e-6).Percent.Or.EqualTo(Functions[function].Reference(a[i], b[i])).Within(1e-6), $"{shape}, {i}");
        }
    }

    [Test]
    public void Gradients_equal_differences(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values("difference", "quotient", "exponential", "logarithm", "square root")] string function,
        [Values] bool twice)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, 1, 2, 3, 5);
        var random = new Random(4);
        GradientCheck.Run(device, twice ? t => OfGradient(Functions[function].Apply(t[0], t[1]), t[0]) : t => Functions[function].Apply(t[0], t[1]),
            [(shape, Positive(random, shape.Count)), (shape, Positive(random, shape.Count))], seed: 5, step: 1e-3f);
    }

    [Test]
    public void Ends_of_their_range_are_those_of_IEEE([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using var scope = new TensorScope();
        var x = Tensor.From(device, TensorShape.Vector(3), [0, 1, 4]);
        Assert.That(Arithmetic.Logarithm(x).ToArray()[..2], Is.EqualTo(new[] { float.NegativeInfinity, 0 }));
        Assert.That(Arithmetic.SquareRoot(x).ToArray(), Is.EqualTo(new float[] { 0, 1, 2 }));
        Assert.That(Arithmetic.Divide(x, x).ToArray(), Is.EqualTo(new[] { float.NaN, 1, 1 }));
        Assert.That(Arithmetic.Exponential(Arithmetic.Logarithm(x)).ToArray(), Is.EqualTo(new float[] { 0, 1, 4 }).Within(1e-5));
    }

    [Test]
    public void Sums_along_axes_equal_double_precision([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var shape in (TensorShape[])[.. Shapes, new(2, 1, 33, 31, 5)])
        {
            if (name == "ilgpu-cpu" && shape.Count > 2000)
                continue;
            using var scope = new TensorScope();
            var values = GradientCheck.RandomValues(new Random(6), shape.Count);
            var x = Tensor.From(device, shape, values);
            var channels = Enumerable.Range(0, shape.C).Select(c => Enumerable.Range(0, (int)shape.Voxels).Sum(v => (double)values[v * shape.C + c])).ToArray();
            var voxels = Enumerable.Range(0, (int)shape.Voxels).Select(v => Enumerable.Range(0, shape.C).Sum(c => (double)values[v * shape.C + c])).ToArray();
            var (ofChannels, ofVoxels) = (AxisSum.OverVoxels(x), AxisSum.OverChannels(x));
            Assert.That((ofChannels.Shape, ofVoxels.Shape), Is.EqualTo((TensorShape.Vector(shape.C), shape.WithChannels(1))));
            Assert.That(ofChannels.ToArray().Select(v => (double)v), Is.EqualTo(channels).Within(1e-4), $"{shape}");
            Assert.That(ofVoxels.ToArray().Select(v => (double)v), Is.EqualTo(voxels).Within(1e-5), $"{shape}");
            Assert.That(AxisSum.SpreadOverVoxels(ofChannels, shape).ToArray(), Is.EqualTo(Enumerable.Range(0, values.Length).Select(i => ofChannels.ToArray()[i % shape.C])));
            Assert.That(AxisSum.SpreadOverChannels(ofVoxels, shape).ToArray(), Is.EqualTo(Enumerable.Range(0, values.Length).Select(i => ofVoxels.ToArray()[i / shape.C])));
        }
    }

    [Test]
    public void Gradients_of_sums_equal_differences([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool channels, [Values] bool twice)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(2, 1, 2, 3, 5);
        Tensor Of(Tensor x) => channels ? AxisSum.OverChannels(x) : AxisSum.OverVoxels(x);
        Tensor Squared(Tensor x) => Elementwise.Multiply(Of(x), Of(x));
        GradientCheck.Run(device, twice ? t => OfGradient(Squared(t[0]), t[0]) : t => Of(t[0]), [(shape, GradientCheck.RandomValues(new Random(7), shape.Count))], seed: 8);
    }

    [Test]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var (x, y) = (Tensor.Filled(device, TensorShape.Vector(3), 1), Tensor.Filled(device, TensorShape.Vector(4), 1));
        Assert.That(() => Arithmetic.Divide(x, y), Throws.ArgumentException.With.Message.StartsWith("Divide: "));
        Assert.That(() => Arithmetic.Subtract(x, y), Throws.ArgumentException);
        Assert.That(() => AxisSum.SpreadOverVoxels(x, new TensorShape(1, 1, 2, 2, 4)), Throws.ArgumentException.With.Message.StartsWith("Spread: "));
        Assert.That(() => AxisSum.SpreadOverChannels(x, new TensorShape(1, 1, 2, 2, 4)), Throws.ArgumentException.With.Message.StartsWith("Spread: "));
        Assert.That(() => Primitives.VoxelSum.Forward(new TensorShape(1, 1, 1, 2, 3), x.Buffer, y.Buffer), Throws.ArgumentException.With.Message.StartsWith("VoxelSum: "));
    }

    /// <summary>The gradient of y^2 with respect to x, recorded.</summary>
    private static Tensor OfGradient(Tensor y, Tensor x) => Gradients.Of(Elementwise.Multiply(y, y), [x], createGraph: true)[0];

    private static float[] Positive(Random random, long count) => [.. GradientCheck.RandomValues(random, count, 0.5f).Select(Math.Abs)];
}
