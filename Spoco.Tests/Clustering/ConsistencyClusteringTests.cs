using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Clustering;

/// <summary>Algorithm 1: golden cases, a plain reference, and what it keeps of a drawn scene.</summary>
public sealed class ConsistencyClusteringTests
{
    // The golden medians are of IoUs with 1e-5 added to both sides, and the sets of pixels are small.
    private const double AddedToIou = 2e-5;
    private const float Bandwidth = 0.5f;
    private const double Threshold = 0.6;

    private static IEnumerable<string> Golden => GoldenSet.Segmentation.Cases("consistency").Select(c => c.Group);

    [Test]
    public void Golden_medians_and_labels([ValueSource(nameof(Golden))] string group, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var (device, golden) = (TestDevices.Open(name), GoldenSet.Segmentation.Case("consistency", group));
        var (objects, g, anchors) = (Labels(golden, "meanshift_labels"), Embeddings(golden, "emb_g"), golden.Int32("anchors"));
        Assert.That(ConsistencyClustering.MedianIous(objects, g, anchors, Bandwidth, device, default), Is.EqualTo(golden.Float64("median_iou")).Within(AddedToIou));
        var kept = new ConsistencyClustering().Consistent(objects, g, anchors, device, default);
        Assert.That(kept.Data, Is.EqualTo(Relabel.Compact(Labels(golden, "labels")).Labels.Data));
    }

    /// <summary>From the embeddings on: the mean-shift finds the golden objects, and of the anchors any draw keeps those whose median is clear.</summary>
    [Test]
    public void Golden_embeddings([ValueSource(nameof(Golden))] string group, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var (device, golden) = (TestDevices.Open(name), GoldenSet.Segmentation.Case("consistency", group));
        var (f, g) = (Embeddings(golden, "emb_f"), Embeddings(golden, "emb_g"));
        var objects = new MeanShiftClustering().Cluster(new Prediction(f, null, null), null, device);
        var expected = Relabel.Compact(Labels(golden, "meanshift_labels"));
        Assert.That(objects.Data, Is.EqualTo(expected.Labels.Data));

        var perObject = golden.Shape("anchors")[1];
        var anchors = expected.Inverse.Skip(1).SelectMany(label => golden.Int32("anchors").Skip((label - 1) * perObject).Take(perObject)).ToArray();
        var kept = new ConsistencyClustering().Consistent(objects, g, anchors, device, default);
        Assert.That(kept.Data, Is.EqualTo(Relabel.Compact(Labels(golden, "labels")).Labels.Data));
    }

