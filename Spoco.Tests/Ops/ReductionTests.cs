using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

public sealed class ReductionTests
{
    [Test]
    public void Equals_reference([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 7, 257, 5003)] int count) =>
        Check(TestDevices.Open(name), count);

    [Test]
    public void Large_equals_reference([Values("cpu", "opencl:0", "cuda:0")] string name) => Check(TestDevices.Open(name), 3_000_017);

    [Test]
    public void Threads_do_not_change_a_bit([Values(2, 3, 5)] int threads)
    {
        using var one = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        using var many = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Assert.That(Check(many, 300_007), Is.EqualTo(Check(one, 300_007)));
    }

    [Test]
    public void Second_derivative_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool mean)
    {
        const int seed = 51;
        var random = new Random(seed + 1);
        var shape = new TensorShape(1, 1, 3, 2, 5);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            // L = (sum x^2)^2: the gradient 4 x sum x^2 passes through the sum twice.
            var sum = Reduce(mean, Elementwise.Multiply(t[0], t[0]));
            return Gradients.Of(Elementwise.Multiply(sum, sum), [t[0]], createGraph: true)[0];
        }, [(shape, GradientCheck.RandomValues(random, shape.Count))], seed);
    }

    [Test]
    public void Gradient_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool mean)
    {
        const int seed = 52;
        var shape = new TensorShape(2, 1, 3, 2, 5);
        GradientCheck.Run(TestDevices.Open(name), t => Reduce(mean, t[0]),
            [(shape, GradientCheck.RandomValues(new Random(seed + 1), shape.Count))], seed);
    }

    [Test]
    public void Finds_what_is_not_finite(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value, [Values(1, 9, 5003)] int count)
    {
        var buffer = TestDevices.Open(name).Allocate<float>(count, "test");
        using var memory = buffer.Memory;
        var values = Array.ConvertAll(GradientCheck.RandomValues(new Random(1), count), v => v > 0 ? float.MaxValue : -float.MaxValue);
        EveryAlgorithm.Of(Primitives.Reduction.Chooser, buffer.Device, count, () =>
        {
            buffer.CopyFrom(values);
            Assert.That(Primitives.Reduction.HasNonFinite(buffer), Is.False);
            foreach (var position in new[] { 0, count / 2, count - 1 })
            {
                var spoiled = (float[])values.Clone();
                spoiled[position] = value;
                buffer.CopyFrom(spoiled);
                Assert.That(Primitives.Reduction.HasNonFinite(buffer), Is.True, $"at {position} of {count}");
            }
        });
    }

    [Test]
    public void Squares_beyond_single_precision_are_summed_on_the_host()
    {
        var buffer = TestDevices.Open("cpu").Allocate<float>(40, "test");
        using var memory = buffer.Memory;
        buffer.Span.Fill(1e30f);
        Assert.That(Primitives.Reduction.SumOfSquares(buffer), Is.EqualTo(40e60).Within(1e55));
    }

    private static Tensor Reduce(bool mean, Tensor x) => mean ? Reduction.Mean(x) : Reduction.Sum(x);

    private static (float Sum, float Mean, double Squares) Check(ComputeDevice device, int count)
    {
        var x = Array.ConvertAll(GradientCheck.RandomValues(new Random(count), count), v => v + 1);
        using var scope = new TensorScope();
        var tensor = Tensor.From(device, TensorShape.Vector(count), x);
        var expected = x.Sum(v => (double)v);
        var expectedSquares = x.Sum(v => (double)v * v);
        (float Sum, float Mean, double Squares) found = default;
        EveryAlgorithm.Of(Primitives.Reduction.Chooser, device, count, () =>
        {
            found = (Reduction.Sum(tensor).ToScalar(), Reduction.Mean(tensor).ToScalar(), Primitives.Reduction.SumOfSquares(tensor.Buffer));
            Assert.That(found.Sum, Is.EqualTo(expected).Within(5e-7 * expected), $"sum of {count}, {device.Name}");
            Assert.That(found.Mean, Is.EqualTo(expected / count).Within(5e-7 * expected / count), $"mean of {count}, {device.Name}");
            Assert.That(found.Squares, Is.EqualTo(expectedSquares).Within(5e-7 * expectedSquares), $"squares of {count}, {device.Name}");
        });
        return found;
    }
}
