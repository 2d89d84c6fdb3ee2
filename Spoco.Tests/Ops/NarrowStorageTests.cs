using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>
/// Units whose tensors are stored as <see cref="BFloat16"/>, against the same units with tensors of single precision: the same sums, rounded once where they are
/// stored. Matrix units are emulated where there are none.
/// </summary>
internal sealed class NarrowStorageTests
{
    private static readonly string[] Devices = ["opencl:0", "cuda:0"];

    /// <summary>As in <see cref="NormConvolutionTests"/>: one tensor; two, enlarged by two, by other factors, not at all; channels that are no multiple of four.</summary>
    private static readonly (TensorShape X, TensorShape Small, int Outputs, int Groups, (int D, int H, int W)? Window)[] Cases =
    [
        (new(2, 1, 9, 13, 8), default, 16, 4, (1, 2, 2)), (new(1, 1, 8, 30, 24), default, 8, 0, (1, 2, 2)), (new(2, 5, 7, 6, 16), default, 24, 2, (2, 2, 2)),
        (new(1, 1, 9, 9, 8), default, 8, 2, (1, 3, 3)), (new(2, 1, 8, 12, 8), new(2, 1, 4, 6, 16), 16, 3, null), (new(2, 4, 6, 8, 16), new(2, 2, 3, 4, 8), 8, 6, null),
        (new(1, 3, 5, 7, 8), new(1, 3, 5, 7, 8), 8, 0, null), (new(1, 5, 6, 8, 8), new(1, 2, 3, 4, 8), 8, 2, null), (new(1, 1, 6, 6, 5), new(1, 1, 3, 3, 7), 3, 3, null),
    ];

    [Test]
    public void A_unit_rounds_what_it_stores(
        [ValueSource(nameof(Devices))] string name,
        [ValueSource(nameof(Cases))] (TensorShape X, TensorShape Small, int Outputs, int Groups, (int D, int H, int W)? Window) test, [Values] bool measured)
    {
        var device = TestDevices.Open(name);
        using var rounding = new PrecisionScope(device, Precision.BF16);
        using var forced = device.Algorithms.Force(nameof(Primitives.NormConvolution), "matrix");
        var (wide, narrow) = (Run(ElementType.F32), Run(ElementType.BF16));
        Assert.That(narrow.Y, Is.EqualTo(wide.Y.Select(Rounded)), "y");
        Assert.That(narrow.Pooled, Is.EqualTo(wide.Pooled.Select(Rounded)), "pooled");
        Assert.That(narrow.Dweight, Is.EqualTo(wide.Dweight), "dweight");
        Assert.That(narrow.Dgamma, Is.EqualTo(wide.Dgamma), "dgamma");
        Assert.That(narrow.Dbeta, Is.EqualTo(wide.Dbeta), "dbeta");

        // Rounded when the convolution stores it, and once more by the norm, whose gradient is smaller.
        AssertNear(narrow.Dx, wide.Dx, wide.LargestBefore, "dx");
        AssertNear(narrow.Dsmall, wide.Dsmall, wide.LargestBefore, "dsmall");

        (float[] Y, float[] Pooled, float[] Dx, float[] Dsmall, float[] Dgamma, float[] Dbeta, float[] Dweight, float LargestBefore) Run(ElementType type)
        {
            using var scope = new TensorScope();
            var random = new Random(7);
            var channels = test.X.C + test.Small.C;
            var x = Stored(test.X, type);
            var small = test.Small.C > 0 ? Stored(test.Small, type) : null;
            var (gamma, beta) = (Given(TensorShape.Vector(channels)).WithGradient(), Given(TensorShape.Vector(channels)).WithGradient());
            var weight = Given(new TensorShape(test.X.D > 1 ? 3 : 1, 3, 3, channels, test.Outputs)).WithGradient();
            var (mean, variance) = (Tensor.Zeros(device, gamma.Shape), Tensor.Filled(device, gamma.Shape, 1));
            var next = new NextOperations(true, test.Window, Narrow: type != ElementType.F32);
            var map = new FeatureMap(x);
            FeatureMap? second = small is null ? null : new FeatureMap(small);
            var (y, pooled) = test.Groups == 0 || !measured
                ? NormConvolution.ApplyBatch(map, second, gamma, beta, mean, variance, measured, weight, ActivationFunction.Relu, next)
                : NormConvolution.Apply(map, second, gamma, beta, test.Groups, weight, ActivationFunction.Relu, next);
            Assert.That(y.Values.ElementType, Is.EqualTo(type));
            Assert.That(pooled?.Values.ElementType ?? type, Is.EqualTo(type));

            // Values that are rounded already, so that both have the same gradient arriving.
            var dy = Cast.Apply(Cast.Apply(Given(y.Shape), ElementType.BF16), type);
            var gradients = small is null ? Gradients.Of(y.Values, [x, gamma, beta, weight], dy) : Gradients.Of(y.Values, [x, gamma, beta, weight, small], dy);
            Assert.That(gradients[0].ElementType, Is.EqualTo(type));
            return (Values(y.Values), pooled is { } p ? Values(p.Values) : [], Values(gradients[0]), small is null ? [] : Values(gradients[4]), gradients[1].ToArray(),
                gradients[2].ToArray(), gradients[3].ToArray(), Values(gradients[0]).Concat(small is null ? [] : Values(gradients[4])).Max(Math.Abs));

            Tensor Given(TensorShape shape) => Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count));

