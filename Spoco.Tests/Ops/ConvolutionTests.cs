using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Golden;
using Convolution = Spoco.Engine.Ops.Convolution;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

internal sealed class ConvolutionTests
{
    /// <summary>Input [N,D,H,W,Cin], kernel, output channels, padding: small enough for the simulator.</summary>
    private static readonly ConvolutionShape[] SmallShapes =
    [
        Shape(new(1, 1, 1, 1, 1), (1, 1, 1), 1, (0, 0, 0)),
        Shape(new(1, 1, 1, 1, 1), (3, 3, 3), 2, (1, 1, 1)),
        Shape(new(1, 1, 2, 3, 2), (1, 5, 7), 3, (0, 3, 4)),
        Shape(new(2, 1, 5, 4, 3), (1, 3, 3), 5, (0, 1, 1)),
        Shape(new(1, 3, 4, 5, 2), (3, 3, 3), 3, (1, 1, 1)),
        Shape(new(1, 4, 3, 6, 1), (3, 1, 5), 4, (0, 0, 0)),
        Shape(new(1, 2, 3, 3, 2), (2, 2, 2), 2, (1, 1, 1)),
        Shape(new(2, 1, 3, 3, 5), (1, 1, 1), 7, (0, 0, 0)),
        Shape(new(1, 1, 2, 2, 3), (1, 1, 1), 2, (0, 2, 1)),
        Shape(new(1, 1, 3, 5, 17), (1, 3, 3), 18, (0, 1, 1)),
    ];

    /// <summary>Channel counts around the widths of vectors and tiles, and images around the lengths of strips.</summary>
    private static readonly ConvolutionShape[] Shapes =
    [
        .. SmallShapes,
        Shape(new(1, 1, 7, 13, 8), (1, 3, 3), 16, (0, 1, 1)),
        Shape(new(2, 3, 5, 7, 16), (3, 3, 3), 17, (1, 1, 1)),
        Shape(new(1, 2, 6, 11, 17), (1, 3, 3), 8, (0, 0, 0)),
        Shape(new(1, 3, 9, 25, 32), (3, 3, 3), 33, (1, 1, 1)),
        Shape(new(1, 5, 6, 14, 33), (3, 1, 5), 32, (2, 1, 3)),
        Shape(new(1, 1, 14, 14, 64), (1, 3, 3), 96, (0, 1, 1)),
        Shape(new(1, 1, 6, 9, 96), (1, 5, 5), 64, (0, 2, 2)),
        Shape(new(1, 1, 3, 230, 3), (1, 3, 3), 24, (0, 1, 1)),
        Shape(new(1, 1, 2, 700, 1), (1, 3, 9), 48, (0, 1, 4)),
        Shape(new(3, 2, 5, 7, 64), (1, 1, 1), 17, (0, 0, 0)),
        Shape(new(2, 1, 1, 1, 3000), (1, 1, 1), 40, (0, 0, 0)),
        Shape(new(1, 1, 4, 5, 700), (1, 3, 3), 9, (0, 1, 1)),
        Shape(new(1, 2, 3, 4, 3), (1, 1, 1), 5, (2, 3, 1)),
        Shape(new(1, 3, 6, 15, 1), (3, 3, 3), 32, (1, 1, 1)),
        Shape(new(2, 2, 5, 13, 32), (3, 3, 3), 3, (1, 1, 1)),
        Shape(new(3, 1, 1, 1, 3000), (1, 1, 1), 2, (0, 0, 0)),

        // Channels that fill the tiles of matrix units; voxels that do not.
        Shape(new(2, 3, 9, 10, 16), (3, 3, 3), 32, (1, 1, 1)),
        Shape(new(1, 2, 5, 17, 48), (3, 3, 3), 64, (1, 1, 1)),
        Shape(new(2, 1, 19, 9, 32), (1, 3, 3), 16, (0, 1, 1)),
        Shape(new(1, 4, 7, 11, 16), (3, 3, 3), 16, (0, 1, 2)),
        Shape(new(1, 5, 6, 7, 32), (5, 3, 3), 128, (2, 0, 1)),
        Shape(new(2, 1, 9, 11, 3), (1, 3, 3), 16, (0, 1, 1)),
    ];

