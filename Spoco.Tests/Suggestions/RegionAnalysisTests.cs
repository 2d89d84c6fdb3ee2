using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Engine.Suggestions;

namespace Spoco.Tests.Suggestions;

/// <summary>What is known of regions: where they are, what they look like, whether they are labelled.</summary>
public sealed class RegionAnalysisTests
{
    [Test]
    public void More_than_half_labelled_is_labelled_and_else_the_rest_is_shown()
    {
        // A square of 4 x 4 in 6 x 6.
        var regions = new Volume<int>(1, 6, 6);
        for (var i = 0; i < 16; i++)
            regions[0, 1 + i / 4, 1 + i % 4] = 1;
        var (labels, image) = (new Volume<int>(1, 6, 6), new Volume<float>(1, 6, 6));
        Assert.That(Only(regions, image, null) is { IsLabelled: false, Voxels: 16, Y: 2, X: 2, IsSegment: true });
        for (var i = 0; i < 8; i++)
            labels[0, 1 + i / 4, 1 + i % 4] = 7;
        Assert.That(Only(regions, image, labels) is { IsLabelled: false, Voxels: 16, Y: 3, X: 2 }, "half is labelled: the other half is shown");
        labels[0, 3, 1] = 8;
        Assert.That(Only(regions, image, labels).IsLabelled);
        labels.Data.AsSpan().Fill(7);
        Assert.That(Only(regions, image, labels) is { IsLabelled: true, Y: 2, X: 2 });
    }

    [Test]
    public void The_shown_voxel_lies_in_the_region()
    {
        // A ring, in the second of three slices.
        var regions = new Volume<int>(3, 5, 5);
        for (var i = 0; i < 25; i++)
            regions[1, i / 5, i % 5] = i / 5 is 0 or 4 || i % 5 is 0 or 4 ? 1 : 0;
        var region = Only(regions, new Volume<float>(3, 5, 5), null);
        Assert.That((region.Z, region.Y, region.X), Is.EqualTo((1, 0, 2)));
        Assert.That(regions[region.Z, region.Y, region.X], Is.EqualTo(1));
        Assert.That(region.Radius, Is.EqualTo(Math.Cbrt(3 * 16 / (4 * Math.PI))).Within(1e-12));
        Assert.That(region.Runs.SelectMany(run => Enumerable.Range(run.Start, run.Length)), Is.EqualTo(Enumerable.Range(0, 75).Where(i => regions.Data[i] == 1)));
        Assert.That(region.Runs, Has.Count.EqualTo(4));
    }

    [Test]
    public void Regions_look_like_their_intensities()
    {
        var regions = new Volume<int>([0, 0, 0, 1, 1, 0, 0, 0, 0], 1, 1, 9);
        var image = new Volume<float>([99, 1, 1, 4, 6, 3, 3, 99, 99], 1, 1, 9);
        var looks = Only(regions, image, null).Looks;
        Assert.That(looks, Is.EqualTo(new[] { Math.Log(2), 5, 1, 2 }).Within(1e-12));
    }

    [TestCase(2, true)]
    [TestCase(2, false)]
    [TestCase(3, true)]
    [TestCase(3, false)]
    public void A_model_with_or_without_a_foreground_in_2D_and_3D(int dimensions, bool foreground)
    {
        var device = TestDevices.Open("cpu");
        using var model = new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = dimensions, FeatureMaps = [8, 16], Order = "gcr", PoolDepth = dimensions == 3 ? 2 : 1 },
            EmbeddingDimensions = 4, Foreground = foreground, SizeFloor = 2, PullMargin = 0.01, PushMargin = 0.03,
        }, trained: false);
        model.Initialise(3);
        model.MomentumNet.Parameters.Initialise(4);
        var random = new Random(1);
        var image = new Volume<float>(dimensions == 3 ? 8 : 1, 24, 20);
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = random.NextSingle() + (i % 20 > 9 ? 4 : 0);
        var regions = RegionAnalysis.Of(model, image, null, index: 5, orientations: 2, kernelThreshold: 0.9);
        Assert.That(regions, Is.Not.Empty);
        foreach (var region in regions)
        {
            Assert.That((region.Image, region.IsLabelled), Is.EqualTo((5, false)));
            Assert.That(region.Voxels, Is.GreaterThanOrEqualTo(2).And.EqualTo(region.Runs.Sum(run => run.Length)));
            Assert.That(region.Measures.UnclearForeground is null, Is.EqualTo(!foreground));
        }

        // g sees every slice turned by 180 degrees.
        var prediction = OrientationAverage.Predict(model, image, 2) with { MomentumEmbeddings = Turned(model.PredictMomentum(Turned(image), default)) };
        Assert.That(regions.Select(r => r.Measures), Is.EqualTo(RegionMeasuring.Of(Proposals(regions, image), prediction, pullMargin: 0.01, pushMargin: 0.03, kernelThreshold: 0.9)));
        Assert.That(regions.SelectMany(r => r.Runs).OrderBy(run => run.Start).Aggregate(0, (end, run) => run.Start >= end ? run.Start + run.Length : int.MaxValue), Is.LessThan(int.MaxValue), "no voxel twice");
        var again = RegionAnalysis.Of(model, image, new Volume<int>(image.Depth, image.Height, image.Width), 5, 2, 0.9);
        Assert.That(again.Select(r => (r.Z, r.Y, r.X, r.Measures)), Is.EqualTo(regions.Select(r => (r.Z, r.Y, r.X, r.Measures))));
        var all = new Volume<int>(image.Depth, image.Height, image.Width);
        all.Data.AsSpan().Fill(1);
        Assert.That(RegionAnalysis.Of(model, image, all, 5, 2, 0.9).Select(r => r.IsLabelled), Is.All.True);
        Assert.That(() => RegionAnalysis.Of(model, image, new Volume<int>(1, 2, 2), 5, 2, 0.9), Throws.ArgumentException.With.Message.Contains("the labels"));
    }

    /// <summary>The regions as an image again.</summary>
    private static RegionProposals Proposals(IReadOnlyList<CandidateRegion> regions, Volume<float> image)
    {
        var numbers = new Volume<int>(image.Depth, image.Height, image.Width);
        for (var r = 0; r < regions.Count; r++)
            foreach (var (start, length) in regions[r].Runs)
                numbers.Data.AsSpan(start, length).Fill(r + 1);
        return new RegionProposals(numbers, regions.Count(region => region.IsSegment), regions.Count);
    }

    private static Volume<float> Turned(Volume<float> image) => new(
        [.. image.Data.Chunk(image.Height * image.Width * image.Channels).SelectMany(slice => slice.Chunk(image.Channels).Reverse().SelectMany(voxel => voxel))],
        image.Depth, image.Height, image.Width, image.Channels);

    private static CandidateRegion Only(Volume<int> regions, Volume<float> image, Volume<int>? labels) =>
        RegionAnalysis.Regions(new RegionProposals(regions, 1, 1), [default], image, labels, 0).Single();
}
