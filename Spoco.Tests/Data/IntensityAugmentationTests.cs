using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Tests.Data;

public sealed class IntensityAugmentationTests
{
    private static readonly PatchExtents Patch = new(1, 37, 41);

    private static float[] Normal(int seed, int count)
    {
        var random = new RandomSource(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];
    }

    private static float[] Apply(AugmentationOptions options, int seed, float[] values, int channels = 1)
    {
        var copy = values.ToArray();
        new IntensityAugmentation(options).Apply(new RandomSource(seed), copy, Patch, channels, allAxes: false);
        return copy;
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Without_variation_nothing_changes(int channels)
    {
        var values = Normal(1, Patch.VoxelCount * channels);
        Assert.That(Apply(AugmentationOptions.None, 2, values, channels), Is.EqualTo(values));
    }

    /// <summary>Jitter of no size is the identity up to rounding, so that its formulas have no bias.</summary>
    [TestCase(1)]
    [TestCase(3)]
    public void Jitter_of_size_0_is_the_identity(int channels)
    {
        var values = Normal(1, Patch.VoxelCount * channels);
        var options = AugmentationOptions.None with { JitterProbability = 1, Brightness = 0, Contrast = 0, Gamma = 0, Saturation = 0, Hue = 0 };
        Assert.That(Apply(options, 3, values, channels), Is.EqualTo(values).Within(1e-5f));
    }

    [Test]
    public void Values_stay_in_sane_bounds_and_keep_their_order_under_jitter()
    {
        var values = Normal(1, Patch.VoxelCount);
        var order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ToArray();
        for (var seed = 0; seed < 50; seed++)
        {
            var result = Apply(AugmentationOptions.None with { JitterProbability = 1 }, seed, values);
            Assert.That(order.Zip(order.Skip(1)).All(p => result[p.First] <= result[p.Second]), $"seed {seed}");
            var mean = result.Average();
            Assert.That(mean, Is.InRange(-2.5f, 2.5f), $"seed {seed}");
            Assert.That(result.Average(v => (v - mean) * (v - mean)), Is.InRange(0.1f, 3f), $"seed {seed}");
        }
    }

    [Test]
    public void Jitter_happens_as_often_as_stated()
    {
        var values = Normal(1, Patch.VoxelCount);
        var options = AugmentationOptions.None with { JitterProbability = 0.5 };
        var changed = Enumerable.Range(0, 400).Count(seed => Apply(options, seed, values)[5] != values[5]);
        Assert.That(changed, Is.InRange(150, 250));
    }

    [Test]
    public void Greyscale_leaves_the_luma_in_all_channels()
    {
        var values = Normal(1, Patch.VoxelCount * 3);
        var result = Apply(AugmentationOptions.None with { GreyscaleProbability = 1 }, 3, values, 3);
        for (var i = 0; i < values.Length; i += 3)
        {
            var luma = 0.299f * values[i] + 0.587f * values[i + 1] + 0.114f * values[i + 2];
            Assert.That(result[i..(i + 3)], Is.EqualTo(new[] { luma, luma, luma }).Within(1e-5f));
        }
    }

    /// <summary>Saturation and hue move colours around their luma.</summary>
    [Test]
    public void Hue_and_saturation_keep_the_luma()
    {
        var values = Normal(1, Patch.VoxelCount * 3);
        var options = AugmentationOptions.None with { JitterProbability = 1, Brightness = 0, Contrast = 0, Hue = 0.3 };
        var result = Apply(options, 5, values, 3);
        Assert.That(result, Is.Not.EqualTo(values).Within(0.01f));
        for (var i = 0; i < values.Length; i += 3)
            Assert.That(Luma(result, i), Is.EqualTo(Luma(values, i)).Within(1e-5f));

        static float Luma(float[] v, int i) => 0.299f * v[i] + 0.587f * v[i + 1] + 0.114f * v[i + 2];
    }

    [Test]
    public void A_hue_of_a_third_of_the_circle_exchanges_the_channels_of_a_colour()
    {
        // Only the difference of channels to each other counts: the luma is kept.
        var options = AugmentationOptions.None with { JitterProbability = 1, Brightness = 0, Contrast = 0, Saturation = 0, Hue = 1.0 / 3 };
        float[] red = [.. Enumerable.Range(0, Patch.VoxelCount).SelectMany(_ => new[] { 1f, 0, 0 })];
        var turned = Enumerable.Range(0, 300).Select(seed => Apply(options, seed, red, 3)).ToArray();
        Assert.That(turned.Min(v => v[0] - v[1]), Is.EqualTo(-1).Within(0.1), "nearly green");
        Assert.That(turned.Min(v => v[0] - v[2]), Is.EqualTo(-1).Within(0.1), "nearly blue");
    }

    [Test]
    public void Noise_has_the_stated_deviation()
    {
        var options = AugmentationOptions.None with { NoiseProbability = 1, NoiseDeviation = new DrawRange(0.3, 0.3) };
        var result = Apply(options, 4, new float[Patch.VoxelCount]);
        Assert.That(result.Average(), Is.Zero.Within(0.04));
        Assert.That(Math.Sqrt(result.Average(v => v * v)), Is.EqualTo(0.3).Within(0.025));
    }

    [TestCase(1, 37, 41, 1, 1.3, false)]
    [TestCase(1, 5, 3, 3, 2.0, false)]
    [TestCase(4, 6, 9, 2, 0.8, true)]
    [TestCase(3, 1, 2, 1, 1.5, true)]
    public void Blur_equals_the_double_precision_sum(int depth, int height, int width, int channels, double sigma, bool allAxes)
    {
        var values = Normal(7, depth * height * width * channels);
        var expected = values.Select(v => (double)v).ToArray();
        int[] counts = [depth, height, width];
        int[] strides = [height * width * channels, width * channels, channels];
        for (var axis = allAxes ? 0 : 1; axis < 3; axis++)
            expected = Convolve(expected, counts[axis], strides[axis], sigma);

        new GaussianBlur().Apply(values, new PatchExtents(depth, height, width), channels, sigma, allAxes);
        Assert.That(values.Select(v => (double)v), Is.EqualTo(expected).Within(1e-5));
    }

    private static double[] Convolve(double[] values, int count, int stride, double sigma)
    {
        var radius = (int)Math.Ceiling(3 * sigma);
        var weights = Enumerable.Range(-radius, 2 * radius + 1).Select(i => Math.Exp(-0.5 * i * i / (sigma * sigma))).ToArray();
        var result = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var at = i / stride % count;
            for (var k = -radius; k <= radius; k++)
            {
                var period = Math.Max(1, 2 * (count - 1));
                var j = ((at + k) % period + period) % period;
                j = j < count ? j : period - j;
                result[i] += weights[k + radius] / weights.Sum() * values[i + (j - at) * stride];
            }
        }

        return result;
    }

