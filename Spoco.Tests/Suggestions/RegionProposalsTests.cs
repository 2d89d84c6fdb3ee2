using Spoco.Engine;
using Spoco.Engine.Suggestions;

namespace Spoco.Tests.Suggestions;

/// <summary>Segments, what they may have missed, and rims: drawn examples and the rules carried out literally.</summary>
public sealed class RegionProposalsTests
{
    [Test]
    public void What_is_unclear_away_from_segments_has_been_missed()
    {
        // A segment with a soft rim, a glow of three voxels, a faint one, and a speck.
        int[] segments = [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        float[] foreground = [0.4f, 0.9f, 0.9f, 0.4f, 0.4f, 0.1f, 0.3f, 0.25f, 0.7f, 0, 0.2f, 0.2f, 0.2f, 0, 0.4f];
        var found = RegionProposals.Of(Row(segments), Values(foreground), sizeFloor: 2);
        Assert.That(found.Regions.Data, Is.EqualTo(new[] { 0, 1, 1, 0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0 }));
        Assert.That((found.Segments, found.Count), Is.EqualTo((1, 2)));
        Assert.That(RegionProposals.Of(Row(segments), Values(foreground), sizeFloor: 1).Count, Is.EqualTo(3), "without a floor a speck is a region");
        Assert.That(RegionProposals.Of(Row(segments), Values(foreground), sizeFloor: 2, threshold: 0.4).Regions.Data[10..13], Is.All.EqualTo(3), "half of the threshold");
    }

    [Test]
    public void Without_a_foreground_nothing_is_missed()
    {
        var found = RegionProposals.Of(Row([0, 1, 2, 0]), null, sizeFloor: 1);
        Assert.That(found.Regions.Data, Is.EqualTo(new[] { 0, 1, 2, 0 }));
        Assert.That((found.Segments, found.Count), Is.EqualTo((2, 2)));
    }

    [Test]
    public void Sizes_that_differ_are_refused() =>
        Assert.That(() => RegionProposals.Of(Row([0, 1]), Values([0, 1, 0]), 1), Throws.ArgumentException.With.Message.Contains("the foreground"));

    [Test]
    public void Rims_grow_by_faces_and_the_smallest_number_wins([Range(0, 9)] int seed)
    {
        var random = new Random(seed);
        var regions = new Volume<int>(1 + random.Next(4), 1 + random.Next(9), 1 + random.Next(9));
        for (var i = 0; i < regions.Data.Length; i++)
            regions.Data[i] = random.Next(8) == 0 ? 1 + random.Next(5) : 0;
        var expected = regions;
        for (var step = 0; step < 2; step++)
        {
            var before = expected;
            expected = new Volume<int>((int[])before.Data.Clone(), before.Depth, before.Height, before.Width);
            for (var z = 0; z < before.Depth; z++)
                for (var y = 0; y < before.Height; y++)
                    for (var x = 0; x < before.Width; x++)
                        if (before[z, y, x] == 0)
                            expected[z, y, x] = new[] { (z - 1, y, x), (z + 1, y, x), (z, y - 1, x), (z, y + 1, x), (z, y, x - 1), (z, y, x + 1) }
                                .Where(v => VoxelBox.Of(before).Contains(v.Item1, v.Item2, v.Item3)).Select(v => before[v.Item1, v.Item2, v.Item3])
                                .Where(r => r != 0).DefaultIfEmpty(0).Min();
        }

        Assert.That(RegionGrowth.Grow(regions, 2).Data, Is.EqualTo(expected.Data));
    }

    private static Volume<int> Row(int[] values) => new(values, 1, 1, values.Length);

    private static Volume<float> Values(float[] values) => new(values, 1, 1, values.Length);
}
