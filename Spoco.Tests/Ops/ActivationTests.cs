using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Ops;

public sealed class ActivationTests
{
    [Test]
    public void Forward_equals_reference(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(typeof(ActivationReference), nameof(ActivationReference.Functions))] ActivationFunction function,
        [Values(1, 7, 33, 1000)] int count)
    {
        var device = TestDevices.Open(name);
        var x = GradientCheck.RandomValues(new Random(count), count);
        x[0] = 0;
        using var scope = new TensorScope();
        var y = Activation.Apply(Tensor.From(device, TensorShape.Vector(count), x), function).ToArray();
        for (var i = 0; i < count; i++)
            Assert.That(y[i], Is.EqualTo(ActivationReference.Apply(function, x[i])).Within(1e-6), $"element {i}");
    }

    [Test]
    public void Gradient_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(typeof(ActivationReference), nameof(ActivationReference.Functions))] ActivationFunction function)
    {
        const int seed = 5;
        var shape = new TensorShape(2, 1, 3, 5, 7);
        GradientCheck.Run(TestDevices.Open(name), t => Activation.Apply(t[0], function),
            [(shape, GradientCheck.RandomValues(new Random(seed), shape.Count, margin: 0.1f))], seed);
    }

    /// <summary>The gradient, as a function of the input and of the arriving gradient, is itself differentiated.</summary>
    [Test]
    public void Second_derivative_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(typeof(ActivationReference), nameof(ActivationReference.Functions))] ActivationFunction function)
    {
        const int seed = 6;
        var shape = new TensorShape(1, 1, 3, 5, 3);
        var random = new Random(seed);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Activation.Apply(t[0], function);
            return Gradients.Of(y, [t[0]], t[1], createGraph: true)[0];
        }, [(shape, GradientCheck.RandomValues(random, shape.Count, 0.1f)), (shape, GradientCheck.RandomValues(random, shape.Count))], seed);
    }

    /// <summary>And once more: formulas that go through the output y as often.</summary>
    [Test]
    public void Third_derivative_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [ValueSource(typeof(ActivationReference), nameof(ActivationReference.Functions))] ActivationFunction function)
    {
        const int seed = 7;
        var shape = new TensorShape(1, 1, 3, 5, 3);
        var random = new Random(seed);
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Activation.Apply(t[0], function);
            var first = Gradients.Of(Elementwise.Multiply(y, y), [t[0]], t[1], createGraph: true)[0];
            return Gradients.Of(Elementwise.Multiply(first, first), [t[0]], createGraph: true)[0];
        }, [(shape, GradientCheck.RandomValues(random, shape.Count, 0.1f)), (shape, GradientCheck.RandomValues(random, shape.Count))], seed);
    }

    [Test]
    public void Equals_golden_numbers(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name,
        [Values("relu", "leaky_relu", "leaky_relu_0p1", "elu")] string operation)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases(operation))
        {
            var function = operation switch
            {
                "relu" => ActivationFunction.Relu,
                "elu" => ActivationFunction.Elu(golden.Params.GetProperty("alpha").GetSingle()),
                _ => ActivationFunction.LeakyRelu(golden.Params.GetProperty("slope").GetSingle()),
            };
            using var scope = new TensorScope();
            var x = golden.Image(device, "x").WithGradient();
            var y = Activation.Apply(x, function);
            Gradients.Backward(y, golden.Image(device, "gy"));
            golden.AssertImage("y", y);
            golden.AssertImage("gx", x.Gradient);
        }
    }
}
