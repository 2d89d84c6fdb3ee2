using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Tests.Segmentation;

/// <summary>From an image to labels part by part, against the same at once.</summary>
public sealed class TiledAffinitiesTests
{
    [TestCase(2, 1, 210, 171, 8)]
    [TestCase(2, 2, 90, 133, 4)]
    [TestCase(3, 20, 70, 61, 2)]
    public void Mean_affinities_have_the_bits_of_those_of_the_image_at_once(int dimensions, int depth, int height, int width, int orientations)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = SmallViews.Model(device, dimensions);
        var image = Image(depth, height, width);
        var whole = OrientationAverage.Predict(model, image, orientations).Affinities!;
        using var parts = new TiledAffinities(model, new VolumeReader<float>(image), orientations, Memory(dimensions));
        var random = new Random(1);
        for (var i = 0; i < 6; i++)
        {
            var (z, y, x) = (random.Next(depth), random.Next(height), random.Next(width));
            var box = i == 0 ? VoxelBox.Of(image) : new VoxelBox(z, y, x, 1 + random.Next(depth - z), 1 + random.Next(height - y), 1 + random.Next(width - x));
            var values = new float[box.VoxelCount * parts.Channels];
            parts.Read(box, values);
            var expected = MemoryVolumes.ChannelsLast(whole, depth, height, width, parts.Channels).Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width);
            Assert.That(values.AsSpan().SequenceEqual(expected.Data), $"{box}");
        }
    }

    [Test]
    public void What_is_known_beside_them_comes_along([Values("cpu", "opencl:0", "cuda:0")] string name, [Values] bool foreground)
    {
        // What a prediction takes on the cpu depends on its threads.
        using var host = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        var device = name == "cpu" ? host : TestDevices.Open(name);
        using var model = SmallViews.Model(device, 2, foreground);
        var image = Image(1, 500, 400);
        var whole = OrientationAverage.Predict(model, image, 2);
        using var parts = new TiledAffinities(model, new VolumeReader<float>(image), 2, 12 << 20);
        // Several parts: half of 12 MiB are too little for what the network says of the box at once.
        var box = new VoxelBox(0, 3, 1, 1, 490, 398);
        var (values, embeddings) = (new float[box.VoxelCount * parts.Channels], new float[box.VoxelCount * parts.Dimensions]);
        var probability = new float[foreground ? box.VoxelCount : 0];
        parts.Read(box, values, embeddings, probability);
        var bound = device.Kind == DeviceKind.Host ? 0 : 1e-5;
        Assert.That(values, Is.EqualTo(Cut(MemoryVolumes.ChannelsLast(whole.Affinities!, 1, 500, 400, parts.Channels))).Within(bound));
        Assert.That(embeddings, Is.EqualTo(Cut(whole.Embeddings)).Within(bound));
        if (foreground)
            Assert.That(probability, Is.EqualTo(Cut(whole.Foreground!)).Within(bound));
        else
            Assert.That(() => parts.Read(box, values, [], new float[box.VoxelCount]), Throws.ArgumentException);

        float[] Cut(Volume<float> volume) => volume.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width).Data;
    }

    [TestCase(2, 1, 333, 290, 1)]
    [TestCase(2, 1, 210, 260, 8)]
    [TestCase(3, 16, 50, 41, 1)]
    public void Labels_of_parts_are_those_of_the_image_at_once(int dimensions, int depth, int height, int width, int orientations)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2 });
        using var model = SmallViews.Model(device, dimensions);
        var image = Image(depth, height, width);
        var watershed = model.Options.Segmentation.Watershed;
        var expected = InstanceSegmentation.Segment(
            OrientationAverage.Predict(model, image, orientations), null, new InstanceSegmentationOptions { Watershed = watershed }, device);
        var folder = Path.Combine(Path.GetTempPath(), $"spoco-{Guid.NewGuid():n}");
        try
        {
            var options = new BlockwiseOptions { Folder = folder, BlockExtents = (Math.Max(1, depth / 2), height / 3, width / 2), Threads = 2 };
            var reader = new VolumeReader<float>(image);
            if (orientations == 1)
            {
                using var embeddings = new TiledPrediction(model, reader, Memory(dimensions));
                using var labels = BlockwiseMutexWatershed.FromEmbeddings(embeddings, options, watershed);
                Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected.Data));
            }
            else
            {
                using var affinities = new TiledAffinities(model, reader, orientations, Memory(dimensions));
                using var labels = BlockwiseMutexWatershed.FromAffinities(affinities, options, watershed);
                Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected.Data));
            }

            Assert.That(expected.Data.Max(), Is.GreaterThan(5), "there is something to tell apart");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Boxes_lie_where_their_voxels_are_laid([Range(0, 7)] int number)
    {
        var orientation = Orientation.First(8)[number];
        var volume = new Volume<int>([.. Enumerable.Range(0, 2 * 5 * 7)], 2, 5, 7);
        var laid = orientation.Apply(volume);
        var box = new VoxelBox(1, 1, 2, 1, 3, 4);
        var there = orientation.Apply(box, 5, 7);
        Assert.That(laid.Crop(there.Z, there.Y, there.X, there.Depth, there.Height, there.Width).Data,
            Is.EqualTo(orientation.Apply(volume.Crop(1, 1, 2, 1, 3, 4)).Data));
        Assert.That(orientation.Undo(there, laid.Height, laid.Width), Is.EqualTo(box));
    }

    private static long Memory(int dimensions) => dimensions == 2 ? 8 << 20 : 64 << 20;

    private static Volume<float> Image(int depth, int height, int width) => SmallViews.Image(depth, height, width, (9, 23, 31));
}
