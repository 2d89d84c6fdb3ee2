using Spoco.Engine;

namespace Spoco.Tests.Data;

public sealed class NormalisationTests
{
    [Test]
    public void Mean_is_0_and_deviation_1([Values(false, true)] bool perChannel)
    {
        var random = new RandomSource(1);
        var image = new Volume<float>(3, 5, 7, 2) { VoxelSize = new VoxelSize(2, 1, 1) };
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = (float)(1e4 + (i % 2 * 50) + 3 * random.NextGaussian());
        var before = image.Data.ToArray();

        var result = Normalisation.Apply(image, perChannel);

        Assert.That(image.Data, Is.EqualTo(before));
        Assert.That(result.VoxelSize, Is.EqualTo(image.VoxelSize));
        var groups = perChannel ? new[] { 0, 1 }.Select(c => result.Data.Where((_, i) => i % 2 == c)) : [result.Data];
        foreach (var values in groups.Select(g => g.ToArray()))
        {
            Assert.That(values.Average(v => (double)v), Is.Zero.Within(1e-6));
            Assert.That(values.Average(v => (double)v * v), Is.EqualTo(1).Within(1e-6));
        }
    }

    [Test]
    public void A_constant_image_becomes_0()
    {
        var image = new Volume<float>([.. Enumerable.Repeat(0.1f, 1001)], 1, 7, 143);
        Assert.That(Normalisation.Apply(image).Data, Is.All.Zero);
    }

    [Test]
    public void A_constant_channel_becomes_0_beside_another_that_is_not()
    {
        var image = new Volume<float>([5, 1, 5, 2, 5, 3], 1, 1, 3, 2);
        Assert.That(Normalisation.Apply(image, perChannel: true).Data, Is.EqualTo(new[] { 0, -1.2247449f, 0, 0, 0, 1.2247449f }).Within(1e-6f));
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void Values_that_are_not_numbers_are_refused(float value) =>
        Assert.That(() => Normalisation.Apply(new Volume<float>([1, value, 2], 1, 1, 3), name: "a.tif"),
            Throws.TypeOf<InputException>().With.Message.Contains("a.tif"));

    /// <summary>Also cut into blocks anywhere, with negative values, and more channels than one.</summary>
    [Test]
    public void Percentiles_are_those_of_sorted_values([Values(0, 1, 33.3, 50, 100)] double low, [Values(1, 7, 5000)] int count)
    {
        var random = new RandomSource(4);
        var values = Enumerable.Range(0, count).Select(i => (float)((i % 3 == 0 ? 1e-3 : 1e3) * random.NextGaussian())).ToArray();
        var (actual, last) = Percentiles.Of(() => values.Chunk(17), low, 100, "image");
        var sorted = values.Order().ToArray();
        Assert.That((actual, last), Is.EqualTo((sorted[(int)Math.Round(low / 100 * (count - 1))], sorted[^1])));
    }

    [Test]
    public void Hot_and_dead_pixels_do_not_change_the_others_where_percentiles_are_cut([Values(1, 3)] int channels)
    {
        var options = NormalisationOptions.Parse("percentile(1,99,1)");
        var random = new RandomSource(2);
        var image = new Volume<float>(1, 64, 64, channels);
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = (float)(100 + 10 * (i % channels) + 3 * random.NextGaussian());
        var before = Normalisation.Apply(image, options);
        Assert.That(before.Data, Is.EqualTo(Normalisation.Apply(image).Data), "an image without outliers is as with zscore");
        for (var i = 0; i < 10; i++)
            image.Data[401 * i * channels] = i % 2 == 0 ? 65535 : -65535;
        var after = Normalisation.Apply(image, options);
        var spoilt = Enumerable.Range(0, 10).Select(i => 401 * i * channels).ToHashSet();
        for (var i = 0; i < image.Data.Length; i++)
            Assert.That(after.Data[i], spoilt.Contains(i) ? Is.InRange(-15f, 15f) : Is.EqualTo(before.Data[i]).Within(0.4f), $"value {i}");
    }

    /// <summary>Of an image that is empty but for few objects, both percentiles are the background.</summary>
    [Test]
    public void Equal_percentiles_cut_nothing()
    {
        var image = new Volume<float>(1, 100, 100);
        image.Data[17] = 5;
        Assert.That(Normalisation.Apply(image, NormalisationOptions.Parse("percentile(1,99)")).Data, Is.EqualTo(Normalisation.Apply(image).Data));
    }

    [Test]
    public void Given_numbers_and_none_and_clipping()
    {
        var image = new Volume<float>([1, 10, 5, 20, 9, 90], 1, 1, 3, 2);
        Assert.That(Normalisation.Apply(image, NormalisationOptions.Parse("none")).Data, Is.EqualTo(image.Data));
        var clipped = NormalisationOptions.Parse("fixed(5,2)") with { Clip = 3 };
        Assert.That(Normalisation.Apply(image, clipped).Data, Is.EqualTo(new[] { -2, 2.5f, 0, 3, 2, 3 }));
        Assert.That(Normalisation.Apply(image, NormalisationOptions.Parse("fixed(5,20,2,10)")).Data, Is.EqualTo(new[] { -2, -1, 0, 0, 2, 7f }));
        Assert.That(() => Normalisation.Apply(new Volume<float>(1, 1, 2, 3), NormalisationOptions.Parse("fixed(5,20,2,10)"), "a.tif"),
            Throws.TypeOf<InputException>().With.Message.Contains("a.tif has 3"));
    }

    [TestCase("zscore")]
    [TestCase("zscore-per-channel")]
    [TestCase("percentile(0.5,99.8)")]
    [TestCase("percentile(1,99,1)")]
    [TestCase("fixed(5,2)")]
    [TestCase("fixed(1,2,3,4,5,6)")]
    [TestCase("none")]
    public void Options_are_read_as_they_are_written(string text)
    {
        var options = NormalisationOptions.Parse(text);
        Assert.That(options.ToString(), Is.EqualTo(text));
        var image = new Volume<float>([1, float.NaN, 2, 3, 4, 5], 1, 1, 2, 3);
        Assert.That(() => Normalisation.Apply(image, options, "a.tif"), Throws.TypeOf<InputException>().With.Message.Contains("a.tif"));
    }

    [TestCase("")]
    [TestCase("median")]
    [TestCase("zscore(1)")]
    [TestCase("percentile")]
    [TestCase("percentile(99,1)")]
    [TestCase("percentile(1,101)")]
    [TestCase("percentile(1,99,-1)")]
    [TestCase("percentile(1,99")]
    [TestCase("percentile(1,NaN)")]
    [TestCase("fixed(1)")]
    [TestCase("fixed(1,0)")]
    [TestCase("fixed(1,2,3)")]
    [TestCase("fixed(1,Infinity)")]
    public void Other_options_are_refused(string text) => Assert.That(() => NormalisationOptions.Parse(text), Throws.TypeOf<InputException>());
}
