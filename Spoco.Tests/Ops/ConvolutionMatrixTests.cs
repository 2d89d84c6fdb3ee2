using System.Globalization;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>The algorithm <c>matrix</c> of <see cref="Primitives.Convolution"/>, in each <see cref="Precision"/>, on devices with matrix units and on those that emulate them.</summary>
internal sealed class ConvolutionMatrixTests
{
    private static readonly string[] Devices = ["opencl:0", "cuda:0"];

    /// <summary>Images, windows and channels around the sizes of boxes, slabs and tiles of columns.</summary>
    private static readonly ConvolutionShape[] Shapes =
    [
        Shape(new(1, 1, 1, 1, 1), (1, 1, 1), 1, (0, 0, 0)),
        Shape(new(2, 1, 1, 1, 3), (1, 3, 3), 16, (0, 1, 1)),
        Shape(new(1, 1, 9, 7, 16), (1, 3, 3), 17, (0, 1, 1)),
        Shape(new(2, 1, 5, 37, 17), (1, 3, 3), 33, (0, 1, 1)),
        Shape(new(1, 1, 17, 19, 33), (1, 5, 5), 3, (0, 2, 2)),
        Shape(new(2, 1, 3, 11, 96), (1, 1, 1), 64, (0, 0, 0)),
        Shape(new(1, 1, 6, 10, 64), (1, 3, 3), 96, (0, 0, 0)),
        Shape(new(1, 3, 5, 7, 16), (3, 3, 3), 16, (1, 1, 1)),
        Shape(new(2, 5, 3, 9, 1), (3, 3, 3), 33, (1, 1, 1)),
        Shape(new(1, 2, 5, 3, 33), (3, 3, 3), 1, (1, 1, 1)),
        Shape(new(1, 4, 3, 5, 3), (1, 3, 3), 64, (0, 1, 1)),
        Shape(new(1, 7, 2, 2, 17), (3, 1, 1), 17, (0, 0, 0)),
        Shape(new(2, 3, 3, 3, 64), (1, 1, 1), 3, (0, 0, 0)),
        Shape(new(1, 1, 4, 6, 5), (1, 1, 1), 7, (0, 2, 1)),
    ];

    /// <summary>
    /// Of every element: the rounding of its factors, and that of its sums, of n terms. Sums that are rounded are off by 2^-24 of what is summed up for every
    /// term at most. Matrix units cut what they add, and what they add to, which comes to 2^-22.
    /// </summary>
    [Test]
    public void Errors_are_those_of_the_format(
        [ValueSource(nameof(Devices))] string name, [Values] Precision precision, [ValueSource(nameof(Shapes))] ConvolutionShape shape)
    {
        var device = Open(name, shape);
        var values = Values.Random(shape);
        var addition = MatrixLaunch.Pays(device.Capabilities) ? Math.ScaleB(1, -22) : Math.ScaleB(1, -24);
        foreach (var (direction, actual) in Run(device, precision, shape, values))
        {
            var (exact, magnitudes) = (values.Reference(direction, shape), values.Absolute.Reference(direction, shape));
            var relative = OfProduct(precision) + Terms(direction, shape) * addition;
            for (var i = 0; i < actual.Length; i++)
            {
                if (!(Math.Abs(actual[i] - exact[i]) <= relative * magnitudes[i]))
                    Assert.Fail($"{direction}, element {i}: {actual[i]:g9}, expected {exact[i]:g9} within {relative * magnitudes[i]:g3}");
            }
        }
    }

