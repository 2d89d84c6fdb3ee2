using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using NormConvolution = Spoco.Engine.Ops.NormConvolution;
using Primitives = Spoco.Kernels.Primitives;
using MaxPool = Spoco.Engine.Ops.MaxPool;

namespace Spoco.Tests.Ops;

/// <summary><see cref="NormConvolution"/>: every algorithm against the same operations one by one and without Winograd's algorithm.</summary>
public sealed class NormConvolutionTests
{
    /// <summary>
    /// Input, second input (no channels = none), output channels, groups (0 = batch norm): even and odd extents, enlarged along all axes, in the plane
    /// alone, not at all, and by other factors, which has no kernel; few tiles and many.
    /// </summary>
    private static readonly (TensorShape X, TensorShape Small, int Outputs, int Groups)[] Cases =
    [
        (new(2, 1, 9, 13, 8), default, 16, 4), (new(1, 1, 8, 70, 24), default, 8, 0), (new(2, 5, 7, 6, 16), default, 24, 2),
        (new(1, 1, 1, 1, 16), default, 8, 1), (new(2, 3, 4, 5, 8), default, 8, 0),
        (new(2, 1, 8, 12, 8), new(2, 1, 4, 6, 16), 16, 3), (new(1, 1, 36, 38, 16), new(1, 1, 18, 19, 32), 8, 0),
        (new(2, 4, 6, 8, 16), new(2, 2, 3, 4, 8), 8, 6), (new(1, 10, 8, 4, 8), new(1, 5, 4, 2, 16), 40, 0),
        (new(1, 3, 6, 4, 8), new(1, 3, 3, 2, 8), 16, 4), (new(1, 3, 5, 7, 8), new(1, 3, 5, 7, 8), 8, 2),
        (new(2, 1, 38, 42, 8), new(2, 1, 19, 21, 16), 16, 3), (new(1, 4, 34, 30, 8), new(1, 2, 17, 15, 8), 8, 4),
        (new(1, 5, 30, 28, 8), new(1, 5, 15, 14, 8), 8, 0), (new(1, 1, 47, 45, 8), default, 16, 4), (new(1, 3, 33, 37, 8), default, 8, 0),
        (new(1, 5, 6, 8, 8), new(1, 2, 3, 4, 8), 8, 2), (new(1, 1, 7, 8, 8), new(1, 1, 3, 4, 16), 8, 0), (new(1, 1, 6, 6, 5), new(1, 1, 3, 3, 7), 3, 3),

        // Large weights and few tiles.
        (new(2, 1, 10, 10, 128), new(2, 1, 5, 5, 256), 256, 8), (new(2, 1, 32, 32, 64), new(2, 1, 16, 16, 128), 256, 8),
        (new(2, 4, 10, 10, 64), new(2, 2, 5, 5, 128), 256, 8),
    ];

