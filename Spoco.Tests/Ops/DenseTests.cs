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
            var (images, values) = (golden.Shape("x")[0], golden.Shape("x")[1]);
            var outputs = golden.Shape("w")[0];
            var x = Tensor.From(device, new(images, 1, 1, 1, values), golden.Float32("x")).WithGradient();
            var weight = Tensor.From(device, new(1, 1, 1, values, outputs), Transpose<float>(golden.Float32("w"), outputs)).WithGradient();
            var bias = Tensor.From(device, TensorShape.Vector(weight.Shape.C), golden.Float32("b")).WithGradient();
            var y = Dense.Apply(x, weight, bias);
            Gradients.Backward(y, Tensor.From(device, y.Shape, golden.Float32("gy")));
            Check("y", y, golden.Float64("y"));
            Check("gx", x.Gradient!, golden.Float64("gx"));
            Check("gw", weight.Gradient!, Transpose<double>(golden.Float64("gw"), outputs));
            Check("gb", bias.Gradient!, golden.Float64("gb"));

            void Check(string array, Tensor actual, double[] expected) =>
                Assert.That(actual.ToArray(), Is.EqualTo(expected).Within(golden.Tolerance(array)), $"{golden} {array}, {name}");
        }
    }

    [Test]
    public void Gradient_and_second_derivative_equal_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 21;
        var random = new Random(seed);
        (TensorShape Shape, float[])[] inputs =
        [
            .. ((TensorShape[])[new(3, 1, 2, 3, 2), new(1, 1, 1, 12, 5), TensorShape.Vector(5)])
                .Select(s => (s, GradientCheck.RandomValues(random, s.Count))),
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

    /// <summary>[M,K], as PyTorch stores it, to [K,M].</summary>
    private static T[] Transpose<T>(T[] values, int rows)
    {
        var columns = values.Length / rows;
        return [.. Enumerable.Range(0, values.Length).Select(i => values[i % rows * columns + i / rows])];
    }
}
