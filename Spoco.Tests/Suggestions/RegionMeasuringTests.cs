using Spoco.Engine;
using Spoco.Engine.Suggestions;

namespace Spoco.Tests.Suggestions;

/// <summary>The measures of regions, of predictions that are made up so that the answer is known.</summary>
public sealed class RegionMeasuringTests
{
    private const double PullMargin = 0.5, PushMargin = 2, Kernel = 0.9;

    /// <summary>Two objects in a row of 12 voxels, far from each other and from the background.</summary>
    private static readonly int[] Regions = [0, 0, 1, 1, 1, 0, 0, 2, 2, 2, 0, 0];

    [Test]
    public void A_clear_prediction_has_no_doubt()
    {
        var f = Embeddings(v => 100 * Regions[v]);
        var measures = Measure(Regions, f, f, Foreground(v => Regions[v] > 0 ? 1 : 0));
        Assert.That(measures, Has.Length.EqualTo(2));
        foreach (var measure in measures)
            Assert.That((measure.Disagreement, measure.UnclearForeground, measure.LowMargin), Is.EqualTo((0.0, (double?)0, 0.0)));
    }

    [Test]
    public void F_and_g_disagree_where_their_masks_do()
    {
        // g takes one voxel of the second object for background: of 3 and 2 voxels 2 are common, 1 - 2 * 2 / (3 + 2).
        var measures = Measure(Regions, Embeddings(v => 100 * Regions[v]), Embeddings(v => v == 9 ? 0 : 100 * Regions[v]), null);
        Assert.That(measures[0].Disagreement, Is.Zero.Within(1e-9), "what is laid elsewhere alike is no disagreement");
        Assert.That(measures[1].Disagreement, Is.EqualTo(0.2).Within(1e-9), "the median of anchors in the object: two of three");
        Assert.That(measures[0].UnclearForeground, Is.Null);
    }

    [Test]
    public void The_soft_mask_has_its_threshold_at_the_pull_margin()
    {
        // One voxel is a region; its neighbour lies delta_v away for f, and with it for g: masks 1, 0.9 and 1, 1.
        var measures = Measure([0, 1, 0], Embeddings(v => v == 2 ? PullMargin : v == 1 ? 0 : 100), Embeddings(v => v == 0 ? 100 : 0), null);
        Assert.That(measures.Single().Disagreement, Is.EqualTo(1 - 2 * 1.9 / (1.81 + 2)).Within(1e-6));
    }

    [Test]
    public void The_foreground_is_unclear_in_the_region_and_its_rim()
    {
        // p = 0.5 on one of the seven voxels of region and rim, 0.75 on another, beyond the rim anything.
        var measures = Measure([0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0], Embeddings(_ => 0), Embeddings(_ => 0), Foreground(v => v switch
        {
            3 => 0.5, 5 => 0.75, 4 or 6 => 1, 2 or 7 or 8 => 0, _ => 0.5,
        }));
        Assert.That(measures.Single().UnclearForeground, Is.EqualTo((1 + 0.75) / 7).Within(1e-7));
    }

    [Test]
    public void The_margin_is_low_beside_a_neighbour_that_is_near_and_where_a_region_is_spread()
    {
        // Means 0 and 1, next to each other: every voxel of the first lies on its mean, those of the second 0.25, 0 and 0.25 from theirs.
        int[] near = [0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0];
        double[] at = [9, 9, 0, 0, 0, 0.75, 1, 1.25, 9, 9, 9, 9];
        var f = Embeddings(v => at[v]);
        var measures = Measure(near, f, f, null);
        Assert.That(measures[0].LowMargin, Is.Zero.Within(1e-9));
        Assert.That(measures[1].LowMargin, Is.EqualTo((0.25 / 0.75 + 0 + 0.25 / 1.25) / 3).Within(1e-7));

        // The same spread without a neighbour counts against delta_d; beyond it the margin is as low as can be.
        int[] alone = [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0];
        Assert.That(Measure(alone, f, f, null).Single().LowMargin, Is.EqualTo((0.25 / 2 + 0 + 0.25 / 2) / 3).Within(1e-7));
        var wide = Embeddings(v => v switch { 5 => -3, 7 => 3, _ => 0 });
        Assert.That(Measure(alone, wide, wide, null).Single().LowMargin, Is.EqualTo(2.0 / 3).Within(1e-7));
    }

    [Test]
    public void Slices_count_as_rows_do()
    {
        // The same column of voxels along z, y and x.
        foreach (var (d, h, w) in new[] { (12, 1, 1), (1, 12, 1), (1, 1, 12) })
        {
            var regions = new RegionProposals(new Volume<int>(Regions, d, h, w), 2, 2);
            var f = new Volume<float>([.. Regions.Select((r, v) => r + 0.1f * v)], d, h, w);
            var g = new Volume<float>([.. Regions.Select((r, v) => r - 0.2f * v)], d, h, w);
            var p = new Volume<float>([.. Regions.Select((r, v) => v / 12f)], d, h, w);
            var measures = RegionMeasuring.Of(regions, new Prediction(f, g, p), PullMargin, PushMargin, Kernel);
            Assert.That(measures, Is.EqualTo(Measure(Regions, Embeddings(v => Regions[v] + 0.1f * v), Embeddings(v => Regions[v] - 0.2f * v), Foreground(v => v / 12f))));
        }
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        var (f, regions) = (Embeddings(_ => 0), new RegionProposals(new Volume<int>(Regions, 1, 1, 12), 2, 2));
        Assert.That(() => RegionMeasuring.Of(regions, new Prediction(f, null, null), PullMargin, PushMargin, Kernel), Throws.ArgumentException.With.Message.Contains("of g"));
        Assert.That(() => RegionMeasuring.Of(regions, new Prediction(f, new Volume<float>(1, 1, 11), null), PullMargin, PushMargin, Kernel), Throws.ArgumentException);
        Assert.That(() => RegionMeasuring.Of(regions, new Prediction(f, f, null), PullMargin, PushMargin, 1), Throws.ArgumentException.With.Message.Contains("threshold"));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.That(() => RegionMeasuring.Of(regions, new Prediction(f, f, null), PullMargin, PushMargin, Kernel, cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    private static RegionMeasures[] Measure(int[] regions, Volume<float> f, Volume<float> g, Volume<float>? foreground)
    {
        var volume = new Volume<int>(regions, 1, 1, regions.Length);
        return RegionMeasuring.Of(new RegionProposals(volume, regions.Max(), regions.Max()), new Prediction(Cut(f), Cut(g), foreground), PullMargin, PushMargin, Kernel);

        Volume<float> Cut(Volume<float> values) => values.Crop(0, 0, 0, 1, 1, regions.Length);
    }

    private static Volume<float> Embeddings(Func<int, double> value) => Foreground(value);

    private static Volume<float> Foreground(Func<int, double> value) => new([.. Enumerable.Range(0, 12).Select(v => (float)value(v))], 1, 1, 12);
}