    [Test]
    public void Equals_operations_one_by_one(
        [ValueSource(nameof(Cases))] (TensorShape X, TensorShape Small, int Outputs, int Groups) test, [Values] bool training)
    {
        if (test.X.Voxels == 1 && test.Groups == 0)
            Assert.Ignore("Batch norm needs more than one value.");
        using var plain = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = false, Threads = 2 });
        using var fused = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = true, Threads = 2 });
        var sums = Run(plain, test, training, [], ActivationFunction.Identity)[0].Values;
        int[] nearZero = [.. Enumerable.Range(0, sums.Length).Where(i => Math.Abs(sums[i]) < 1e-4)];
        var expected = Run(plain, test, training, nearZero);
        var actual = Run(fused, test, training, nearZero);
        foreach (var ((name, values), reference) in actual.Zip(expected.Select(e => e.Values)))
            ConvolutionReference.AssertClose(values, [.. reference.Select(v => (double)v)], $"{name}, {test}", 5e-5);
    }

    /// <summary>As above on the other devices, by every algorithm they have for the unit.</summary>
    [Test]
    public void Other_devices_equal_the_host(
        [Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name, [ValueSource(nameof(Cases))] (TensorShape X, TensorShape Small, int Outputs, int Groups) test,
        [Values] bool training)
    {
        if (test.X.Voxels == 1 && test.Groups == 0)
            Assert.Ignore("Batch norm needs more than one value.");
        if (name == "ilgpu-cpu" && test.X.Voxels * test.Outputs * (test.X.C + test.Small.C) > 200_000)
            Assert.Ignore("Too slow on the simulator.");
        var device = TestDevices.Open(name);
        if (device is IlgpuDevice { Loader: not null } && test.X.Voxels * test.Outputs * (test.X.C + test.Small.C) > 100_000)
            Assert.Ignore("Too slow to be played.");
        using var plain = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = false, Threads = 2 });
        var sums = Run(plain, test, training, [], ActivationFunction.Identity)[0].Values;
        int[] nearZero = [.. Enumerable.Range(0, sums.Length).Where(i => Math.Abs(sums[i]) < 1e-4)];
        var expected = Run(plain, test, training, nearZero);
        ByEveryAlgorithm(device, ShapeOf(test), () =>
        {
            foreach (var ((what, values), reference) in Run(device, test, training, nearZero).Zip(expected.Select(e => e.Values)))
                ConvolutionReference.AssertClose(values, [.. reference.Select(v => (double)v)], $"{what}, {test}", 5e-5);
        });
    }

    [Test]
    public void A_device_can_take_the_operations_one_by_one([Values("cpu", "ilgpu-cpu", "opencl:0", "cuda:0")] string name)
    {
        TestDevices.Open(name);
        using var device = ComputeDevice.Open(name, new ComputeDeviceOptions { Algorithms = "NormConvolution=separate", Threads = 2 });
        using var plain = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = false, Threads = 2 });
        device.Algorithms.Noting = true;
        var test = (new TensorShape(2, 3, 6, 4, 8), new TensorShape(2, 3, 3, 2, 8), 16, 4);
        foreach (var ((what, values), reference) in Run(device, test, true, [], ActivationFunction.Elu()).Zip(Run(plain, test, true, [], ActivationFunction.Elu()).Select(e => e.Values)))
            ConvolutionReference.AssertClose(values, [.. reference.Select(v => (double)v)], $"{what}, {test}", 5e-5);
        Assert.That(device.Algorithms.Made.Where(m => m.Operation == "NormConvolution").Select(m => m.Algorithm), Is.All.EqualTo("separate"));
    }

    [Test]
    public void Any_number_of_threads_gives_the_same_bits([Values(2, 3, 7)] int threads, [Values(10, 26)] int height)
    {
        var test = (new TensorShape(2, 6, height, 36, 16), new TensorShape(2, 3, height / 2, 18, 8), 24, 3);
        using var one = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Winograd = true });
        using var many = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads, Winograd = true });
        foreach (var ((name, values), reference) in Run(many, test, true, []).Zip(Run(one, test, true, []).Select(e => e.Values)))
            Assert.That(values, Is.EqualTo(reference), name);
    }

    [Test]
    public void Gradient_equals_difference_quotient([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool deep)
    {
        const int seed = 41;
        var random = new Random(seed);
        TensorShape x = new(1, deep ? 2 : 1, 4, 4, 8), small = new(1, 1, 2, 2, 8), weight = new(deep ? 3 : 1, 3, 3, 16, 8);
        (TensorShape, float[])[] inputs =
        [
            .. ((TensorShape[])[x, small, TensorShape.Vector(16), TensorShape.Vector(16), weight])
                .Select(s => (s, GradientCheck.RandomValues(random, s.Count))),
        ];
        if (name == "ilgpu-cpu" && deep)
            Assert.Ignore("Too slow on the simulator.");
        GradientCheck.Run(TestDevices.Open(name), t => NormConvolution.Apply(t[0], t[1], t[2], t[3], 4, t[4], ActivationFunction.Identity),
            inputs, seed, samples: name == "ilgpu-cpu" ? 3 : 15);
    }

    /// <summary>Beside the result, what a step needs for its gradient is its inputs alone: nothing of the joined size is kept or made.</summary>
    [Test]
    public void Neither_joined_nor_normalised_tensor_exists()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Winograd = true });
        using var scope = new TensorScope();
        TensorShape shape = new(1, 1, 256, 256, 32), smallShape = new(1, 1, 128, 128, 64);
        var x = Tensor.Filled(device, shape, 1);
        var small = Tensor.Filled(device, smallShape, 1);
        var (gamma, beta) = (Tensor.Filled(device, TensorShape.Vector(96), 1).WithGradient(), Tensor.Zeros(device, TensorShape.Vector(96)));
        var weight = Tensor.Filled(device, new TensorShape(1, 3, 3, 96, 32), 0.1f).WithGradient();
        var before = device.Pool.Statistics.LiveBytes;
        device.Pool.ResetPeak();
        var y = NormConvolution.Apply(x, small, gamma, beta, 8, weight, ActivationFunction.Relu);
        Assert.That(device.Pool.Statistics.LiveBytes - before, Is.LessThan(4 * y.Shape.Count + (64 << 10)));
        Assert.That(device.Pool.Statistics.PeakBytes - before, Is.LessThan(4 * y.Shape.Count + (6 << 20)));
    }

    /// <summary>Whole and incomplete windows, over one slice and two; tiles of two results and of four, several segments of them; results past the caches.</summary>
    private static readonly (TensorShape X, int Outputs, (int D, int H, int W) Window)[] PoolingCases =
    [
        (new(2, 1, 8, 12, 8), 16, (1, 2, 2)), (new(3, 1, 47, 45, 8), 16, (1, 2, 2)), (new(1, 1, 70, 201, 16), 8, (1, 2, 2)), (new(1, 1, 3, 2, 8), 8, (1, 2, 2)),
        (new(2, 5, 9, 6, 8), 8, (2, 2, 2)), (new(1, 6, 34, 70, 8), 16, (2, 2, 2)), (new(1, 5, 33, 31, 8), 8, (1, 2, 2)), (new(2, 1, 451, 449, 8), 16, (1, 2, 2)),

        // Not of two by two: taken by the pooling itself.
        (new(1, 1, 9, 9, 8), 8, (1, 3, 3)), (new(1, 4, 8, 8, 8), 8, (4, 2, 2)),
    ];

    [Test]
    public void Moments_and_maxima_are_those_of_the_result(
        [ValueSource(nameof(PoolingCases))] (TensorShape X, int Outputs, (int D, int H, int W) Window) test, [Values(0f, 300f)] float offset,
        [Values(1, 3)] int threads)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Winograd = true, Threads = threads });
        CheckMomentsAndMaxima(device, test, offset);
    }

    [Test]
    public void Moments_and_maxima_are_those_of_the_result_on_other_devices(
        [Values("ilgpu-cpu", "opencl:0", "cuda:0")] string name,
        [ValueSource(nameof(PoolingCases))] (TensorShape X, int Outputs, (int D, int H, int W) Window) test, [Values(0f, 300f)] float offset)
    {
        if (name == "ilgpu-cpu" && test.X.Voxels > 600)
            Assert.Ignore("Too slow on the simulator.");
        var device = TestDevices.Open(name);
        ByEveryAlgorithm(device, ShapeOf((test.X, default, test.Outputs, 4)), () => CheckMomentsAndMaxima(device, test, offset));
    }

    private static void CheckMomentsAndMaxima(ComputeDevice device, (TensorShape X, int Outputs, (int D, int H, int W) Window) test, float offset)
    {
        using var scope = new TensorScope();
        var random = new Random(3);
        var x = Tensor.From(device, test.X, GradientCheck.RandomValues(random, test.X.Count));
        var ones = Tensor.Filled(device, TensorShape.Vector(test.X.C), 1);

        // The norm's offset becomes a large mean of the result.
        var beta = Tensor.Filled(device, TensorShape.Vector(test.X.C), offset);
        var weightShape = new WeightShape(test.X.D > 1 ? 3 : 1, 3, 3, test.X.C, test.Outputs);
        var weight = Tensor.From(device, weightShape, GradientCheck.RandomValues(random, weightShape.Count)).WithGradient();
        var (y, pooled) = NormConvolution.Apply(
            new FeatureMap(x), null, ones, beta, 4, weight, ActivationFunction.Relu, new NextOperations(true, test.Window));
        Assert.That(pooled, Is.Not.Null);
        var maxima = pooled!.Value;
        var copy = Tensor.From(device, y.Shape, y.Values.ToArray()).WithGradient();
        var expected = MaxPool.Apply(copy, test.Window);
        Assert.That(maxima.Values.ToArray(), Is.EqualTo(expected.ToArray()));

        // Operations one by one leave the moments to whoever wants them.
        var fused = device.Algorithms.Forced(nameof(NormConvolution)) != "separate";
        if (fused)
            AssertMoments(y);
        else
            Assert.That(y.Moments, Is.Null);
        if (fused && test.Window.H == 2 && test.Window.D < 3)
            AssertMoments(maxima);
        else
            Assert.That(maxima.Moments, Is.Null);
        var dy = Tensor.From(device, expected.Shape, GradientCheck.RandomValues(random, expected.Shape.Count));
        Assert.That(Gradients.Of(maxima.Values, [y.Values], dy)[0].ToArray(), Is.EqualTo(Gradients.Of(expected, [copy], dy)[0].ToArray()));
    }

    /// <summary>Against double precision, relative to the variance; on devices moments are those of tiles, in single precision.</summary>
    private static void AssertMoments(FeatureMap y)
    {
        var (values, channels) = (y.Values.ToArray(), y.Shape.C);
        var perImage = (int)y.Shape.VoxelsPerImage;
        var onHost = y.Values.Device.Capabilities.OnHost;
        double[] pairs = onHost ? y.Moments!.Buffer.Cast<double>().ToArray() : Joined(y.Moments!.ToArray(), y.Shape);
        for (var i = 0; i < y.Shape.N * channels; i++)
        {
            double[] channel = [.. Enumerable.Range(0, perImage).Select(p => (double)values[(i / channels * perImage + p) * channels + i % channels])];
            var mean = channel.Average();
            var squares = channel.Sum(v => (v - mean) * (v - mean));
            var deviation = Math.Sqrt(squares / perImage);
            var (ofMean, ofSquares) = onHost ? (1e-7, 1e-12) : (2e-7, 1e-11);
            Assert.That(pairs[2 * i], Is.EqualTo(mean).Within(1e-6 * deviation + ofMean * Math.Abs(mean)), $"mean {i} of {y}");

            // A tile's mean is a single-precision number: its rounding, times how far the tile's mean is from that of all.
            var ofMeans = onHost ? 0 : 1.2e-7 * Math.Abs(mean) * deviation * perImage;
            Assert.That(pairs[2 * i + 1], Is.EqualTo(squares).Within(5e-6 * squares + ofSquares * mean * mean * perImage + ofMeans), $"squares {i} of {y}");
        }
    }

    /// <summary>Mean and sum of squares per image and channel, of the moments of tiles [N, tiles, C].</summary>
    private static double[] Joined(float[] arrays, TensorShape shape)
    {
        var length = arrays.Length / PieceMoments.Arrays;
        Moments[] tiles = [.. Enumerable.Range(0, length).Select(i => new Moments(arrays[i], arrays[length + i], arrays[2 * length + i]))];
        var pairs = new double[2 * shape.N * shape.C];
        var perImage = tiles.Length / shape.N / shape.C;
        for (var i = 0; i < shape.N * shape.C; i++)
        {
            Moments[] own = [.. Enumerable.Range(0, perImage).Select(t => tiles[(i / shape.C * perImage + t) * shape.C + i % shape.C])];
            var count = own.Sum(m => (double)m.Count);
            Assert.That(count, Is.EqualTo(shape.VoxelsPerImage), $"voxels of channel {i}");
            var mean = own.Sum(m => (double)m.Count * m.Mean) / count;
            pairs[2 * i] = mean;
            pairs[2 * i + 1] = own.Sum(m => m.Squares + m.Count * (m.Mean - mean) * (m.Mean - mean));
        }

        return pairs;
    }

    /// <summary>Results are windows of larger buffers here, with marks behind them: channels that do not fill a tile, voxels that do not fill blocks.</summary>
    [Test]
    public void Nothing_is_written_beside_the_results(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(5, 8, 24)] int outputs, [Values(1, 3)] int slices)
    {
        var device = TestDevices.Open(name);
        TensorShape x = new(2, slices, 6, 6, 8), small = new(2, slices, 3, 3, 8);
        var shape = NormConvolutionShape.Create(x, small, new WeightShape(slices, 3, 3, 16, outputs), 4, ActivationFunction.Relu);
        ByEveryAlgorithm(device, shape, () => CheckMarks(device, shape));
    }

    private static void CheckMarks(ComputeDevice device, NormConvolutionShape shape)
    {
        const float Mark = -7;
        const int Marks = 300;
        var (x, small) = (shape.Input, shape.Small);
        using var holdings = new Holdings();
        var pool = PoolingShape.Of(nameof(MaxPool), shape.Output, (1, 2, 2));
        var written = new List<(string Name, DeviceBuffer<float> Whole, long Length)>();
        var inputs = new NormConvolutionInputs(Given(x.Count), Given(small.Count));
        var norm = new NormParameters(Given(16), Given(16), 1e-5f);
        var (weight, dy) = (Given(shape.Weight.Count), Given(shape.Output.Count));
        var statistics = Marked("statistics", Primitives.NormConvolution.StatisticsLength(device, shape));
        Primitives.NormConvolution.Measure(shape, inputs, norm, default, statistics);
        var pools = Primitives.NormConvolution.Pools(device, shape, pool);
        var length = Primitives.NormConvolution.MomentsLength(device, shape, pools ? pool : default);
        var y = Marked("y", shape.Output.Count);
        Primitives.NormConvolution.Forward(shape, inputs, norm, statistics, weight, new NormConvolutionResults(
            y, length == 0 ? default : Marked("moments", length), pool, pools ? Marked("pooled", pool.Output.Count) : default, default,
            pools && length > 0 ? Marked("moments of the maxima", length) : default));
        Primitives.NormConvolution.Backward(shape, dy, y, inputs, norm, statistics, weight, false, new NormConvolutionGradients(
            Marked("dx", x.Count), Marked("dsmall", small.Count), Marked("dgamma", 16), Marked("dbeta", 16), Marked("dweight", shape.Weight.Count)));
        foreach (var (what, whole, count) in written)
        {
            var values = whole.ToArray();
            Assert.That(values.Skip((int)count), Is.All.EqualTo(Mark), $"behind {what}");
            Assert.That(values.Take((int)count), Has.None.EqualTo(Mark), what);
        }

        DeviceBuffer<float> Given(long count) => holdings.Upload<float>(device, GradientCheck.RandomValues(new Random((int)count), count), "test");

        DeviceBuffer<float> Marked(string what, long count)
        {
            var whole = holdings.Upload<float>(device, [.. Enumerable.Repeat(Mark, (int)count + Marks)], "test");
            written.Add((what, whole, count));
            return whole.Slice(0, count);
        }
    }

    // Where launches are played, which is slow, by the one that is chosen.
    private static void ByEveryAlgorithm(ComputeDevice device, NormConvolutionShape shape, Action check)
    {
        if (device is IlgpuDevice { Loader: not null })
            check();
        else
            EveryAlgorithm.Of(Primitives.NormConvolution.Chooser, device, shape, check);
    }

    [Test]
    public void Misfits_are_named()
    {
        var device = TestDevices.Open("cpu");
        using var scope = new TensorScope();
        var x = Tensor.Zeros(device, new TensorShape(1, 1, 4, 4, 8));
        var weight = Tensor.Zeros(device, new TensorShape(1, 3, 3, 8, 8));
        var (eight, nine) = (Tensor.Zeros(device, TensorShape.Vector(8)), Tensor.Zeros(device, TensorShape.Vector(9)));
        Assert.That(() => NormConvolution.Apply(x, null, nine, eight, 4, weight, default), Throws.ArgumentException.With.Message.Contains("one value per channel"));
        Assert.That(() => NormConvolution.Apply(x, null, eight, eight, 3, weight, default), Throws.ArgumentException.With.Message.Contains("3 groups"));
        Assert.That(() => NormConvolution.Apply(x, x, eight, eight, 4, weight, default), Throws.ArgumentException.With.Message.Contains("weight expects 8"));
    }

    private static NormConvolutionShape ShapeOf((TensorShape X, TensorShape Small, int Outputs, int Groups) test) => NormConvolutionShape.Create(
        test.X, test.Small, new WeightShape(test.X.D > 1 ? 3 : 1, 3, 3, test.X.C + test.Small.C, test.Outputs), test.Groups, ActivationFunction.Relu);

    private static (string Name, float[] Values)[] Run(
        ComputeDevice device, (TensorShape X, TensorShape Small, int Outputs, int Groups) test, bool training, int[] nearZero,
        ActivationFunction? instead = null)
    {
        var random = new Random((int)(test.X.Count + 7 * test.Small.Count + test.Outputs));
        var channels = test.X.C + test.Small.C;
        using var scope = new TensorScope();
        var x = Random(test.X);
        var small = test.Small.C > 0 ? Random(test.Small) : null;
        var (gamma, beta) = (Random(TensorShape.Vector(channels)), Random(TensorShape.Vector(channels)));
        var weight = Random(new TensorShape(test.X.D > 1 ? 3 : 1, 3, 3, channels, test.Outputs));
        var mean = Random(TensorShape.Vector(channels)).Detach();
        var variance = Tensor.Filled(device, TensorShape.Vector(channels), 0.7f);
        var activation = instead ?? (training ? ActivationFunction.Relu : ActivationFunction.LeakyRelu(0.1f));
        var y = test.Groups == 0
            ? NormConvolution.ApplyBatch(x, small, gamma, beta, mean, variance, training, weight, activation)
            : NormConvolution.Apply(x, small, gamma, beta, test.Groups, weight, activation);

        // Where the sum before the activation is almost 0, rounding decides its derivative: no gradient comes from there.
        var dy = GradientCheck.RandomValues(random, y.Shape.Count);
        foreach (var i in nearZero)
            dy[i] = 0;
        Gradients.Backward(y, Tensor.From(device, y.Shape, dy));
        return
        [
            ("y", y.ToArray()), ("dx", x.Gradient!.ToArray()), ("dsmall", small?.Gradient!.ToArray() ?? [0]), ("dgamma", gamma.Gradient!.ToArray()),
            ("dbeta", beta.Gradient!.ToArray()), ("dweight", weight.Gradient!.ToArray()), ("mean", mean.ToArray()), ("variance", variance.ToArray()),
        ];

        Tensor Random(TensorShape shape) => Tensor.From(device, shape, GradientCheck.RandomValues(random, shape.Count)).WithGradient();
    }
}