    /// <summary>
    /// Weight gradients of every width of tile, of boxes of one slice and of two, more than one of them, with channels read at once and one by one: products of rounded factors are exact, so
    /// that only summing adds errors.
    /// </summary>
    [Test]
    public void Weight_gradients_add_exact_products(
        [ValueSource(nameof(Devices))] string name, [Values(Precision.TF32, Precision.BF16)] Precision precision, [Values(16, 32, 64)] int outputs, [Values(1, 3)] int slices,
        [Values(3, 20)] int inputs)
    {
        var shape = Shape(new(2, slices, 13, 11, inputs), (slices, 3, 3), outputs, (slices / 2, 1, 1));
        var device = Open(name, shape);
        var values = Values.Random(shape);
        var rounded = new Values([.. values.X.Select(Round)], values.Weight, [.. values.Dy.Select(Round)]);
        var (exact, magnitudes) = (rounded.Reference(Direction.Weight, shape), rounded.Absolute.Reference(Direction.Weight, shape));
        var actual = Run(device, precision, shape, values)[Direction.Weight];
        var relative = Terms(Direction.Weight, shape) * Math.ScaleB(1, MatrixLaunch.Pays(device.Capabilities) ? -22 : -24);
        for (var i = 0; i < actual.Length; i++)
        {
            if (!(Math.Abs(actual[i] - exact[i]) <= relative * magnitudes[i]))
                Assert.Fail($"element {i}: {actual[i]:g9}, expected {exact[i]:g9} within {relative * magnitudes[i]:g3}");
        }

        float Round(float value) => BitConverter.Int32BitsToSingle(precision == Precision.TF32 ? TensorFloat32.Round(value) : default(BrainFormat).Narrow(value) << 16);
    }

