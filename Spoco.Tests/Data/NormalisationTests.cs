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
}
