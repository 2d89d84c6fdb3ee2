using Spoco.Engine;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>The rounding error of Winograd's algorithm against double precision, relative to the largest value, beside that of the direct sum.</summary>
internal sealed class WinogradTests
{
    private static readonly (ConvolutionShape Shape, double Bound)[] Cases =
    [
        (ConvolutionShape.Create(new(1, 1, 14, 15, 64), new(1, 3, 3, 64, 64), (0, 1, 1)), 1e-5),
        (ConvolutionShape.Create(new(1, 1, 7, 9, 512), new(1, 3, 3, 512, 32), (0, 1, 1)), 1e-5),
        (ConvolutionShape.Create(new(1, 6, 7, 8, 64), new(3, 3, 3, 64, 48), (1, 1, 1)), 3e-5),
        (ConvolutionShape.Create(new(1, 4, 5, 4, 256), new(3, 3, 3, 256, 32), (1, 1, 1)), 3e-5),
        (ConvolutionShape.Create(new(2, 5, 6, 9, 16), new(3, 3, 3, 16, 16), (0, 2, 1)), 3e-5),

        // Enough tiles for four results along rows and columns.
        (ConvolutionShape.Create(new(1, 1, 43, 42, 64), new(1, 3, 3, 64, 24), (0, 1, 1)), 1e-5),
        (ConvolutionShape.Create(new(2, 1, 30, 33, 8), new(1, 3, 3, 8, 16), (0, 0, 2)), 1e-5),
        (ConvolutionShape.Create(new(1, 1, 40, 40, 768), new(1, 3, 3, 768, 16), (0, 1, 1)), 1e-5),
        (ConvolutionShape.Create(new(1, 5, 26, 27, 32), new(3, 3, 3, 32, 16), (1, 1, 1)), 3e-5),
        (ConvolutionShape.Create(new(1, 4, 32, 32, 192), new(3, 3, 3, 192, 8), (1, 1, 1)), 3e-5),

        // Large weights and few tiles: blocks that all workers share.
        (ConvolutionShape.Create(new(4, 1, 10, 10, 512), new(1, 3, 3, 512, 256), (0, 1, 1)), 1e-5),
        (ConvolutionShape.Create(new(2, 3, 10, 10, 128), new(3, 3, 3, 128, 256), (1, 1, 1)), 3e-5),

        // Enough tiles for weight gradients in parts.
        (ConvolutionShape.Create(new(1, 1, 70, 72, 16), new(1, 3, 3, 16, 24), (0, 1, 1)), 1e-5),
        (ConvolutionShape.Create(new(1, 8, 34, 34, 16), new(3, 3, 3, 16, 16), (1, 1, 1)), 3e-5),
    ];

    [Test]
    public void Error_is_bounded([ValueSource(nameof(Cases))] (ConvolutionShape Shape, double Bound) test)
    {
        var shape = test.Shape;
        var random = new Random(5);
        var x = GradientCheck.RandomValues(random, shape.Input.Count);
        var weight = GradientCheck.RandomValues(random, shape.Weight.Count);
        var dy = GradientCheck.RandomValues(random, shape.Output.Count);
        double[][] expected =
        [
            ConvolutionReference.Forward(shape, x, weight, null), ConvolutionReference.BackwardInput(shape, dy, weight),
            ConvolutionReference.BackwardWeight(shape, x, dy),
        ];
        var (direct, winograd) = (Run(false), Run(true));
        for (var i = 0; i < expected.Length; i++)
        {
            TestContext.Out.WriteLine($"{shape}, direction {i}: direct {Error(direct[i], expected[i]):g2}, Winograd {Error(winograd[i], expected[i]):g2}");
            Assert.That(winograd[i], Is.Not.EqualTo(direct[i]), "the switch has no effect");
            Assert.That(Error(winograd[i], expected[i]), Is.LessThan(test.Bound), $"{shape}, direction {i}");
        }

        float[][] Run(bool fast)
        {
            using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = fast });
            using var scope = new TensorScope();
            var (tx, tweight) = (Tensor.From(device, shape.Input, x), Tensor.From(device, shape.Weight, weight));
            var tdy = Tensor.From(device, shape.Output, dy);
            var (y, dx, dweight) = (Tensor.Empty(device, shape.Output), Tensor.Empty(device, shape.Input), Tensor.Empty(device, shape.Weight));
            Primitives.Convolution.Forward(shape, tx.Buffer, tweight.Buffer, default, y.Buffer);
            Primitives.Convolution.BackwardInput(shape, tdy.Buffer, tweight.Buffer, dx.Buffer);
            Primitives.Convolution.BackwardWeight(shape, tx.Buffer, tdy.Buffer, dweight.Buffer);
            return [y.ToArray(), dx.ToArray(), dweight.ToArray()];
        }

        static double Error(float[] actual, double[] expected) =>
            actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max() / expected.Max(Math.Abs);
    }

    /// <summary>Such results are written past the caches.</summary>
    [Test]
    public void Results_larger_than_the_caches_are_complete()
    {
        var shape = ConvolutionShape.Create(new(2, 1, 451, 449, 16), new(1, 3, 3, 16, 16), (0, 1, 1));
        var random = new Random(6);
        var (x, weight) = (GradientCheck.RandomValues(random, shape.Input.Count), GradientCheck.RandomValues(random, shape.Weight.Count));
        ConvolutionReference.AssertClose(Run(true), [.. Run(false).Select(v => (double)v)], $"{shape}");

        float[] Run(bool fast)
        {
            using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = fast });
            using var scope = new TensorScope();
            var y = Tensor.Filled(device, shape.Output, float.NaN);
            Primitives.Convolution.Forward(shape, Tensor.From(device, shape.Input, x).Buffer, Tensor.From(device, shape.Weight, weight).Buffer, default, y.Buffer);
            return y.ToArray();
        }
    }
}
