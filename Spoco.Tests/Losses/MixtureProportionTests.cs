using Spoco.Engine.Losses;

namespace Spoco.Tests.Losses;

/// <summary>The share of foreground from scores of labelled and of all pixels.</summary>
public sealed class MixtureProportionTests
{
    /// <summary>
    /// The share, and beside it the standard error of the largest set that holds no background: 95 % of the labelled pixels where scores tell foreground from background, the upper half of
    /// them where background scores as high as the lower half.
    /// </summary>
    [Test]
    public void Finds_the_share([Values(0.05, 0.2, 0.6)] double share, [Values(0.0, 1.0)] double overlap, [Values(0.1, 1)] double labelled)
    {
        var random = new Random(3);
        List<float> positives = [], all = [];
        for (var i = 0; i < 100_000; i++)
        {
            var inside = random.NextDouble() < share;
            var score = (float)(random.NextDouble() + (inside ? 0 : overlap - 1.5));
            all.Add(score);
            if (inside && random.NextDouble() < labelled)
                positives.Add(score);
        }

        var found = MixtureProportion.UpperBound(positives.ToArray(), all.ToArray(), objects: 400);
        Assert.That(found, Is.EqualTo(share * (1 + 1 / Math.Sqrt(400 * (overlap == 0 ? 0.95 : 0.5)))).Within(5).Percent);
    }

    [Test]
    public void Few_objects_are_trusted_less_and_labelled_pixels_are_the_least()
    {
        float[] Scores(int count, float from) => [.. Enumerable.Range(0, count).Select(i => from + i)];
        float[] all = [.. Scores(100, 0), .. Scores(100, 1000)];
        var (many, few) = (MixtureProportion.UpperBound(Scores(100, 1000), (float[])all.Clone(), 10_000), MixtureProportion.UpperBound(Scores(100, 1000), (float[])all.Clone(), 4));
        Assert.That((many, few), Is.EqualTo((0.5, 0.75)).Within(0.03));
        Assert.That(MixtureProportion.UpperBound(Scores(50, 0), Scores(50, 0), 1), Is.EqualTo(1));
    }

    [Test]
    public void Nothing_labelled_is_an_error()
    {
        Assert.That(() => MixtureProportion.UpperBound([], new float[3], 1), Throws.ArgumentException);
        Assert.That(() => MixtureProportion.UpperBound(new float[4], new float[3], 1), Throws.ArgumentException);
    }
}
