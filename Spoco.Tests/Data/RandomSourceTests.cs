using Spoco.Engine;

namespace Spoco.Tests.Data;

public sealed class RandomSourceTests
{
    /// <summary>First outputs of the authors' xoshiro256** for the state 1, 2, 3, 4.</summary>
    [Test]
    public void Equals_the_published_algorithm()
    {
        var random = new RandomSource(0) { State = new RandomState(1, 2, 3, 4) };
        ulong[] expected = [11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600];
        Assert.That(expected.Select(_ => random.NextUInt64()), Is.EqualTo(expected));
    }

    [Test]
    public void Streams_depend_on_all_three_numbers_and_on_nothing_else()
    {
        var seen = new HashSet<ulong>();
        for (var seed = -2; seed < 3; seed++)
            for (var iteration = 0; iteration < 5; iteration++)
                for (var item = -1; item < 4; item++)
                {
                    var first = RandomSource.ForIndex(seed, iteration, item).NextUInt64();
                    Assert.That(seen.Add(first), $"({seed}, {iteration}, {item}) repeats another stream");
                    Assert.That(RandomSource.ForIndex(seed, iteration, item).NextUInt64(), Is.EqualTo(first));
                }
    }

    [Test]
    public void State_continues_exactly()
    {
        var random = new RandomSource(3);
        random.NextGaussian();
        var copy = new RandomSource(0) { State = random.State };
        for (var i = 0; i < 50; i++)
            Assert.That(copy.NextGaussian(), Is.EqualTo(random.NextGaussian()));
        Assert.That(() => random.State = default, Throws.ArgumentException);
    }

    [Test]
    public void Integers_are_uniform_and_within_bounds()
    {
        var random = new RandomSource(4);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[random.NextInt(7)]++;
        Assert.That(counts, Is.All.InRange(9_600, 10_400));
        Assert.That(random.NextInt(1), Is.Zero);
        Assert.That(() => random.NextInt(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Doubles_are_uniform()
    {
        var random = new RandomSource(5);
        var values = Enumerable.Range(0, 100_000).Select(_ => random.NextDouble(2, 4)).ToArray();
        Assert.That(values.Min(), Is.InRange(2, 2.001));
        Assert.That(values.Max(), Is.InRange(3.999, 4));
        Assert.That(values.Average(), Is.EqualTo(3).Within(0.01));
        Assert.That(values.Average(v => (v - 3) * (v - 3)), Is.EqualTo(1.0 / 3).Within(0.01));
    }

    /// <summary>Moments and tail mass of the normal distribution, each within five standard errors.</summary>
    [Test]
    public void Gaussians_are_normal()
    {
        const int count = 1_000_000;
        var random = new RandomSource(6);
        var values = Enumerable.Range(0, count).Select(_ => random.NextGaussian()).ToArray();
        Assert.That(values.Average(), Is.Zero.Within(0.005));
        Assert.That(values.Average(v => v * v), Is.EqualTo(1).Within(0.0075));
        Assert.That(values.Average(v => v * v * v), Is.Zero.Within(0.02));
        Assert.That(values.Average(v => v * v * v * v), Is.EqualTo(3).Within(0.05));
        foreach (var (edge, mass) in new[] { (0.5, 0.617075), (1.0, 0.317311), (2.0, 0.0455003), (3.0, 0.0026998), (3.5, 0.00046526) })
            Assert.That(values.Count(v => Math.Abs(v) > edge) / (double)count,
                Is.EqualTo(mass).Within(5 * Math.Sqrt(mass / count)), $"beyond {edge}");
    }

    [Test]
    public void Shuffle_keeps_the_values_and_reaches_every_order()
    {
        var random = new RandomSource(7);
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < 6_000; i++)
        {
            int[] values = [1, 2, 3];
            random.Shuffle(values.AsSpan());
            Assert.That(values.Order(), Is.EqualTo(new[] { 1, 2, 3 }));
            var key = string.Join(' ', values);
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.That(counts.Values, Has.Count.EqualTo(6).And.All.InRange(850, 1150));
    }
}
