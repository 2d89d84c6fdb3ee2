using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Ops;
using Prediction = Spoco.Engine.Prediction;

namespace Spoco.Tests.Segmentation;

/// <summary>Affinities and foreground averaged over views where they lie, against sums in double precision over views that are turned back.</summary>
public sealed class MeanAffinitiesTests
{
    private const float Margin = 1.1f;

    private static readonly VoxelOffset[] Steps =
        [new(0, 0, -1), new(0, -1, 0), new(-1, 0, 0), new(0, 3, 0), new(1, -2, 2), new(0, 0, 9), new(0, -20, 0), new(0, 0, 30), new(0, 0, 0), new(3, 0, 0)];

    private static IEnumerable<object[]> Cases() =>
        from device in TestDevices.All
        from extents in (int[][])[[1, 33, 70], [3, 5, 7], [2, 17, 1], [1, 1, 66], [1, 1, 1]]
        from channels in (int[])[1, 3, 4, 8, 16, 17, 21, 32]
        where channels is 4 or 17 || extents[1] > 17
        where !IsSimulated(device) || extents[1] <= 17
        select new object[] { device, extents[0], extents[1], extents[2], channels };

    [TestCaseSource(nameof(Cases))]
    public void Views_of_all_orientations_add_up(string name, int depth, int height, int width, int channels)
    {
        var device = TestDevices.Open(name);
        EveryAlgorithm.Of(Probability.Chooser, device, LaidImage.AsItIs(new(1, depth, height, width, channels + 1)),
            () => AddUp(device, depth, height, width, channels));
    }

    private static void AddUp(ComputeDevice device, int depth, int height, int width, int channels)
    {
        var whole = new VoxelBox(0, 0, 0, depth, height, width);
        foreach (var part in new[] { whole, new VoxelBox(depth - 1, height / 3, width / 2, 1, height - height / 3 - height / 4, width - width / 2) })
        {
            using var holdings = new Holdings();
            var sums = new[] { false, true }.Select(_ => holdings.AllocateCleared<float>(device, Steps.Length * part.VoxelCount, "test")).ToArray();
            var foreground = holdings.AllocateCleared<float>(device, part.VoxelCount, "test");
            var (expected, expectedForeground) = (new double[Steps.Length * part.VoxelCount], new double[part.VoxelCount]);
            foreach (var orientation in Orientation.First(8))
            {
                // Each view says something else; the last channel is the logit.
                var view = new Volume<float>(
                    GradientCheck.RandomValues(new Random(orientation.GetHashCode()), whole.VoxelCount * (channels + 1)), depth, height, width, channels + 1);
                var outputs = holdings.Upload<float>(device, orientation.Apply(view).Data, "test");
                var offsets = holdings.Upload<PixelOffset>(device, [.. Steps.Select(o => orientation.Apply(o).ToPixels())], "test");
                var image = orientation.Lay(whole, part, channels + 1);
                for (var last = 0; last < 2; last++)
                    Affinity.AddShare(image, outputs, channels, offsets, Margin, 1 / 8f, last == 1, sums[last]);
                Probability.AddShare(image, outputs, channels, 1 / 8f, foreground);
                Add(expected, expectedForeground, view, channels, part, Steps, Margin, 8);
            }

            var (first, lasts) = (sums[0].ToArray(), sums[1].ToArray());
            Assert.That(first, Is.EqualTo(expected).Within(1e-6), $"{part}");
            Assert.That(lasts, Is.EqualTo(MemoryVolumes.ChannelsLast(first, part.Depth, part.Height, part.Width, Steps.Length).Data), "channels last, the same bits");
            Assert.That(foreground.ToArray(), Is.EqualTo(expectedForeground).Within(1e-6), $"foreground, {part}");
        }
    }

    // Networks take long on the simulator: there it is two views.
    private static IEnumerable<object[]> NetworkCases() =>
        from device in TestDevices.All
        from orientations in (int[])[2, 4, 8]
        from volume in (bool[])[false, true]
        from foreground in (bool[])[false, true]
        where !IsSimulated(device) || (orientations == 2 && foreground)
        select new object[] { device, orientations, volume, foreground };