            Tensor Stored(TensorShape shape, ElementType as_) => Cast.Apply(Cast.Apply(Given(shape), ElementType.BF16), as_).WithGradient();
        }
    }

    /// <summary>Where a device's precision changes between two passes, what the first has stored stays readable.</summary>
    [Test]
    public void What_is_narrow_is_read_in_any_precision([ValueSource(nameof(Devices))] string name)
    {
        var device = TestDevices.Open(name);
        using var forced = device.Algorithms.Force(nameof(Primitives.Convolution), "matrix");
        using var scope = new TensorScope();
        var random = new Random(6);
        TensorShape shape = new(1, 1, 7, 9, 16);
        var (given, dy) = (Given(shape), Given(shape));
        var (x, weight) = (Cast.Apply(given, ElementType.BF16).WithGradient(), Given(new(1, 3, 3, 16, 16)).WithGradient());
        var results = Enum.GetValues<Precision>().Select(precision =>
        {
            using var rounding = new PrecisionScope(device, precision);
            var y = Convolution.Apply(x, weight);
            return (float[])[.. y.ToArray(), .. Gradients.Of(y, [x, weight], dy)[1].ToArray()];
        }).ToArray();
        Assert.That(results[(int)Precision.F32], Is.EqualTo(results[(int)Precision.BF16]));
        Assert.That(results[(int)Precision.TF32], Is.EqualTo(results[(int)Precision.BF16]));

        Tensor Given(TensorShape s) => Tensor.From(device, s, GradientCheck.RandomValues(random, s.Count));
    }

    /// <summary>The last convolution of a network, of another type on either side.</summary>
    [Test]
    public void A_convolution_reads_what_is_narrow([ValueSource(nameof(Devices))] string name, [Values(1, 3)] int slices, [Values("matrix", "tiles")] string algorithm)
    {
        var device = TestDevices.Open(name);
        using var rounding = new PrecisionScope(device, Precision.BF16);
        using var forced = device.Algorithms.Force(nameof(Primitives.Convolution), algorithm);
        TensorShape shape = new(2, slices, 7, 9, 16), weightShape = new(1, 1, 1, 16, 5);
        using var scope = new TensorScope();
        var random = new Random(5);
        var values = Cast.Apply(Given(shape), ElementType.BF16);
        var (weight, bias, dy) = (Given(weightShape).WithGradient(), Given(TensorShape.Vector(5)).WithGradient(), Given(shape.WithChannels(5)));
        var (narrow, wide) = (Run(ElementType.BF16), Run(ElementType.F32));
        Assert.That(narrow.Y, Is.EqualTo(wide.Y));
        Assert.That(narrow.Dx, Is.EqualTo(wide.Dx.Select(Rounded)));
        Assert.That(narrow.Dweight, Is.EqualTo(wide.Dweight));

        (float[] Y, float[] Dx, float[] Dweight) Run(ElementType type)
        {
            var x = Cast.Apply(values, type).WithGradient();
            var y = Convolution.Apply(x, weight, bias);
            var gradients = Gradients.Of(y, [x, weight], dy);
            Assert.That((y.ElementType, gradients[0].ElementType), Is.EqualTo((ElementType.F32, type)));
            return (y.ToArray(), Values(gradients[0]), gradients[1].ToArray());
        }

        Tensor Given(TensorShape s) => Tensor.From(device, s, GradientCheck.RandomValues(random, s.Count));
    }

    [Test]
    public void Pooling_keeps_what_is_narrow([ValueSource(nameof(Devices))] string name)
    {
        var device = TestDevices.Open(name);
        using var scope = new TensorScope();
        var random = new Random(5);
        TensorShape shape = new(2, 3, 7, 9, 5);
        var values = Cast.Apply(Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)), ElementType.BF16);
        var narrow = values.Detach().WithGradient();
        var wide = Cast.Apply(values, ElementType.F32).WithGradient();
        var (y, expected) = (MaxPool.Apply(narrow, (2, 2, 3)), MaxPool.Apply(wide, (2, 2, 3)));
        Assert.That(Values(y), Is.EqualTo(expected.ToArray()));
        var dy = Cast.Apply(Tensor.From(device, y.Shape, GradientCheck.RandomValues(random, y.Shape.Count)), ElementType.BF16);
        Assert.That(Values(Gradients.Of(y, [narrow], dy)[0]), Is.EqualTo(Gradients.Of(expected, [wide], Cast.Apply(dy, ElementType.F32))[0].ToArray()));
    }

    /// <summary>What a training step takes, apart from what stands for matrix units: nearly all of it are results of units.</summary>
    [Test]
    public void A_network_keeps_half([ValueSource(nameof(Devices))] string name, [Values(2, 3)] int dimensions)
    {
        var device = TestDevices.Open(name);
        using var convolution = device.Algorithms.Force(nameof(Primitives.Convolution), "matrix");
        using var unit = device.Algorithms.Force(nameof(Primitives.NormConvolution), "matrix");
        var options = new UNetOptions
        {
            Dimensions = dimensions, InputChannels = 1, OutputChannels = 2, FeatureMaps = [16, 32, 64], Order = dimensions == 2 ? "bcr" : "gcr", Groups = 4,
        };
        using var net = new UNet(device, options);
        net.Parameters.Initialise(3);
        var shape = dimensions == 2 ? new TensorShape(1, 1, 128, 124, 1) : new TensorShape(1, 8, 40, 38, 1);
        var values = GradientCheck.RandomValues(new Random(1), shape.Count);
        var (wide, narrow) = (Step(Precision.TF32), Step(Precision.BF16));
        TestContext.Out.WriteLine($"kept {wide.Kept} and {narrow.Kept} bytes; distances {Distance(narrow.Y, wide.Y):g2}, {Distance(narrow.Gradient, wide.Gradient):g2}");
        Assert.That((narrow.Kept / 1e6, wide.Kept / 1e6), Is.EqualTo(dimensions == 2 ? (3.5, 6.7) : (2.2, 4.0)).Within(0.05), "docs/precision.md");

        // Two steps are the same bits, and near to those of TF32.
        Assert.That(Step(Precision.BF16).Gradient, Is.EqualTo(narrow.Gradient));
        Assert.That(Distance(narrow.Y, wide.Y), Is.LessThan(0.05));
        Assert.That(Distance(narrow.Gradient, wide.Gradient), Is.LessThan(0.2));

        (float[] Y, float[] Gradient, long Kept) Step(Precision precision)
        {
            using var rounding = new PrecisionScope(device, precision);
            net.Parameters.Gradients.Clear();
            var before = device.Pool.Statistics.LiveBytes;
            using var scope = new TensorScope();
            var y = net.Forward(Tensor.From(device, shape, values), training: true);
            var kept = device.Pool.Statistics.LiveBytes - before;
            Gradients.Backward(y);
            return (y.ToArray(), net.Parameters.Gradients.ToArray(), kept);
        }
    }

    private static float Rounded(float value) => (BFloat16)value;

    private static float[] Values(Tensor tensor)
    {
        using var scope = new TensorScope();
        return Cast.Apply(tensor.Detach(), ElementType.F32).ToArray();
    }

    private static void AssertNear(float[] actual, float[] expected, float largest, string what)
    {
        for (var i = 0; i < actual.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(Math.ScaleB(Math.Abs(expected[i]) + 2 * largest, -8)), $"{what}, element {i}");
    }

    /// <summary>Euclidean, relative to the second.</summary>
    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => Math.Pow(x - y, 2)).Sum() / b.Sum(v => (double)v * v));
}