    private static IEnumerable<TestCaseData> DeviceShapes =>
        from name in TestDevices.All
        from shape in name == "ilgpu-cpu" ? SmallShapes : Shapes
        select new TestCaseData(name, shape).SetArgDisplayNames(name, shape.ToString());

    private static IEnumerable<TestCaseData> LaneShapes =>
        from lanes in (int[])[4, 8, 16]
        from shape in Shapes
        select new TestCaseData(lanes, shape).SetArgDisplayNames($"{lanes} lanes", shape.ToString());

    private static IEnumerable<TestCaseData> GoldenCases =>
        from name in TestDevices.All
        from golden in GoldenSet.Torch.Cases("conv2d").Concat(GoldenSet.Torch.Cases("conv3d"))
        where name != "ilgpu-cpu" || golden.Datasets.All(d => d.Shape.Aggregate(1, (a, b) => a * b) <= 1000)
        select new TestCaseData(name, golden).SetArgDisplayNames(name, golden.ToString());

    [TestCaseSource(nameof(DeviceShapes))]
    public void Every_direction_equals_reference(string name, ConvolutionShape shape)
    {
        var device = TestDevices.Open(name);
        var (x, weight, bias, dy) = Values(shape);
        using var scope = new TensorScope();
        var tx = Tensor.From(device, shape.Input, x);
        var tweight = Tensor.From(device, shape.Weight, weight);
        var tbias = Tensor.From(device, TensorShape.Vector(bias.Length), bias);
        var tdy = Tensor.From(device, shape.Output, dy);
        var y = Tensor.Empty(device, shape.Output);
        var dx = Tensor.Empty(device, shape.Input);
        var dweight = Tensor.Empty(device, shape.Weight);
        var dbias = Tensor.Empty(device, tbias.Shape);

        foreach (var algorithm in Primitives.Convolution.Chooser.Running(device, new ConvolutionProblem(shape, default)))
        {
            var way = algorithm.Name;
            algorithm.Forward(shape, tx.Buffer, tweight.Buffer, default, y.Buffer, default);
            ConvolutionReference.AssertClose(y.ToArray(), ConvolutionReference.Forward(shape, x, weight, null), $"{way}: y without bias");
            var expected = ConvolutionReference.Forward(shape, x, weight, bias);
            foreach (var f in ActivationReference.Functions)
            {
                if (!algorithm.Runs(device.Capabilities, new ConvolutionProblem(shape, f)))
                    continue;
                algorithm.Forward(shape, tx.Buffer, tweight.Buffer, tbias.Buffer, y.Buffer, f);
                ConvolutionReference.AssertClose(y.ToArray(), [.. expected.Select(v => ActivationReference.Apply(f, v))], $"{way}: y, {f}");
            }

            algorithm.BackwardInput(shape, tdy.Buffer, tweight.Buffer, dx.Buffer);
            ConvolutionReference.AssertClose(dx.ToArray(), ConvolutionReference.BackwardInput(shape, dy, weight), $"{way}: dx");
            algorithm.BackwardWeight(shape, tx.Buffer, tdy.Buffer, dweight.Buffer);
            ConvolutionReference.AssertClose(dweight.ToArray(), ConvolutionReference.BackwardWeight(shape, x, dy), $"{way}: dweight");
        }

        Primitives.ChannelSum.Forward(shape.Output, tdy.Buffer, dbias.Buffer);
        ConvolutionReference.AssertClose(dbias.ToArray(), ConvolutionReference.BackwardBias(shape, dy), "dbias");
    }

