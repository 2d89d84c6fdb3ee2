using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Tests.Networks;

/// <summary>Prediction part by part against prediction of the whole image.</summary>
public sealed class TiledPredictionTests
{
    private const long Mebibyte = 1 << 20;

    /// <summary>Architectures and extents: multiples of the pooling and not, odd on some levels, flat and deep, with and without pooling along z.</summary>
    private static readonly object[][] Cases =
    [
        [2, 1, "bcr", 2, new[] { 8, 16 }, 1, 128, 160],
        [2, 1, "bcr", 2, new[] { 8, 16, 32 }, 1, 403, 331],
        [2, 3, "bcl", 2, new[] { 4, 8, 16, 24 }, 1, 500, 434],
        [2, 1, "cr", 2, new[] { 8, 16, 32 }, 1, 350, 349],
        [2, 2, "cbe", 2, new[] { 8, 8, 16 }, 2, 301, 290],
        [2, 1, "bcr", 2, new[] { 5, 7, 9 }, 1, 297, 330],
        [3, 1, "bcr", 2, new[] { 8, 16 }, 71, 41, 90],
        [3, 1, "bcr", 1, new[] { 8, 16 }, 22, 103, 58],
        [3, 2, "cl", 2, new[] { 8, 16 }, 67, 38, 85],
    ];