    [TestCaseSource(nameof(NetworkCases))]
    public void Networks_are_averaged(string name, int orientations, bool volume, bool foreground)
    {
        var device = TestDevices.Open(name);
        using var model = SmallViews.Model(device, volume ? 3 : 2, foreground);
        // A flat network of several slices, too.
        var image = IsSimulated(name) ? volume ? Image(2, 9, 10) : Image(2, 9, 13) : volume ? Image(5, 13, 18) : Image(2, 21, 35);
        var options = model.Options.Segmentation.Watershed;
        var offsets = options.Resolve(image.Depth).Offsets.ToArray();
        var expected = new double[offsets.Length * image.VoxelCount];
        var expectedForeground = new double[image.VoxelCount];
        foreach (var orientation in Orientation.First(orientations))
        {
            var view = model.Predict(orientation.Apply(image));
            Add(expected, null, orientation.Undo(view.Embeddings), 4, VoxelBox.Of(image), offsets, options.PushMargin, orientations);
            for (var i = 0; i < image.VoxelCount && foreground; i++)
                expectedForeground[i] += (double)orientation.Undo(view.Foreground!).Data[i] / orientations;
        }

        var mean = OrientationAverage.Predict(model, image, orientations);
        Assert.That(mean.Affinities, Is.EqualTo(expected).Within(1e-6));
        Assert.That(mean.Embeddings.Data, Is.EqualTo(model.Predict(image).Embeddings.Data));
        Assert.That(mean.Foreground is not null, Is.EqualTo(foreground));
        if (foreground)
            Assert.That(mean.Foreground!.Data, Is.EqualTo(expectedForeground).Within(1e-6));
    }

