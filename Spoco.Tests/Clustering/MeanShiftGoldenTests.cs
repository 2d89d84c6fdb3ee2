using NUnit.Framework;
using Spoco.Engine.Clustering;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Golden;
using MeanShift = Spoco.Engine.Clustering.MeanShift;

namespace Spoco.Tests.Clustering;

/// <summary>
/// The golden cases of mean-shift: scikit-learn's seeds, literally; its centres within bandwidth / 1000, as it rounds means to single precision; its labels, but for points that are as near
/// to two centres.
/// </summary>
public sealed class MeanShiftGoldenTests
{
    private const double Margin = 1e-3;

    private static IEnumerable<string> Names => GoldenSet.Segmentation.Cases("meanshift").Select(c => c.Group);

    [Test]
    public void EveryKindOfCaseIsCovered()
    {
        var cases = GoldenSet.Segmentation.Cases("meanshift");
        Assert.That(cases, Has.Count.GreaterThanOrEqualTo(8));
        Assert.That(cases.Select(c => Options(c).BinSeeding).Distinct().Count(), Is.EqualTo(2));
        Assert.That(cases.Any(c => c.Shape("X")[0] == 1));
    }

    [TestCaseSource(nameof(Names))]
    public void SeedsAreTheReferences(string name)
    {
        var golden = GoldenSet.Segmentation.Case("meanshift", name);
        var points = new Points(golden.Float32("X"), golden.Shape("X")[1]);
        using var host = HostDevice.Open();
        using var scratch = new HostScratch(host, name);

        var seeds = MeanShiftSeeds.Of(scratch, MeanShift.Problem(points, Options(golden)), points.Values);

        Assert.That(seeds.Values, Is.EqualTo(golden.Float64("bin_seeds")));
    }

    [Test]
    public void CentresAndLabelsAreTheReferences([ValueSource(nameof(Names))] string name, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var golden = GoldenSet.Segmentation.Case("meanshift", name);
        var (points, options) = (new Points(golden.Float32("X"), golden.Shape("X")[1]), Options(golden));
        var expected = golden.Float64("centers").Chunk(points.Dimensions).ToArray();
        var labels = golden.Int32("labels");

        var result = MeanShift.Cluster(points, options, TestDevices.Open(device));

        var centres = Rows(result.Centres);
        Assert.That(centres, Has.Length.EqualTo(expected.Length).And.Length.EqualTo(golden.Params.GetProperty("clusters").GetInt32()));
        // Which of ours each of theirs is: two with as many points within rounding may have changed places.
        var ours = expected.Select(e => Array.FindIndex(centres, c => Math.Sqrt(MeanShiftReference.Square(c, e)) <= Margin * options.Bandwidth)).ToArray();
        Assert.That(ours, Is.EquivalentTo(Enumerable.Range(0, expected.Length)), "centres");
        TestContext.Out.WriteLine($"{expected.Length} centres, {ours.Where((k, i) => k != i).Count()} of them in another place");
        var rows = MeanShiftReference.Rows(points);
        var compared = 0;
        for (var i = 0; i < points.Count; i++)
        {
            var distances = expected.Select(c => Math.Sqrt(MeanShiftReference.Square(c, rows[i]))).Order().ToArray();
            if (distances.Length > 1 && distances[1] - distances[0] <= Margin)
                continue;
            // Where the reference leaves points out, those at its bandwidth may be left out or not.
            if (!options.ClusterAll && Math.Abs(distances[0] - options.Bandwidth) <= Margin)
                continue;
            Assert.That(result.Labels[i], Is.EqualTo(labels[i] < 0 ? 0 : ours[labels[i]] + 1), $"point {i}");
            compared++;
        }

        Assert.That(compared, Is.GreaterThan(0.9 * points.Count));
    }

    private static double[][] Rows(double[,] centres) =>
        [.. Enumerable.Range(0, centres.GetLength(0)).Select(k => Enumerable.Range(0, centres.GetLength(1)).Select(c => centres[k, c]).ToArray())];

    private static MeanShiftOptions Options(GoldenCase golden)
    {
        var (p, options) = (golden.Params, new MeanShiftOptions());
        return options with
        {
            Bandwidth = p.GetProperty("bandwidth").GetDouble(),
            BinSeeding = p.GetProperty("bin_seeding").GetBoolean(),
            MinBinFrequency = p.TryGetProperty("min_bin_freq", out var frequency) ? frequency.GetInt32() : options.MinBinFrequency,
            ClusterAll = p.TryGetProperty("cluster_all", out var all) ? all.GetBoolean() : options.ClusterAll,
            MaxIterations = p.TryGetProperty("max_iter", out var iterations) ? iterations.GetInt32() : options.MaxIterations,
        };
    }
}
