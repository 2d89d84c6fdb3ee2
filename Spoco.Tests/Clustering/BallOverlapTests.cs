using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Ops;

namespace Spoco.Tests.Clustering;

/// <summary>Counts of pixels within balls, to the pixel, on every device.</summary>
public sealed class BallOverlapTests
{
    private static readonly BallOverlapShape[] Shapes =
    [
        new(1, 1, 1, 1, 1), new(95, 3, 1, 2, 7), new(96, 16, 4, 3, 1), new(97, 17, 1, 5, 3), new(1000, 64, 1, 2, 9), new(3001, 4, 2, 6, 50), new(40, 256, 1, 1, 2), new(2500, 2, 1, 3, 300),
    ];

    [Test]
    public void Counts_are_those_of_the_definition(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Range(0, 7)] int index, [Values(0f, 0.5f, 1.25f, 100f)] float radius)
    {
        var (device, shape) = (TestDevices.Open(name), Shapes[index]);
        var (embeddings, labels, anchors) = Problem(shape, radius, onGrid: false);
        EveryAlgorithm.Of(BallOverlap.Chooser, device, shape, () => AssertCounts(device, shape, embeddings, labels, anchors, radius));
    }

    /// <summary>Distances of exactly the radius: they are outside.</summary>
    [Test]
    public void The_border_of_a_ball_is_outside([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var (device, shape) = (TestDevices.Open(name), new BallOverlapShape(500, 3, 1, 3, 5));
        var (embeddings, labels, anchors) = Problem(shape, 0.5f, onGrid: true);
        AssertCounts(device, shape, embeddings, labels, anchors, 0.5f);
    }

    [Test]
    public void A_square_is_below_where_its_root_is()
    {
        var random = new Random(1);
        foreach (var radius in Enumerable.Range(0, 1000).Select(_ => random.NextSingle() * 4).Concat([0f, 1e-20f, 1e-30f, 0.5f, 1f, 1e18f]))
        {
            var square = BallOverlap.SquareOf(radius);
            Assert.That(MathF.Sqrt(square), Is.GreaterThanOrEqualTo(radius));
            if (square > 0)
                Assert.That(MathF.Sqrt(MathF.BitDecrement(square)), Is.LessThan(radius));
        }
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        var device = TestDevices.Open("cpu");
        var shape = new BallOverlapShape(10, 2, 1, 2, 3);
        var (embeddings, labels, anchors) = Problem(shape, 1, onGrid: false);
        Assert.That(() => Count(device, shape with { Objects = 3 }, embeddings, labels, anchors, 1), Throws.ArgumentException);
        Assert.That(() => Count(device, shape with { Pixels = 9 }, embeddings, labels, anchors, 1), Throws.ArgumentException);
        Assert.That(() => Count(device, shape with { Channels = 0 }, embeddings, labels, anchors, 1), Throws.ArgumentException);
        anchors[4] = 10;
        Assert.That(() => Count(device, shape, embeddings, labels, anchors, 1), Throws.ArgumentException.With.Message.Contains("no pixel 10"));
        anchors[4] = -1;
        Assert.That(() => Count(device, shape, embeddings, labels, anchors, 1), Throws.ArgumentException);
    }

    /// <summary>Clusters of pixels that lie side by side, so that most tiles are far from most objects, with noise.</summary>
    private static (float[] Embeddings, int[] Labels, int[] Anchors) Problem(BallOverlapShape shape, float spread, bool onGrid)
    {
        var random = new Random(shape.Pixels + shape.Channels);
        var clusters = shape.FirstObject + shape.Objects + 1;
        var centres = Enumerable.Range(0, clusters * shape.Channels).Select(_ => 4 * random.NextSingle()).ToArray();
        var labels = Enumerable.Range(0, shape.Pixels).Select(i => random.Next(10) == 0 ? random.Next(clusters) : (int)((long)i * clusters / shape.Pixels)).ToArray();
        var embeddings = new float[shape.Pixels * shape.Channels];
        for (var i = 0; i < embeddings.Length; i++)
        {
            var value = centres[labels[i / shape.Channels] * shape.Channels + i % shape.Channels]
                + (Math.Min(spread, 2) / MathF.Sqrt(shape.Channels) * (random.NextSingle() - 0.5f) * 2);
            embeddings[i] = onGrid ? MathF.Round(4 * value) / 4 : value;
        }

        return (embeddings, labels, [.. Enumerable.Range(0, shape.Balls).Select(_ => random.Next(shape.Pixels))]);
    }

    private static void AssertCounts(ComputeDevice device, BallOverlapShape shape, float[] embeddings, int[] labels, int[] anchors, float radius)
    {
        TestDevices.SpoilWorkspace(device);
        var (within, ofObject) = Count(device, shape, embeddings, labels, anchors, radius);
        for (var ball = 0; ball < shape.Balls; ball++)
        {
            var (all, own) = (0, 0);
            for (var i = 0; i < shape.Pixels; i++)
            {
                var sum = 0f;
                for (var c = 0; c < shape.Channels; c++)
                {
                    var difference = embeddings[i * shape.Channels + c] - embeddings[anchors[ball] * shape.Channels + c];
                    sum += difference * difference;
                }

                if (MathF.Sqrt(sum) < radius)
                    (all, own) = (all + 1, own + (labels[i] == shape.FirstObject + ball / shape.Anchors ? 1 : 0));
            }

            Assert.That((within[ball], ofObject[ball]), Is.EqualTo((all, own)), $"ball {ball} of {shape}, {device.Name}");
        }
    }

    private static (int[] Within, int[] OfObject) Count(ComputeDevice device, BallOverlapShape shape, float[] embeddings, int[] labels, int[] anchors, float radius)
    {
        using var holdings = new Holdings();
        var (within, ofObject) = (new int[anchors.Length], new int[anchors.Length]);
        BallOverlap.Count(shape, holdings.Upload<float>(device, embeddings, "test"), holdings.Upload<int>(device, labels, "test"), anchors, radius, within, ofObject);
        return (within, ofObject);
    }
}
