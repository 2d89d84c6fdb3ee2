using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Clustering;

public sealed class MeanShiftPlusClusteringTests
{
    /// <summary>Groups of pixels on a line in embedding space: 40 at 0, 30 at 1.5, 20 at 3.2, 10 at 10.</summary>
    [TestCase(2, new[] { 1, 1, 2, 3 }, TestName = "1.5 joins 0, 3.2 is too far from it, though near to what has joined")]
    [TestCase(1.5, new[] { 1, 2, 3, 4 }, TestName = "Closer than the distance, not as close")]
    [TestCase(1.6, new[] { 1, 1, 2, 3 }, TestName = "1.5 joins 0 by 1.6")]
    [TestCase(1.8, new[] { 1, 1, 2, 3 }, TestName = "What has joined takes part no more")]
    [TestCase(4, new[] { 1, 1, 1, 2 }, TestName = "All but the last")]
    [TestCase(0, new[] { 1, 2, 3, 4 }, TestName = "None")]
    public void Segments_join_the_nearest_larger_one(double distance, int[] expected)
    {
        var places = new[] { 0f, 1.5f, 3.2f, 10f };
        var (labels, groups) = Cluster(places, [40, 30, 20, 10], distance);
        Assert.That(labels, Is.EqualTo(groups.Select(group => expected[group])));
    }

    [Test]
    public void Of_two_larger_ones_it_is_the_nearer()
    {
        var (labels, groups) = Cluster([0f, 2.5f, 1.5f], [40, 30, 20], 2);
        Assert.That(labels, Is.EqualTo(groups.Select(group => group == 0 ? 1 : 2)));
    }

    [Test]
    public void A_distance_below_0_is_refused() => Assert.That(
        () => new MeanShiftPlusClustering(distance: -1).Cluster(new Prediction(new Volume<float>(1, 2, 2, 1), null, null)), Throws.ArgumentException);

    private static (int[] Labels, int[] Groups) Cluster(float[] places, int[] sizes, double distance)
    {
        int[] groups = [.. sizes.SelectMany((size, group) => Enumerable.Repeat(group, size))];
        var embeddings = new Volume<float>([.. groups.SelectMany(group => new[] { places[group], 0 })], 1, 1, groups.Length, 2);
        return (new MeanShiftPlusClustering(new MeanShiftOptions { Bandwidth = 0.5 }, distance).Cluster(new Prediction(embeddings, null, null)).Data, groups);
    }
}