    [TestCaseSource(nameof(Cases))]
    public void Parts_have_the_bits_of_the_whole(int dimensions, int channels, string order, int poolDepth, int[] maps, int depth, int height, int width)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, dimensions, channels, order, poolDepth, maps);
        var image = Image(depth, height, width, channels);
        var whole = model.Predict(image);
        var least = Least(model, image);
        foreach (var memory in new[] { least + least / 4, 2 * least })
        {
            using var tiles = new TiledPrediction(model, new VolumeReader<float>(image), memory);
            TestContext.Out.WriteLine($"{memory >> 10} KiB: tiles of {tiles.Tile}");
            Assert.That(memory > 3 * least / 2 || tiles.Tile != (image.Depth, image.Height, image.Width), "several parts");
            var parts = model.Predict(image, memory);
            Assert.That(Bits(parts.Embeddings), Is.EqualTo(Bits(whole.Embeddings)), $"{memory} bytes");
            Assert.That(Bits(parts.Foreground!), Is.EqualTo(Bits(whole.Foreground!)), "foreground");
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Any_box_has_the_bits_of_the_whole(int dimensions, int channels, string order, int poolDepth, int[] maps, int depth, int height, int width)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, dimensions, channels, order, poolDepth, maps);
        var image = Image(depth, height, width, channels);
        var whole = model.Predict(image).Embeddings;
        using var tiles = new TiledPrediction(model, new VolumeReader<float>(image), 3 * Least(model, image));
        var random = new Random(3);
        for (var i = 0; i < 12; i++)
        {
            var (z, y, x) = (random.Next(depth), random.Next(height), random.Next(width));
            var box = new VoxelBox(z, y, x, 1 + random.Next(Math.Min(30, depth - z)), 1 + random.Next(Math.Min(30, height - y)), 1 + random.Next(Math.Min(30, width - x)));
            var values = new Volume<float>(box.Depth, box.Height, box.Width, whole.Channels);
            tiles.Read(box, values.Data);
            Assert.That(Bits(values), Is.EqualTo(Bits(whole.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width))), $"{box}");
        }
    }

    [TestCase(2, 2, new[] { 8, 16, 32 }, 1, 150, 133)]
    [TestCase(2, 2, new[] { 8, 16 }, 2, 60, 75)]
    [TestCase(3, 2, new[] { 8, 16 }, 30, 45, 50)]
    [TestCase(3, 1, new[] { 8, 16 }, 13, 45, 50)]
    public void Group_norms_know_the_whole_image(int dimensions, int poolDepth, int[] maps, int depth, int height, int width)
    {
        foreach (var order in new[] { "gcr", "cge" })
        {
            using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
            using var model = Model(device, dimensions, 1, order, poolDepth, maps);
            var image = Image(depth, height, width, 1);
            var whole = model.Predict(image).Embeddings.Data;
            var parts = model.Predict(image, Least(model, image)).Embeddings.Data;
            var largest = whole.Max(MathF.Abs);
            Assert.That(parts.Zip(whole, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-5 * largest), $"{order}, largest value {largest}");
        }
    }

    [Test]
    public void Group_norms_of_boxes_are_the_same_whatever_is_read_before()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, 2, 1, "gcr", 2, [8, 16]);
        var image = Image(1, 120, 130, 1);
        var memory = Least(model, image);
        using var first = new TiledPrediction(model, new VolumeReader<float>(image), memory);
        using var second = new TiledPrediction(model, new VolumeReader<float>(image), memory);
        var box = new VoxelBox(0, 31, 45, 1, 50, 60);
        var (a, b, all) = (new float[box.VoxelCount * first.Channels], new float[box.VoxelCount * first.Channels], new float[120 * 130 * first.Channels]);
        first.Read(box, a);
        second.Read(new VoxelBox(0, 0, 0, 1, 120, 130), all);
        second.Read(box, b);
        Assert.That(b, Is.EqualTo(a));
    }

    /// <summary>Without Winograd's algorithm a result's bits depend on its receptive field alone.</summary>
    [TestCase(2, "bcr", 2, new[] { 4, 6 }, 1, 64, 64)]
    [TestCase(2, "cl", 2, new[] { 4, 6, 6 }, 1, 111, 106)]
    [TestCase(3, "bcl", 2, new[] { 3, 4 }, 40, 41, 42)]
    [TestCase(3, "cl", 1, new[] { 3, 4 }, 25, 40, 41)]
    public void Nothing_outside_the_receptive_field_changes_a_result_and_its_edge_does(
        int dimensions, string order, int poolDepth, int[] maps, int depth, int height, int width)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2, Winograd = false });
        using var model = Model(device, dimensions, 1, order, poolDepth, maps);
        var (d, h, w) = model.EmbeddingNet.Options.ReceptiveField;
        var image = Image(depth, height, width, 1);
        var before = model.Predict(image).Embeddings;
        var farthest = (Z: 0, Y: 0, X: 0);
        for (var shift = 0; shift < 1 << maps.Length; shift++)
        {
            var (z, y, x) = (Math.Min(depth - 1, depth / 2 + shift), height / 2 + shift, width / 2 + shift);
            var changed = new Volume<float>([.. image.Data], depth, height, width);
            changed[z, y, x] += 1000;
            var after = model.Predict(changed).Embeddings;
            for (var i = 0; i < after.Data.Length; i++)
            {
                if (BitConverter.SingleToUInt32Bits(after.Data[i]) == BitConverter.SingleToUInt32Bits(before.Data[i]))
                    continue;
                var voxel = i / after.Channels;
                var distance = (Z: Math.Abs(voxel / width / height - z), Y: Math.Abs(voxel / width % height - y), X: Math.Abs(voxel % width - x));
                Assert.That(distance.Z <= d && distance.Y <= h && distance.X <= w, $"voxel {voxel} is {distance} away, the field {(d, h, w)}");
                farthest = (Math.Max(farthest.Z, distance.Z), Math.Max(farthest.Y, distance.Y), Math.Max(farthest.X, distance.X));
            }
        }

        TestContext.Out.WriteLine($"field {(d, h, w)}, seen {farthest}");
        Assert.That(farthest.Y, Is.GreaterThanOrEqualTo(h - 3), "rows: the field is no larger than what is looked at");
        Assert.That(farthest.X, Is.GreaterThanOrEqualTo(w - 3), "columns");
    }

    [TestCase(2, "bcr", new[] { 16, 32, 64 }, 1, 512, 500)]
    [TestCase(2, "gcr", new[] { 16, 32, 64 }, 1, 400, 500)]
    [TestCase(2, "cl", new[] { 8, 16 }, 1, 512, 512)]
    [TestCase(2, "bcr", new[] { 4, 8 }, 1, 601, 403)]
    [TestCase(2, "cbe", new[] { 16, 32, 64 }, 1, 256, 300)]
    [TestCase(3, "bcr", new[] { 16, 32 }, 32, 64, 64)]
    [TestCase(3, "gcr", new[] { 16, 32, 64 }, 33, 65, 70)]
    public void The_need_is_known_before(int dimensions, string order, int[] maps, int depth, int height, int width)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, dimensions, 1, order, 2, maps);
        var image = Image(depth, height, width, 1);
        var (held, voxels) = (device.Pool.Statistics.LiveBytes, image.VoxelCount);
        device.Pool.ResetPeak();
        model.Predict(image);
        var peak = device.Pool.Statistics.PeakBytes - held + (long)sizeof(float) * voxels * (1 + model.EmbeddingNet.Options.OutputChannels);
        var told = model.PredictionBytes(depth, height, width);
        TestContext.Out.WriteLine($"told {told >> 10} KiB, taken {peak >> 10} KiB: {told / (double)peak:f3}");
        Assert.That(told, Is.InRange(peak * 0.97, peak * 1.10));
    }

    [Test]
    public void A_limit_is_kept()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, 2, 1, "bcr", 2, [16, 32]);
        var image = Image(1, 500, 700, 1);
        foreach (var memory in new[] { 8 * Mebibyte, 20 * Mebibyte })
        {
            var held = device.Pool.Statistics.LiveBytes;
            device.Pool.ResetPeak();
            model.Predict(image, memory);
            Assert.That(device.Pool.Statistics.PeakBytes - held, Is.LessThan(memory));
            Assert.That(device.Pool.Statistics.HeldBytes - held, Is.LessThanOrEqualTo(memory), "nor is more kept for reuse");
        }
    }

    [Test]
    public void Too_little_memory_is_said_with_what_is_needed()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, 2, 1, "bcr", 2, [8, 16]);
        var image = Image(1, 500, 500, 1);
        Assert.That(() => model.Predict(image, 1000), Throws.InstanceOf<InsufficientMemoryLimitException>().With.Message.Match(
            "^TiledPrediction: 0 MiB are too little memory; the smallest part of the image, with what its embeddings depend on, needs [1-9][0-9]* MiB\\.$"));
        var told = Least(model, image);
        Assert.That(() => model.Predict(image, told), Throws.Nothing);
    }

    [Test]
    public void A_volume_of_512_voxels_a_side_is_refused_with_its_need()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = new SpocoModel(device, new SpocoModelOptions { Network = new UNetOptions { Dimensions = 3 } }, trained: false);
        var image = new Volume<float>(512, 512, 512);
        Assert.That(() => model.Predict(image), Throws.ArgumentException.With.Message.Match(
            "^SpocoModel: predicting 512x512x512 voxels at once needs [0-9]+\\.[0-9] GiB and longer arrays than there are; give a limit"));
        Assert.That(device.Pool.Statistics.PeakBytes, Is.LessThan(64 * Mebibyte), "nothing was allocated");
    }

    [Test]
    public void Prediction_stops_within_and_tells_how_far_it_is()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, 3, 1, "bcr", 2, [4, 8]);
        var image = Image(16, 32, 32, 1);
        var seen = new List<double>();
        model.Predict(image, progress: new Told(seen.Add));
        Assert.That(seen, Is.Ordered.And.Count.EqualTo(6));
        Assert.That(seen[^1], Is.EqualTo(1).Within(1e-9));

        using var source = new CancellationTokenSource();
        seen.Clear();
        Assert.That(() => model.Predict(image, progress: new Told(done =>
        {
            seen.Add(done);
            source.Cancel();
        }), cancellation: source.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen, Has.Count.EqualTo(1), "it stopped at the next convolution");
        Assert.That(() => model.Predict(image, 100 * Mebibyte, cancellation: source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void What_does_not_fit_the_network_is_named()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = Model(device, 2, 1, "bcr", 2, [4, 8, 16]);
        Assert.That(() => new TiledPrediction(model, new VolumeReader<float>(Image(1, 8, 8, 2)), Mebibyte),
            Throws.ArgumentException.With.Message.EqualTo("TiledPrediction: the image has 2 channels, the network expects 1."));
        Assert.That(() => new TiledPrediction(model, new VolumeReader<float>(Image(1, 8, 3, 1)), Mebibyte),
            Throws.ArgumentException.With.Message.EqualTo("TiledPrediction: 3 levels need at least 1x4x4 voxels, got 1x8x3."));
        using var tiles = new TiledPrediction(model, new VolumeReader<float>(Image(1, 8, 8, 1)), Mebibyte);
        Assert.That(() => tiles.Read(new VoxelBox(0, 0, 0, 1, 9, 8), new float[9 * 8 * 4]), Throws.ArgumentException);
        Assert.That(() => tiles.Read(new VoxelBox(0, 0, 0, 1, 8, 8), new float[5]), Throws.ArgumentException);
    }

    private static SpocoModel Model(ComputeDevice device, int dimensions, int channels, string order, int poolDepth, int[] maps)
    {
        var model = new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = dimensions, InputChannels = channels, Order = order, PoolDepth = poolDepth, FeatureMaps = maps, Groups = 4 },
            EmbeddingDimensions = 4, Foreground = true,
        }, trained: false);
        model.Initialise(1);
        // Running statistics that are not 0 and 1.
        var random = new Random(5);
        foreach (var spec in UNet.Specs(model.Options.NetworkWithOutput).Where(s => s.Kind is ParameterKind.RunningMean or ParameterKind.RunningVariance))
            model.EmbeddingNet.Parameters[spec.Name].Buffer.CopyFrom(
                [.. Enumerable.Range(0, spec.Shape.C).Select(_ => (spec.Kind == ParameterKind.RunningVariance ? 0.5f : -0.2f) + 0.4f * (float)random.NextDouble())]);
        return model;
    }

    private static Volume<float> Image(int depth, int height, int width, int channels) =>
        new(GradientCheck.RandomValues(new Random(2), (long)depth * height * width * channels), depth, height, width, channels);

    /// <summary>The least memory, as the message says it.</summary>
    private static long Least(SpocoModel model, Volume<float> image)
    {
        var message = Assert.Throws<InsufficientMemoryLimitException>(() => model.Predict(image, 1000))!.Message;
        return long.Parse(message.Split(' ')[^2], System.Globalization.CultureInfo.InvariantCulture) * Mebibyte;
    }

    private static uint[] Bits(Volume<float> volume) => Array.ConvertAll(volume.Data, BitConverter.SingleToUInt32Bits);

    private sealed class Told(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
