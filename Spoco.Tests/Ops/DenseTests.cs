using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Ops;

public sealed class DenseTests
{
    [Test]
    public void Golden_numbers([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        foreach (var golden in GoldenSet.Torch.Cases("linear"))
        {
            using var scope = new TensorScope();
            var x = GoldenLayout.Image(device, golden, "x").WithGradient();
            var weight = GoldenLayout.Weight(device, golden, "w").WithGradient();
            var bias = Tensor.From(device, TensorShape.Vector(weight.Shape.C), golden.Float32("b")).WithGradient();
            var y = Dense.Apply(x, weight, bias);
            Gradients.Backward(y, GoldenLayout.Image(device, golden, "gy"));
            GoldenLayout.AssertImage(golden, "y", y);
            GoldenLayout.AssertImage(golden, "gx", x.Gradient!);
            GoldenLayout.AssertWeight(golden, "gw", weight.Gradient!);
            GoldenLayout.AssertValues(golden, "gb", bias.Gradient!.ToArray(), golden.Float64("gb"));
        }
    }

    [Test]
    public void Gradient_and_second_derivative_equal_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 21;
        var random = new Random(seed);
        (TensorShape Shape, float[])[] inputs =
        [
            .. ((TensorShape[])[new(3, 1, 2, 3, 2), new(1, 1, 1, 12, 5), TensorShape.Vector(5)]).Select(s => (s, GradientCheck.RandomValues(random, s.Count))),
        ];
        var device = TestDevices.Open(name);
        GradientCheck.Run(device, t => Dense.Apply(t[0], t[1], t[2], ActivationFunction.Elu()), inputs, seed, samples: 12);
        GradientCheck.Run(device, t =>
        {
            var gradient = Gradients.Of(Dense.Apply(t[0], t[1], t[2], ActivationFunction.Elu()), [t[0]], createGraph: true)[0];
            return Elementwise.Multiply(gradient, gradient);
        }, inputs, seed, samples: 12);
    }

    [Test]
    public void A_weight_that_does_not_fit_is_named()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        Assert.That(() => Dense.Apply(Tensor.Zeros(device, new(2, 1, 3, 3, 2)), Tensor.Zeros(device, new(1, 1, 1, 17, 4))), Throws.ArgumentException
            .With.Message.EqualTo("Dense: an input [2,1,3,3,2] has 18 values per image; the weight must be [1,1,1,18,M], got [1,1,1,17,4]."));
    }
}