    [Test]
    public void Medians_are_those_of_the_definition([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 2, 7)] int perObject)
    {
        var device = TestDevices.Open(name);
        var random = new Random(perObject);
        var g = new Volume<float>([.. Enumerable.Range(0, 3 * 7 * 9 * 5).Select(_ => random.NextSingle())], 3, 7, 9, 5);
        var objects = Relabel.Compact(new Volume<int>([.. Enumerable.Range(0, 3 * 7 * 9).Select(i => i / 20 % 5)], 3, 7, 9)).Labels;
        var anchors = ConsistencyClustering.Anchors(objects, perObject, seed: 3);
        Assert.That(ConsistencyClustering.MedianIous(objects, g, anchors, 0.7f, device, default), Is.EqualTo(PlainMedians(objects, g, anchors, 0.7f)).Within(1e-12));
    }

    /// <summary>More balls than are counted at once.</summary>
    [Test]
    public void Many_objects_are_counted_in_parts([Values("cpu", "opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        var random = new Random(1);
        var g = new Volume<float>([.. Enumerable.Range(0, 40 * 50 * 2).Select(_ => random.NextSingle())], 1, 40, 50, 2);
        var objects = new Volume<int>([.. Enumerable.Range(0, 40 * 50).Select(i => i / 10)], 1, 40, 50);
        var anchors = ConsistencyClustering.Anchors(objects, 100, seed: 1);
        Assert.That(anchors, Has.Length.GreaterThan(1 << 14));
        Assert.That(ConsistencyClustering.MedianIous(objects, g, anchors, 0.1f, device, default), Is.EqualTo(PlainMedians(objects, g, anchors, 0.1f)).Within(1e-12));
    }

    [Test]
    public void Anchors_are_pixels_of_their_object_and_depend_on_the_seed_alone()
    {
        var objects = new Volume<int>([0, 1, 2, 2, 1, 3, 2, 0], 1, 2, 4);
        var anchors = ConsistencyClustering.Anchors(objects, 50, seed: 5);
        Assert.That(anchors, Has.Length.EqualTo(150));
        for (var i = 0; i < anchors.Length; i++)
            Assert.That(objects.Data[anchors[i]], Is.EqualTo(1 + i / 50));
        Assert.That(anchors[..50].Distinct().Count(), Is.EqualTo(2), "all pixels of an object are drawn from");
        Assert.That(anchors[50..100].Distinct().Count(), Is.EqualTo(3));
        Assert.That(ConsistencyClustering.Anchors(objects, 50, seed: 5), Is.EqualTo(anchors));
        Assert.That(ConsistencyClustering.Anchors(objects, 50, seed: 6), Is.Not.EqualTo(anchors));
        Assert.That(ConsistencyClustering.Anchors(new Volume<int>(1, 2, 4), 50, seed: 5), Is.Empty);
    }

    /// <summary>Four objects in f; in g the second and third are one, and the fourth falls apart.</summary>
    [Test]
    public void What_looks_otherwise_in_g_is_dropped([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var (f, g) = (new Volume<float>(1, 6, 8, 2), new Volume<float>(1, 6, 8, 2));
        for (var i = 0; i < 48; i++)
        {
            var column = i % 8 / 2;
            f.Data[2 * i] = 3 * column;
            (g.Data[2 * i], g.Data[2 * i + 1]) = column switch { 0 => (0, 0), 1 or 2 => (3, 0), _ => (6, 3 * (i / 8)) };
        }

        var prediction = new Prediction(f, g, null);
        var labels = new ConsistencyClustering().Cluster(prediction, null, device);
        Assert.That(labels.Data, Is.EqualTo(Enumerable.Range(0, 48).Select(i => i % 8 < 2 ? 1 : 0)));
        var half = new ConsistencyClustering(new ConsistencyOptions { Threshold = 0.5 }).Cluster(prediction, null, device);
        Assert.That(half.Data, Is.EqualTo(Enumerable.Range(0, 48).Select(i => i % 8 < 6 ? 1 + i % 8 / 2 : 0)), "an IoU of exactly the threshold stays");

        // The third object is outside the mask, and the ball around an anchor of the second one reaches it all the same.
        var mask = new Volume<byte>([.. Enumerable.Range(0, 48).Select(i => i % 8 / 2 == 2 ? (byte)0 : (byte)1)], 1, 6, 8);
        Assert.That(new ConsistencyClustering().Cluster(prediction, mask, device).Data, Is.EqualTo(labels.Data));
    }

    [Test]
    public void The_same_on_every_device_and_with_any_number_of_threads()
    {
        var (f, g) = (Noisy(1), Noisy(2));
        var options = new ConsistencyOptions { Threshold = 0.3, Anchors = 20 };
        var expected = new ConsistencyClustering(options).Cluster(new Prediction(f, g, null));
        Assert.That(expected.Data.Max(), Is.InRange(2, 30));
        foreach (var threads in new[] { 1, 3, 16 })
        {
            using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
            Assert.That(new ConsistencyClustering(options).Cluster(new Prediction(f, g, null), null, device).Data, Is.EqualTo(expected.Data));
        }

        // Some pixels differ between f and g.
        static Volume<float> Noisy(int seed)
        {
            var random = new Random(seed);
            return new Volume<float>([.. Enumerable.Range(0, 30 * 30 * 3).Select(i => i / 3 % 30 / 6 * 2f + i / 3 / 30 / 10 * 3f + (random.Next(20) == 0 ? 1 : 0.1f) * random.NextSingle())], 1, 30, 30, 3);
        }
    }

    [Test]
    public void What_cannot_be_is_said_in_a_line()
    {
        var f = new Volume<float>(1, 4, 4, 2);
        Refused(new ConsistencyClustering(), new Prediction(f, null, null), "no embeddings of g");
        Refused(new ConsistencyClustering(), new Prediction(f, new Volume<float>(1, 4, 5, 2), null), "do not fit");
        Refused(new ConsistencyClustering(), new Prediction(f, new Volume<float>(1, 4, 4, 3), null), "do not fit");
        Refused(new ConsistencyClustering(new ConsistencyOptions { Anchors = 0 }), new Prediction(f, f, null), "anchors");
        Refused(new ConsistencyClustering(new ConsistencyOptions { Threshold = 1.5 }), new Prediction(f, f, null), "threshold");
        Refused(new ConsistencyClustering(new ConsistencyOptions { Threshold = double.NaN }), new Prediction(f, f, null), "threshold");
        var g = new Volume<float>(1, 4, 4, 2);
        g.Data[7] = float.NaN;
        Refused(new ConsistencyClustering(), new Prediction(f, g, null), "finite");

        static void Refused(ConsistencyClustering clustering, Prediction prediction, string part) =>
            Assert.That(() => clustering.Cluster(prediction), Throws.ArgumentException.With.Message.Contains(part));
    }

    private static double[] PlainMedians(Volume<int> objects, Volume<float> g, int[] anchors, float radius)
    {
        var medians = new double[objects.Data.Max()];
        var perObject = anchors.Length / medians.Length;
        for (var k = 0; k < medians.Length; k++)
        {
            var ious = anchors.Skip(k * perObject).Take(perObject).Select(anchor =>
            {
                var (shared, either) = (0, 0);
                for (var i = 0; i < objects.Data.Length; i++)
                {
                    var squared = 0f;
                    for (var c = 0; c < g.Channels; c++)
                    {
                        var difference = g.Data[i * g.Channels + c] - g.Data[anchor * g.Channels + c];
                        squared += difference * difference;
                    }

                    var (inside, own) = (MathF.Sqrt(squared) < radius, objects.Data[i] == k + 1);
                    shared += inside && own ? 1 : 0;
                    either += inside || own ? 1 : 0;
                }

                return (double)shared / either;
            }).Order().ToArray();
            medians[k] = perObject % 2 == 1 ? ious[perObject / 2] : (ious[perObject / 2 - 1] + ious[perObject / 2]) / 2;
        }

        return medians;
    }

    private static Volume<int> Labels(GoldenCase golden, string name)
    {
        var extents = golden.Shape(name);
        return new Volume<int>(golden.Int32(name), extents.Length == 3 ? extents[0] : 1, extents[^2], extents[^1]);
    }

    private static Volume<float> Embeddings(GoldenCase golden, string name)
    {
        var extents = golden.Shape(name);
        var (depth, height, width) = (extents.Length == 4 ? extents[1] : 1, extents[^2], extents[^1]);
        return Segmentation.MemoryVolumes.ChannelsLast(golden.Float32(name), depth, height, width, extents[0]);
    }
}