    [Test]
    public void Options_out_of_bounds_are_refused()
    {
        Assert.That(() => new AugmentationOptions().Validate(), Throws.Nothing);
        Assert.That(() => new AugmentationOptions { Scale = new DrawRange(1, 0.7) }.Validate(), Throws.TypeOf<InputException>());
        Assert.That(() => new AugmentationOptions { Hue = 0.6 }.Validate(), Throws.TypeOf<InputException>());
        Assert.That(() => new AugmentationOptions { BlurProbability = double.NaN }.Validate(), Throws.TypeOf<InputException>());
    }

    /// <summary>P(k v)/k has mean v and variance v / k, for few events (exact) and many (normal).</summary>
    [TestCase(2.0)]
    [TestCase(50.0)]
    public void Shot_noise_has_the_variance_of_counts(double events)
    {
        var values = new float[40000];
        values.AsSpan(1).Fill(3);
        var options = AugmentationOptions.None with { PoissonProbability = 1, PoissonEvents = new DrawRange(events, events) };
        var noisy = Apply(options, 5, values).Skip(1).Select(v => (double)v).ToArray();
        var mean = noisy.Average();
        var variance = noisy.Sum(v => (v - mean) * (v - mean)) / noisy.Length;
        // Standard errors: sqrt(v / (k n)) and about v / k * sqrt(2 / n + 1 / (k v n)).
        Assert.That(mean, Is.EqualTo(3).Within(5 * Math.Sqrt(3 / events / noisy.Length)));
        Assert.That(variance, Is.EqualTo(3 / events).Within(0.05 * 3 / events));
        Assert.That(noisy.Select(v => v * events).All(v => Math.Abs(v - Math.Round(v)) < 1e-3), "whole counts");
    }
}