    [Test]
    public void Labels_are_the_same_whether_the_weights_pass_the_host_or_not(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 2)] int orientations, [Values] bool masked)
    {
        var device = TestDevices.Open(name);
        using var model = SmallViews.Model(device, 2, foreground: true);
        var image = IsSimulated(name) ? Image(1, 19, 23) : Image(1, 53, 61);
        var mask = masked
            ? new Volume<byte>([.. Enumerable.Range(0, image.VoxelCount).Select(i => (byte)(i % image.Width % 20 == 3 ? 0 : 1))], 1, image.Height, image.Width) : null;
        var options = model.Options.Segmentation with { SizeFloor = 5, MergeDistance = 0.002 };
        using var seen = OrientationAverage.PredictOnDevice(model, image, orientations);
        var host = seen.ToHost();
        Assert.That(host.Affinities is null, Is.EqualTo(orientations == 1));
        Assert.That(seen.Prediction.Affinities, Is.Null);
        Assert.That(seen.Prediction.AffinitiesOnDevice.IsNull, Is.EqualTo(orientations == 1));
        Assert.That(seen.Prediction.EmbeddingsOnDevice.IsNull, Is.EqualTo(orientations > 1 || device.Kind == DeviceKind.Host));
        var labels = InstanceSegmentation.Segment(seen.Prediction, mask, options, device).Data;
        Assert.That(labels, Is.EqualTo(InstanceSegmentation.Segment(host, mask, options, device).Data), "on the device");
        Assert.That(InstanceSegmentation.Segment(seen.Prediction, mask, options).Data, Is.EqualTo(InstanceSegmentation.Segment(host, mask, options).Data), "on the host");
        Assert.That(InstanceSegmentation.SegmentLearned(seen.Prediction, 0.4, options, device).Data,
            Is.EqualTo(InstanceSegmentation.SegmentLearned(host, 0.4, options, device).Data), "within the learned foreground");
        Assert.That(InstanceSegmentation.ForegroundOfLargestCluster(seen.Prediction, options.Watershed, device).Data,
            Is.EqualTo(InstanceSegmentation.ForegroundOfLargestCluster(host, options.Watershed, device).Data));
        Assert.That(labels.Max(), Is.GreaterThan(3), "there is something to tell apart");
    }

    [Test]
    public void The_embeddings_of_g_are_those_of_the_image_as_it_is(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 2)] int orientations)
    {
        var device = TestDevices.Open(name);
        using var model = SmallViews.Model(device, 2, foreground: true);
        model.MomentumNet.Parameters.Initialise(7);
        var image = Image(1, 9, 13);
        using var seen = OrientationAverage.PredictOnDevice(model, image, orientations, withMomentum: true);
        Assert.That(seen.Prediction.MomentumEmbeddings!.Data, Is.EqualTo(model.Predict(image, withMomentum: true).MomentumEmbeddings!.Data));
        Assert.That(seen.Prediction.MomentumEmbeddings.Data, Is.Not.EqualTo(seen.Prediction.Embeddings.Data));
        Assert.That(seen.ToHost().MomentumEmbeddings, Is.SameAs(seen.Prediction.MomentumEmbeddings));
        using var without = OrientationAverage.PredictOnDevice(model, image, orientations);
        Assert.That(without.Prediction.MomentumEmbeddings, Is.Null);
    }

    [Test]
    public void Views_that_are_averaged_where_nothing_is_said()
    {
        var model = new SpocoModelOptions();
        Assert.That(OrientationAverage.DefaultOf(model), Is.EqualTo(8));
        Assert.That(OrientationAverage.DefaultOf(model, new MutexWatershedClustering()), Is.EqualTo(8));
        Assert.That(OrientationAverage.DefaultOf(model, new MeanShiftClustering()), Is.EqualTo(1), "there is nothing to average");
        Assert.That(OrientationAverage.DefaultOf(model with { Foreground = true }, new MeanShiftClustering()), Is.EqualTo(8));
        Assert.That(OrientationAverage.DefaultOf(model with { Network = new UNetOptions { Dimensions = 3 } }), Is.EqualTo(1));
    }

    [Test]
    public void Embeddings_that_are_no_numbers_are_refused_with_their_place(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 2)] int orientations)
    {
        var device = TestDevices.Open(name);
        using var model = SmallViews.Model(device, 2, foreground: true);
        model.EmbeddingNet.Parameters.Values.CopyFrom([.. Enumerable.Repeat(1e30f, (int)model.EmbeddingNet.Parameters.Values.Length)]);
        Assert.That(
            () =>
            {
                using var seen = OrientationAverage.PredictOnDevice(model, Image(1, 9, 13), orientations);
                InstanceSegmentation.Segment(seen.Prediction, null, model.Options.Segmentation, device);
            },
            Throws.ArgumentException.With.Message.StartsWith("Affinities: embeddings must be finite, value 0 of voxel 0 is "));
    }

    [Test]
    public void Parts_of_another_model_or_outside_are_refused()
    {
        var device = TestDevices.Open("cpu");
        using var holdings = new Holdings();
        var values = holdings.Allocate<float>(device, 4 * 5 * 3, "test");
        var offsets = holdings.Upload<PixelOffset>(device, [new(0, 0, 1)], "test");
        var sums = holdings.Allocate<float>(device, 20, "test");
        var image = LaidImage.AsItIs(new TensorShape(1, 1, 4, 5, 3));
        Assert.That(() => Add(image, 3), Throws.Nothing);
        Assert.That(() => Add(image, 4), Throws.ArgumentException);
        foreach (var wrong in (LaidImage[])[image with { First = new(0, 0, 1) }, image with { Origin = 1 }, image with { Row = 6 }, image with { Column = -1 }])
        {
            Assert.That(() => Add(wrong, 3), Throws.ArgumentException, $"{wrong}");
            Assert.That(() => Probability.AddShare(wrong, values, 2, 1, sums), Throws.ArgumentException, $"{wrong}");
        }

        void Add(LaidImage laid, int channels) => Affinity.AddShare(laid, values, channels, offsets, 1, 1, false, sums);
    }

    private static bool IsSimulated(string name) => name == "ilgpu-cpu";

    private static void Add(
        double[] weights, double[]? foreground, Volume<float> view, int channels, VoxelBox part, VoxelOffset[] steps, double margin, int views)
    {
        var whole = VoxelBox.Of(view);
        for (var i = 0; i < part.VoxelCount; i++)
        {
            var (z, y, x) = (part.Z + i / part.Width / part.Height, part.Y + i / part.Width % part.Height, part.X + i % part.Width);
            if (foreground is not null)
                foreground[i] += 1 / (1 + Math.Exp(-view[z, y, x, channels])) / views;
            for (var o = 0; o < steps.Length; o++)
            {
                var (pz, py, px) = (z + steps[o].Z, y + steps[o].Y, x + steps[o].X);
                var weight = 1.0;
                if (whole.Contains(pz, py, px))
                {
                    var squared = Enumerable.Range(0, channels).Sum(c => Math.Pow((double)view[z, y, x, c] - view[pz, py, px, c], 2));
                    weight = 1 - Math.Pow(Math.Max((2 * margin - Math.Sqrt(squared)) / (2 * margin), 0), 2);
                }

                weights[o * part.VoxelCount + i] += weight / views;
            }
        }
    }

    private static Volume<float> Image(int depth, int height, int width) => SmallViews.Image(depth, height, width, (depth, 11, 13));
}
