using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>Where a learned foreground is cut, and which segments are joined.</summary>
public sealed class LabelCalibrationTests
{
    /// <summary>A disc whose edge lies where a foreground that fades outwards has a known probability.</summary>
    [TestCase(0.12, 1, 1)]
    [TestCase(0.22, 1, 3)]
    [TestCase(0.42, 3, 1)]
    public void Outlines_lie_where_the_image_is_steep(double edge, int depth, int channels)
    {
        const int Size = 80;
        var image = new Volume<float>(depth, Size, Size, channels);
        var probability = new Volume<float>(depth, Size, Size);
        for (var i = 0; i < probability.Data.Length; i++)
        {
            var (y, x) = (i / Size % Size - 40, i % Size - 40);
            var radius = Math.Sqrt(y * y + x * x);
            probability.Data[i] = (float)Math.Clamp(1 - radius / 40, 0, 1);
            for (var c = 0; c < channels; c++)
                image.Data[i * channels + c] = probability.Data[i] >= edge ? 1 : 0;
        }

        var threshold = new OutlineThreshold();
        threshold.Add(image, probability);
        Assert.That(threshold.Value, Is.EqualTo(edge).Within(0.051));
    }

    [Test]
    public void Without_an_outline_it_is_one_half()
    {
        var threshold = new OutlineThreshold();
        Assert.That(threshold.Value, Is.EqualTo(0.5));
        threshold.Add(new Volume<float>(1, 4, 4), new Volume<float>([.. Enumerable.Range(0, 16).Select(i => i % 2 * 0.9f)], 1, 4, 4));
        Assert.That(threshold.Value, Is.EqualTo(0.5), "an image of one value");
    }

    [Test]
    public void The_climb_ends_where_growth_is_chance()
    {
        // Values rise to choice 5 and fall behind it; objects differ far more than choices do.
        double[] Values(int choice, double slope) => [.. Enumerable.Range(0, 20).Select(k => 0.04 * k - slope * Math.Abs(choice - 5))];
        foreach (var start in new[] { 0, 4, 5, 8 })
            Assert.That(LabelCalibration.Climb(start, 9, wanted => [.. wanted.Select(choice => Values(choice, 0.03))]), Is.EqualTo(5));
        foreach (var (start, end) in new[] { (0, 5), (8, 8) })
            Assert.That(LabelCalibration.Climb(start, 9, wanted => [.. wanted.Select(choice => Values(choice, 0.01))]), Is.EqualTo(end), "a step down has to gain more");

        var random = new RandomSource(3);
        var noise = Enumerable.Range(0, 9).Select(_ => Enumerable.Range(0, 4).Select(_ => random.NextDouble()).ToArray()).ToArray();
        noise[4] = [.. noise[3].Select((value, i) => value + (i % 2 == 0 ? 0.5 : -0.48))];
        noise[2] = noise[3];
        Assert.That(LabelCalibration.Climb(3, 9, wanted => [.. wanted.Select(i => noise[i])]), Is.EqualTo(3), "better by less than its error");
        Assert.That(LabelCalibration.Climb(1, 3, wanted => [.. wanted.Select(i => new[] { i + 0.5 })]), Is.EqualTo(1), "one object tells nothing");
        Assert.That(LabelCalibration.Climb(1, 3, wanted => [.. wanted.Select(_ => Array.Empty<double>())]), Is.EqualTo(1));
    }

    [Test]
    public void A_model_keeps_what_it_is_segmented_with()
    {
        using var device = ComputeDevice.Open("cpu");
        using var model = new SpocoModel(device, new SpocoModelOptions { Foreground = true, Network = new() { Dimensions = 2, FeatureMaps = [4, 8] } }, trained: false);
        model.SetSegmentation(0.8, 17, 1.5);
        Assert.That((model.Options.ForegroundThreshold, model.Options.Segmentation.SizeFloor, model.Options.Segmentation.MergeDistance), Is.EqualTo((0.8, 17, 1.5)));
        foreach (var (threshold, floor, distance) in new[] { (0.0, 1, 1.0), (1.0, 1, 1), (double.NaN, 1, 1), (0.5, -1, 1), (0.5, 1, -1), (0.5, 1, double.NaN), (0.5, 1, double.PositiveInfinity) })
            Assert.That(() => model.SetSegmentation(threshold, floor, distance), Throws.ArgumentException);
        Assert.That((model.Options.ForegroundThreshold, model.Options.SizeFloor, model.Options.MergeDistance), Is.EqualTo((0.8, 17, 1.5)), "left as it was");
        model.SetSegmentation(0.8, 17, null);
        Assert.That(model.Options.Segmentation.MergeDistance, Is.EqualTo(model.Options.PushMargin), "with a foreground");
        Assert.That(new SpocoModelOptions().Segmentation.MergeDistance, Is.Zero, "the paper's network");
    }
}