    /// <summary>Each width of vector gives right results on every processor, in hardware or emulated.</summary>
    [TestCaseSource(nameof(LaneShapes))]
    public void Every_vector_width_equals_reference(int lanes, ConvolutionShape shape)
    {
        var host = TestDevices.Open("cpu");
        var (x, weight, bias, dy) = Values(shape);
        using var scope = new TensorScope();
        var (tx, tweight, tbias) = (Tensor.From(host, shape.Input, x), Tensor.From(host, shape.Weight, weight), Tensor.From(host, TensorShape.Vector(bias.Length), bias));
        var tdy = Tensor.From(host, shape.Output, dy);
        var (y, dx, dweight) = (Tensor.Empty(host, shape.Output), Tensor.Empty(host, shape.Input), Tensor.Empty(host, shape.Weight));
        var problem = new ConvolutionProblem(shape, default);
        foreach (var algorithm in (ConvolutionAlgorithm[])[new ConvolutionDirect { Lanes = lanes }, new ConvolutionWinograd { Lanes = lanes }])
        {
            if (!algorithm.Runs(host.Capabilities, problem))
                continue;
            algorithm.Forward(shape, tx.Buffer, tweight.Buffer, tbias.Buffer, y.Buffer, default);
            algorithm.BackwardInput(shape, tdy.Buffer, tweight.Buffer, dx.Buffer);
            algorithm.BackwardWeight(shape, tx.Buffer, tdy.Buffer, dweight.Buffer);
            ConvolutionReference.AssertClose(y.ToArray(), ConvolutionReference.Forward(shape, x, weight, bias), $"{algorithm.Name}: y");
            ConvolutionReference.AssertClose(dx.ToArray(), ConvolutionReference.BackwardInput(shape, dy, weight), $"{algorithm.Name}: dx");
            ConvolutionReference.AssertClose(dweight.ToArray(), ConvolutionReference.BackwardWeight(shape, x, dy), $"{algorithm.Name}: dweight");
        }
    }

    /// <summary>Right for every number of workers, and bit for bit the same for the same number.</summary>
    [Test]
    public void Threads_share_the_work([Values(1, 2, 3, 7)] int threads)
    {
        var shape = Shape(new(1, 3, 9, 25, 6), (3, 3, 3), 40, (1, 1, 1));
        var (x, weight, _, dy) = Values(shape);
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        var first = Run();
        ConvolutionReference.AssertClose(first.Y, ConvolutionReference.Forward(shape, x, weight, null), "y");
        ConvolutionReference.AssertClose(first.Dx, ConvolutionReference.BackwardInput(shape, dy, weight), "dx");
        ConvolutionReference.AssertClose(first.Dweight, ConvolutionReference.BackwardWeight(shape, x, dy), "dweight");
        ConvolutionReference.AssertClose(first.Dbias, ConvolutionReference.BackwardBias(shape, dy), "dbias");
        for (var repeat = 0; repeat < 3; repeat++)
        {
            var again = Run();
            Assert.That(again.Y, Is.EqualTo(first.Y));
            Assert.That(again.Dx, Is.EqualTo(first.Dx));
            Assert.That(again.Dweight, Is.EqualTo(first.Dweight));
            Assert.That(again.Dbias, Is.EqualTo(first.Dbias));
        }

        (float[] Y, float[] Dx, float[] Dweight, float[] Dbias) Run()
        {
            using var scope = new TensorScope();
            var (tx, tweight) = (Tensor.From(device, shape.Input, x), Tensor.From(device, shape.Weight, weight));
            var tdy = Tensor.From(device, shape.Output, dy);
            var (y, dx, dweight) = (Tensor.Empty(device, shape.Output), Tensor.Empty(device, shape.Input), Tensor.Empty(device, shape.Weight));
            var dbias = Tensor.Empty(device, TensorShape.Vector(shape.OutputChannels));
            Primitives.Convolution.Forward(shape, tx.Buffer, tweight.Buffer, default, y.Buffer);
            Primitives.Convolution.BackwardInput(shape, tdy.Buffer, tweight.Buffer, dx.Buffer);
            Primitives.Convolution.BackwardWeight(shape, tx.Buffer, tdy.Buffer, dweight.Buffer);
            Primitives.ChannelSum.Forward(shape.Output, tdy.Buffer, dbias.Buffer);
            return (y.ToArray(), dx.ToArray(), dweight.ToArray(), dbias.ToArray());
        }
    }

