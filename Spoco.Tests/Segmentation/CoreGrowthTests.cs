using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Segmentation;

/// <summary>Objects that grow from their cores: drawn examples, the rule carried out literally, and parts of an image.</summary>
public sealed class CoreGrowthTests
{
    [Test]
    public void Objects_grow_to_where_they_are_likely_and_gaps_stay_open()
    {
        // Two cores, a gap of doubt between them that neither crosses first, and a glow without a core.
        float[] probability = [0.2f, 0.6f, 0.9f, 0.7f, 0.55f, 0.45f, 0.55f, 0.9f, 0.3f, 0.6f, 0.6f];
        int[] cores = [0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0];
        Assert.That(Grow(cores, probability, 0.5), Is.EqualTo(new[] { 0, 1, 1, 1, 1, 0, 2, 2, 0, 0, 0 }));
        Assert.That(Grow(cores, probability, 0.4), Is.EqualTo(new[] { 0, 1, 1, 1, 1, 1, 2, 2, 0, 0, 0 }), "of equally likely neighbours the first");
    }

    [Test]
    public void Likelier_voxels_join_first()
    {
        // The ridge of the right object reaches further than its distance says.
        float[] probability = [0.9f, 0.52f, 0.53f, 0.7f, 0.7f, 0.7f, 0.9f];
        Assert.That(Grow([1, 0, 0, 0, 0, 0, 2], probability, 0.5), Is.EqualTo(new[] { 1, 1, 2, 2, 2, 2, 2 }));
    }

    [Test]
    public void The_rule_carried_out_literally([Range(0, 19)] int seed)
    {
        var (cores, probability, threshold) = Random(seed, 7);
        var labels = (int[])cores.Data.Clone();
        for (var step = 1; step <= 4; step++)
            for (var round = 0; round < 8; round++)
            {
                var before = (int[])labels.Clone();
                var least = step == 4 ? threshold : (1 + threshold) / 2 - (1 - threshold) / 2 * step / 4;
                for (var i = 0; i < labels.Length; i++)
                    if (before[i] == 0 && probability.Data[i] >= threshold && probability.Data[i] >= least)
                        labels[i] = Neighbours(cores, i).Where(n => before[n] != 0).OrderByDescending(n => probability.Data[n]).ThenBy(n => n)
                            .Select(n => before[n]).FirstOrDefault();
            }

        Assert.That(CoreGrowth.Grow(cores, probability, threshold).Data, Is.EqualTo(labels));
    }

    [Test]
    public void Parts_grow_as_the_whole([Range(0, 9)] int seed)
    {
        var (cores, probability, threshold) = Random(seed, 90);
        var whole = CoreGrowth.Grow(cores, probability, threshold);
        var random = new Random(seed);
        for (var i = 0; i < 5; i++)
        {
            var box = new VoxelBox(0, random.Next(cores.Height), random.Next(cores.Width), cores.Depth, 1, 1);
            box = box with { Height = 1 + random.Next(cores.Height - box.Y), Width = 1 + random.Next(cores.Width - box.X) };
            const int Reach = CoreGrowth.Reach;
            var around = new VoxelBox(box.Z - Reach, box.Y - Reach, box.X - Reach, box.Depth + 2 * Reach, box.Height + 2 * Reach, box.Width + 2 * Reach)
                .Intersect(VoxelBox.Of(cores));
            var part = CoreGrowth.Grow(Crop(cores, around), Crop(probability, around), threshold);
            Assert.That(part.Crop(box.Z - around.Z, box.Y - around.Y, box.X - around.X, box.Depth, box.Height, box.Width).Data, Is.EqualTo(Crop(whole, box).Data), $"{box}");
        }
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        var cores = new Volume<int>(1, 4, 4);
        Assert.That(() => CoreGrowth.Grow(cores, new Volume<float>(1, 4, 5), 0.5), Throws.ArgumentException);
        Assert.That(() => CoreGrowth.Grow(cores, new Volume<float>(1, 4, 4), 1.5), Throws.ArgumentException.With.Message.Contains("threshold"));
        Assert.That(() => CoreGrowth.Grow(cores, new Volume<float>(1, 4, 4), double.NaN), Throws.ArgumentException);
    }

    private static int[] Grow(int[] cores, float[] probability, double threshold) =>
        CoreGrowth.Grow(new Volume<int>(cores, 1, 1, cores.Length), new Volume<float>(probability, 1, 1, cores.Length), threshold).Data;

    private static Volume<T> Crop<T>(Volume<T> volume, VoxelBox box) where T : unmanaged =>
        volume.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width);

    /// <summary>Few cores in a smooth field of few different probabilities: long ways and many ties.</summary>
    private static (Volume<int> Cores, Volume<float> Probability, double Threshold) Random(int seed, int side)
    {
        var random = new Random(seed);
        var (depth, height, width) = (random.Next(1, 4), side + random.Next(side), side + random.Next(side));
        var (cores, probability) = (new Volume<int>(depth, height, width), new Volume<float>(depth, height, width));
        for (var i = 0; i < cores.Data.Length; i++)
        {
            probability.Data[i] = random.Next(4) == 0 ? random.NextSingle() : 0.5f + random.Next(5) / 10f;
            cores.Data[i] = random.Next(60) == 0 ? 1 + random.Next(9) : 0;
        }

        return (cores, probability, 0.3 + 0.4 * random.NextDouble());
    }

    private static IEnumerable<int> Neighbours(Volume<int> volume, int i)
    {
        var (row, slice) = (volume.Width, volume.Width * volume.Height);
        var (z, y, x) = (i / slice, i / row % volume.Height, i % row);
        if (z > 0)
            yield return i - slice;
        if (y > 0)
            yield return i - row;
        if (x > 0)
            yield return i - 1;
        if (x < volume.Width - 1)
            yield return i + 1;
        if (y < volume.Height - 1)
            yield return i + row;
        if (z < volume.Depth - 1)
            yield return i + slice;
    }
}