    /// <summary>A precision that is not passed on would be as exact as another one.</summary>
    [Test]
    public void Each_precision_is_used([ValueSource(nameof(Devices))] string name, [Values(1, 3)] int slices)
    {
        var shape = Shape(new(1, slices, 6, 9, 33), (slices, 3, 3), 17, (slices / 2, 1, 1));
        var device = Open(name, shape);
        var values = Values.Random(shape);
        var results = Enum.GetValues<Precision>().ToDictionary(p => p, p => Run(device, p, shape, values));
        foreach (var direction in Enum.GetValues<Direction>())
        {
            // A direction that is computed by other units is the same in each.
            if (direction == Direction.Weight && results[Precision.F32][direction].SequenceEqual(results[Precision.TF32][direction]))
                continue;
            var exact = values.Reference(direction, shape);
            var errors = results.ToDictionary(r => r.Key, r => r.Value[direction].Zip(exact, (a, e) => Math.Abs(a - e)).Max());
            TestContext.Out.WriteLine($"{direction}: {string.Join(", ", errors.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key} {e.Value:g3}")))}");
            Assert.That(errors[Precision.F32], Is.LessThan(errors[Precision.TF32] / 100), $"{direction}");
            Assert.That(errors[Precision.TF32], Is.LessThan(errors[Precision.BF16] / 4), $"{direction}");
        }
    }

    /// <summary>A product that is off by almost all that <see cref="OfProduct"/> allows: the bounds cannot be lower.</summary>
    [Test]
    public void Bounds_are_reached([ValueSource(nameof(Devices))] string name, [Values] Precision precision)
    {
        // The largest rests that are rounded down; halves between neighbours.
        var factor = BitConverter.UInt32BitsToSingle(precision switch { Precision.F32 => 0x3F801FFDu, Precision.TF32 => 0x3F801000u, _ => 0x3F808000u });
        var shape = Shape(new(1, 1, 1, 1, 1), (1, 1, 1), 1, (0, 0, 0));
        var y = Run(Open(name, shape), precision, shape, new Values([factor], [factor], [factor]))[Direction.Forward][0];
        var exact = (double)factor * factor;
        Assert.That(Math.Abs(y - exact), Is.InRange(0.9 * OfProduct(precision) * exact, (OfProduct(precision) + Math.ScaleB(1, -24)) * exact), $"{y:g9}");
    }

    /// <summary>Of a weight gradient, which adds products with the zeros around an image, what has the channel of such a number may be none either.</summary>
    [Test]
    public void What_is_no_finite_number_stays_in_its_windows(
        [ValueSource(nameof(Devices))] string name, [Values] Precision precision, [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value,
        [Values(1, 3)] int slices)
    {
        var shape = Shape(new(2, slices, 9, 11, 17), (slices, 3, 3), 19, (slices / 2, 1, 1));
        var device = Open(name, shape);
        foreach (var (h, w, c) in ((int, int, int)[])[(0, 0, 0), (5, 8, 16), (4, 4, 1)])
        {
            var values = Values.Random(shape);
            values.X[((shape.Input.D / 2 * shape.Input.H + h) * shape.Input.W + w) * shape.InputChannels + c] = value;
            values.Dy[((shape.Output.D / 2 * shape.Output.H + h) * shape.Output.W + w) * shape.OutputChannels + c] = value;
            foreach (var (direction, actual) in Run(device, precision, shape, values))
            {
                var expected = values.Reference(direction, shape);
                for (var i = 0; i < actual.Length; i++)
                {
                    var mayBeNone = direction == Direction.Weight && (i % shape.OutputChannels == c || i / shape.OutputChannels % shape.InputChannels == c);
                    if (float.IsFinite(actual[i]) != double.IsFinite(expected[i]) && !(mayBeNone && double.IsFinite(expected[i])))
                        Assert.Fail($"{direction}, ({h},{w},{c}), element {i}: {actual[i]:g9}, expected {expected[i]:g9}");
                }
            }
        }
    }

    /// <summary>NaNs of every payload: those whose upper bits are 0 would be infinity where they are cut.</summary>
    [Test]
    public void Every_NaN_stays_one([ValueSource(nameof(Devices))] string name, [Values] Precision precision)
    {
        uint[] bits = [0x7F800001, 0x7F801FFF, 0x7F80FFFF, 0x7FFFFFFF, 0x7FC00000, 0x7FBFFFFF, 0xFF800001, 0xFFFFFFFF, 0xFFC00000, 0xFFFFE000];
        var shape = Shape(new(1, 1, 1, bits.Length, 1), (1, 1, 1), 1, (0, 0, 0));
        float[] x = [.. bits.Select(BitConverter.UInt32BitsToSingle)];
        var results = Run(Open(name, shape), precision, shape, new Values(x, [1], x));
        Assert.That(results[Direction.Forward], Is.All.NaN);
        Assert.That(results[Direction.Input], Is.All.NaN);
        Assert.That(results[Direction.Weight], Is.All.NaN);
    }

    /// <summary>
    /// Numbers that are half a unit of the format below the largest one keep their relative error; those that are split, 2^-19. What is larger may become infinity,
    /// as rounding makes it, but never NaN.
    /// </summary>
    [Test]
    public void Values_near_the_largest_do_not_overflow_early([ValueSource(nameof(Devices))] string name, [Values] Precision precision)
    {
        const uint Largest = 0x7F7FFFFF;
        var step = precision switch { Precision.F32 => 1u << 5, Precision.TF32 => 1u << 12, _ => 1u << 15 };
        var kept = Largest - step;
        uint[] bits = [kept, kept - 1, kept - step, Largest - 4 * step, 0x7F000000, 0x7E800001, kept | 0x80000000, Largest, Largest - 1, Largest | 0x80000000];
        var shape = Shape(new(1, 1, 1, bits.Length, 1), (1, 1, 1), 1, (0, 0, 0));
        float[] x = [.. bits.Select(BitConverter.UInt32BitsToSingle)];
        foreach (var weight in (float[])[1, -1, 0.5f])
        {
            var results = Run(Open(name, shape), precision, shape, new Values(x, [weight], x));
            foreach (var actual in (float[][])[results[Direction.Forward], results[Direction.Input]])
            {
                for (var i = 0; i < x.Length; i++)
                {
                    var exact = (double)x[i] * weight;
                    var near = Math.Abs(actual[i] - exact) <= (OfProduct(precision) + Math.ScaleB(1, -24)) * Math.Abs(exact);
                    var beyond = (bits[i] & 0x7FFFFFFF) > kept && float.IsInfinity(actual[i]) && Math.Sign(actual[i]) == Math.Sign(exact);
                    Assert.That(near || beyond, $"{bits[i]:x8} times {weight}: {actual[i]:g9}");
                }
            }
        }
    }

    /// <summary>As on devices with more multiprocessors than there are tiles, and with fewer.</summary>
    [Test]
    public void Narrow_tiles_give_the_same_bits([ValueSource(nameof(Devices))] string name, [Values] Precision precision, [Values(33, 72)] int outputs)
    {
        var shape = Shape(new(2, 1, 5, 9, 40), (1, 3, 3), outputs, (0, 1, 1));
        var device = Open(name, shape).Ilgpu;
        var (values, before) = (Values.Random(shape), device.Multiprocessors);
        try
        {
            var results = ((int[])[1, 7, int.MaxValue]).Select(count =>
            {
                device.Multiprocessors = count;
                return Run(device, precision, shape, values);
            }).ToArray();
            foreach (var direction in Enum.GetValues<Direction>())
                Assert.That(results.Select(r => r[direction]), Is.All.EqualTo(results[0][direction]), $"{direction}");
        }
        finally
        {
            device.Multiprocessors = before;
        }
    }

    [TestCase(512, 4, 132, ExpectedResult = 16)]
    [TestCase(256, 20, 132, ExpectedResult = 32)]
    [TestCase(512, 32, 132, ExpectedResult = 64)]
    [TestCase(33, 1, 1, ExpectedResult = 64)]
    [TestCase(17, 1, 2, ExpectedResult = 16)]
    [TestCase(3, 1, 1000, ExpectedResult = 16)]
    public int Tiles_are_narrow_where_wide_ones_are_few(int columns, int boxes, int multiprocessors) => MatrixTiles.Columns(columns, boxes, multiprocessors);

    [Test]
    public void Zeros_of_either_sign_give_zero([ValueSource(nameof(Devices))] string name, [Values] Precision precision)
    {
        var shape = Shape(new(1, 1, 5, 6, 17), (1, 3, 3), 18, (0, 1, 1));
        var random = Values.Random(shape);
        foreach (var values in (Values[])[Signed(random.X, random), random with { Weight = [.. random.Weight.Select((_, i) => i % 3 == 0 ? -0f : 0f)], Dy = Zeros(random.Dy) }])
        {
            foreach (var (direction, actual) in Run(Open(name, shape), precision, shape, values))
                Assert.That(actual, Is.All.Zero, $"{direction}");
        }

        static Values Signed(float[] x, Values others) => others with { X = Zeros(x), Dy = Zeros(others.Dy) };

        static float[] Zeros(float[] values) => [.. values.Select(v => v < 0 ? -0f : 0f)];
    }

    /// <summary>What a window reaches has to find room in shared memory.</summary>
    [Test]
    public void Windows_that_are_too_large_are_left_to_others([ValueSource(nameof(Devices))] string name)
    {
        foreach (var shape in (ConvolutionShape[])[Shape(new(1, 5, 5, 5, 2), (5, 5, 5), 2, (2, 2, 2)), Shape(new(1, 1, 40, 40, 1), (1, 17, 17), 1, (0, 8, 8))])
        {
            var device = TestDevices.Open(name);
            var problem = new ConvolutionProblem(shape, default);
            Assert.That(Primitives.Convolution.Chooser.Running(device, problem).Select(a => a.Name), Has.None.EqualTo("matrix").And.Some.EqualTo("tiles"));
            using var forced = device.Algorithms.Force(nameof(Convolution), "matrix");
            Assert.That(() => Primitives.Convolution.Chooser.For(device, problem), Throws.TypeOf<DeviceException>().With.Message.Contains("'matrix' does not run"));
        }
    }

    /// <summary>
    /// Largest relative error of a product. Two roundings to 11 significant bits, halves away from 0, or to 8: 2 u with u = 2^-11, 2^-8. Split factors leave
    /// out the product of the rests, up to 2^-20, and round each rest, of which up to 2^-23 of the factor is lost where it is that large.
    /// </summary>
    internal static double OfProduct(Precision precision) => precision switch
    {
        Precision.F32 => 1.25 * Math.ScaleB(1, -20),
        Precision.TF32 => Math.ScaleB(1, -10),
        _ => Math.ScaleB(1, -7),
    };

    /// <summary>Terms of an element's sum at most.</summary>
    private static long Terms(Direction direction, ConvolutionShape shape) => direction switch
    {
        Direction.Forward => shape.Terms,
        Direction.Input => shape.Taps * shape.OutputChannels,
        _ => shape.Output.Voxels,
    };

    private static ComputeDevice Open(string name, ConvolutionShape shape)
    {
        var device = TestDevices.Open(name);
        if (device.Capabilities.GroupThreads < MatrixTiles.Threads(64) || device.Capabilities.SharedMemory < MatrixTiles.SharedBytes(64))
            Assert.Ignore($"{name} has no room for the tiles of matrix units.");
        Assert.That(Primitives.Convolution.Chooser.Running(device, new ConvolutionProblem(shape, default)).Select(a => a.Name), Has.Some.EqualTo("matrix"));
        return device;
    }

    private static Dictionary<Direction, float[]> Run(ComputeDevice device, Precision precision, ConvolutionShape shape, Values values)
    {
        using var holdings = new Holdings();
        var (x, weight, dy) = (Given(values.X), Given(values.Weight), Given(values.Dy));
        var (y, dx, dweight) = (Result(shape.Output.Count), Result(shape.Input.Count), Result(shape.Weight.Count));
        using var forced = device.Algorithms.Force(nameof(Convolution), "matrix");
        using var rounding = new PrecisionScope(device, precision);
        Primitives.Convolution.Forward(shape, x, weight, default, y);
        Primitives.Convolution.BackwardInput(shape, dy, weight, dx);
        Primitives.Convolution.BackwardWeight(shape, x, dy, dweight);
        return new() { [Direction.Forward] = y.ToArray(), [Direction.Input] = dx.ToArray(), [Direction.Weight] = dweight.ToArray() };

        DeviceBuffer<float> Given(float[] given) => holdings.Upload<float>(device, given, "test");

        DeviceBuffer<float> Result(long count) => holdings.Upload<float>(device, [.. Enumerable.Repeat(float.NaN, (int)count)], "test");
    }

    private static ConvolutionShape Shape(TensorShape input, (int D, int H, int W) kernel, int channels, (int, int, int) padding) =>
        ConvolutionShape.Create(input, new WeightShape(kernel.D, kernel.H, kernel.W, input.C, channels), padding);

    private enum Direction
    {
        Forward,
        Input,
        Weight,
    }

    private sealed record Values(float[] X, float[] Weight, float[] Dy)
    {
        public Values Absolute => new([.. X.Select(Math.Abs)], [.. Weight.Select(Math.Abs)], [.. Dy.Select(Math.Abs)]);

        public static Values Random(ConvolutionShape shape)
        {
            var random = new Random((int)(shape.Input.Count + 7 * shape.Weight.Count));
            return new(GradientCheck.RandomValues(random, shape.Input.Count), GradientCheck.RandomValues(random, shape.Weight.Count),
                GradientCheck.RandomValues(random, shape.Output.Count));
        }

        public double[] Reference(Direction direction, ConvolutionShape shape) => direction switch
        {
            Direction.Forward => ConvolutionReference.Forward(shape, X, Weight, null),
            Direction.Input => ConvolutionReference.BackwardInput(shape, Dy, Weight),
            _ => ConvolutionReference.BackwardWeight(shape, X, Dy),
        };
    }
}