    /// <summary>In steady state a call takes all its memory from the pool.</summary>
    [Test]
    public void Repeated_calls_ask_for_no_memory([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var shape = SmallShapes[4];
        var (x, weight, _, dy) = Values(shape);
        using var scope = new TensorScope();
        var (tx, tweight) = (Tensor.From(device, shape.Input, x), Tensor.From(device, shape.Weight, weight));
        var tdy = Tensor.From(device, shape.Output, dy);
        Run();
        var before = device.Pool.Statistics;
        Run();
        Assert.That(device.Pool.Statistics.DeviceAllocations, Is.EqualTo(before.DeviceAllocations));
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.EqualTo(before.LiveBlocks));

        void Run()
        {
            Primitives.Convolution.Forward(shape, tx.Buffer, tweight.Buffer, default, tdy.Buffer);
            Primitives.Convolution.BackwardInput(shape, tdy.Buffer, tweight.Buffer, tx.Buffer);
            Primitives.Convolution.BackwardWeight(shape, tx.Buffer, tdy.Buffer, tweight.Buffer);
        }
    }

    [Test]
    public void Gradient_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 11;
        var shape = Shape(new(2, 2, 3, 5, 2), (2, 3, 3), 3, (1, 1, 2));
        GradientCheck.Run(TestDevices.Open(name),
            t => Convolution.Apply(t[0], t[1], t[2], (1, 1, 2), ActivationFunction.Elu()), Inputs(shape, seed), seed, samples: 20);
    }

    /// <summary>Each of the three gradients, as a function of input, weight, bias and arriving gradient, is itself differentiated.</summary>
    [Test]
    public void Second_derivative_equals_difference_quotient(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(0, 1, 2)] int input, [Values] bool activated)
    {
        const int seed = 12;
        var shape = Shape(new(1, 2, 3, 4, 2), (1, 3, 3), 2, (0, 1, 0));
        var dy = GradientCheck.RandomValues(new Random(seed + 1), shape.Output.Count);
        (TensorShape, float[])[] inputs = [.. Inputs(shape, seed), (shape.Output, dy)];
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Convolution.Apply(t[0], t[1], t[2], (0, 1, 0), activated ? ActivationFunction.Elu() : default);
            return Gradients.Of(y, [t[input]], t[3], createGraph: true)[0];
        }, inputs, seed, samples: 12);
    }

    /// <summary>The penalty of the critic: the gradient of |dL/dx|^2 with respect to the weights of two layers.</summary>
    [Test]
    public void Gradient_penalty_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 13;
        var random = new Random(seed);
        (TensorShape Shape, float[])[] inputs =
        [
            .. ((TensorShape[])[new(1, 1, 4, 5, 2), new(1, 3, 3, 2, 3), new(1, 3, 3, 3, 1)])
                .Select(s => (s, GradientCheck.RandomValues(random, s.Count))),
        ];
        GradientCheck.Run(TestDevices.Open(name), t =>
        {
            var y = Convolution.Apply(Convolution.Apply(t[0], t[1], activation: ActivationFunction.Elu()), t[2]);
            var gradient = Gradients.Of(y, [t[0]], createGraph: true)[0];
            return Spoco.Engine.Ops.Elementwise.Multiply(gradient, gradient);
        }, inputs, seed, samples: 12);
    }

    [Test]
    public void Only_wanted_gradients_are_computed()
    {
        var device = TestDevices.Open("cpu");
        var shape = SmallShapes[4];
        var (x, weight, _, _) = Values(shape);
        using var scope = new TensorScope();
        var tx = Tensor.From(device, shape.Input, x);
        var tweight = Tensor.From(device, shape.Weight, weight).WithGradient();
        Gradients.Backward(Convolution.Apply(tx, tweight));
        Assert.That(tx.Gradient, Is.Null);
        Assert.That(tweight.Gradient, Is.Not.Null);
    }

    [TestCaseSource(nameof(GoldenCases))]
    public void Golden_numbers(string name, GoldenCase golden)
    {
        var device = TestDevices.Open(name);
        var padding = golden.Params.GetProperty("padding").EnumerateArray().Select(p => p.GetInt32()).ToArray();
        if (padding.Length == 2)
            padding = [0, .. padding];
        using var scope = new TensorScope();
        var x = golden.Image(device, "x").WithGradient();
        var weight = golden.Weight(device, "w").WithGradient();
        var bias = golden.Has("b") ? Tensor.From(device, TensorShape.Vector(weight.Shape.C), golden.Float32("b")).WithGradient() : null;
        var y = Convolution.Apply(x, weight, bias, (padding[0], padding[1], padding[2]));
        Gradients.Backward(y, golden.Image(device, "gy"));
        golden.AssertImage("y", y);
        golden.AssertImage("gx", x.Gradient);
        golden.AssertWeight("gw", weight.Gradient!);
        if (bias is not null)
            golden.AssertImage("gb", bias.Gradient);
    }

    [Test]
    public void Shapes_that_do_not_fit_are_named()
    {
        Assert.That(() => Shape(new(2, 1, 64, 64, 3), new(1, 3, 3, 4, 16), (0, 1, 1)), Throws.ArgumentException.With.Message.EqualTo(
            "Convolution: input has 3 channels, weight expects 4 (input [2,1,64,64,3], weight [1,3,3,4,16])."));
        Assert.That(() => Shape(new(1, 1, 2, 2, 3), new(1, 3, 3, 3, 4), (0, 0, 0)),
            Throws.ArgumentException.With.Message.Contains("kernel must fit"));
        Assert.That(() => Shape(new(1, 1, 2, 2, 3), new(1, 3, 3, 3, 4), (0, -1, 0)), Throws.ArgumentException.With.Message.Contains("padding"));
        Assert.That(() => Shape(new(1, 1, 0, 2, 3), new(1, 3, 3, 3, 4), (0, 1, 1)), Throws.ArgumentException.With.Message.Contains("at least 1"));
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var x = Tensor.Zeros(device, new(1, 1, 4, 4, 3));
        var weight = Tensor.Zeros(device, new(1, 3, 3, 3, 2));
        Assert.That(() => Convolution.Apply(x, weight, Tensor.Zeros(device, TensorShape.Vector(3))),
            Throws.ArgumentException.With.Message.Contains("bias"));
        var y = Tensor.Zeros(device, new(1, 1, 4, 4, 1));
        Assert.That(() => Primitives.Convolution.Forward(Shape(x.Shape, weight.Shape, (0, 1, 1)), x.Buffer, weight.Buffer, default, y.Buffer),
            Throws.ArgumentException.With.Message.Contains("the output has 16 elements, expected 32"));
    }

    private static ConvolutionShape Shape(TensorShape input, (int D, int H, int W) kernel, int channels, (int, int, int) padding) =>
        Shape(input, new TensorShape(kernel.D, kernel.H, kernel.W, input.C, channels), padding);

    private static ConvolutionShape Shape(TensorShape input, TensorShape weight, (int, int, int) padding) =>
        ConvolutionShape.Create(input, WeightShape.Of(weight), padding);

    private static (float[] X, float[] Weight, float[] Bias, float[] Dy) Values(ConvolutionShape shape)
    {
        var random = new Random((int)(shape.Input.Count + 7 * shape.Weight.Count));
        return (GradientCheck.RandomValues(random, shape.Input.Count), GradientCheck.RandomValues(random, shape.Weight.Count),
            GradientCheck.RandomValues(random, shape.OutputChannels), GradientCheck.RandomValues(random, shape.Output.Count));
    }

    private static (TensorShape Shape, float[] Values)[] Inputs(ConvolutionShape shape, int seed)
    {
        var random = new Random(seed);
        return [.. ((TensorShape[])[shape.Input, shape.Weight, TensorShape.Vector(shape.OutputChannels)])
            .Select(s => (s, GradientCheck.RandomValues(random, s.Count)))];
    }
}
