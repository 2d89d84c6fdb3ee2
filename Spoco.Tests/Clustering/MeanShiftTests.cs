using NUnit.Framework;
using Spoco.Engine.Clustering;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Ops;
using MeanShift = Spoco.Engine.Clustering.MeanShift;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Clustering;

/// <summary>Mean-shift against its definition, and at its edges.</summary>
public sealed class MeanShiftTests
{
    /// <summary>What points look like.</summary>
    public enum Cloud
    {
        /// <summary>Round clusters, and some points between them.</summary>
        Blobs,

        /// <summary>Multiples of a quarter: many equal ones, distances that are the bandwidth exactly, centres that are equally near.</summary>
        Ties,

        /// <summary>Everywhere alike.</summary>
        Uniform,

        /// <summary>Clusters far from 0, where single precision has few digits left.</summary>
        Far,

        /// <summary>All equal.</summary>
        Equal,
    }

    private static readonly Problem[] Problems =
    [
        new(4000, 1, Cloud.Blobs, new MeanShiftOptions()),
        new(4000, 2, Cloud.Blobs, new MeanShiftOptions { BinSeeding = false, ClusterAll = false }),
        new(4000, 3, Cloud.Blobs, new MeanShiftOptions { ClusterAll = false }),
        new(4000, 16, Cloud.Blobs, new MeanShiftOptions()),
        new(1000, 33, Cloud.Blobs, new MeanShiftOptions { Bandwidth = 1 }),
        new(700, 64, Cloud.Blobs, new MeanShiftOptions { Bandwidth = 1.5, BinSeeding = false }),
        new(4000, 2, Cloud.Ties, new MeanShiftOptions { MinBinFrequency = 5 }),
        new(4000, 2, Cloud.Ties, new MeanShiftOptions { BinSeeding = false, Bandwidth = 0.75 }),
        new(4000, 3, Cloud.Ties, new MeanShiftOptions { ClusterAll = false }),
        new(1500, 5, Cloud.Ties, new MeanShiftOptions { BinSeeding = false, Bandwidth = 0.75, MaxIterations = 1 }),
        new(4000, 2, Cloud.Uniform, new MeanShiftOptions { Bandwidth = 0.2 }),
        new(4000, 7, Cloud.Uniform, new MeanShiftOptions { ClusterAll = false, MaxIterations = 3 }),
        new(1500, 16, Cloud.Uniform, new MeanShiftOptions { BinSeeding = false, Bandwidth = 1 }),
        // Hundreds of centres: trees of several leaves.
        new(4000, 5, Cloud.Uniform, new MeanShiftOptions { BinSeeding = false, Bandwidth = 0.2 }),
        new(4000, 3, Cloud.Far, new MeanShiftOptions()),
        new(4000, 16, Cloud.Far, new MeanShiftOptions { MaxIterations = 0 }),
        new(4000, 5, Cloud.Equal, new MeanShiftOptions()),
        new(300, 5, Cloud.Equal, new MeanShiftOptions { BinSeeding = false }),
        new(65, 2, Cloud.Uniform, new MeanShiftOptions { ClusterAll = false }),
        new(64, 2, Cloud.Ties, new MeanShiftOptions()),
    ];

    [Test]
    public void ResultIsTheDefinitions(
        [ValueSource(nameof(Problems))] Problem problem, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        // A simulator, or a processor that is driven like a GPU, takes as long for a tenth.
        var n = device == "cpu" ? problem.Points : Math.Max(Math.Min(problem.Points, 65), problem.Points / 10);
        var (points, options) = (Draw(n, problem.Dimensions, problem.Cloud, seed: n + problem.Dimensions), problem.Options);
        var (on, expected) = (TestDevices.Open(device), MeanShiftReference.Cluster(points, options));

        EveryAlgorithm.Of(Primitives.MeanShift.Chooser, on, MeanShift.Problem(points, options), () =>
        {
            var result = MeanShift.Cluster(points, options, on);

            Assert.That(result.Centres.Cast<double>(), Is.EqualTo(expected.Centres.SelectMany(c => c)).Within(1e-9 * options.Bandwidth));
            Assert.That(result.Labels, Is.EqualTo(expected.Labels));
        });
    }

    // With so few seeds at a time means are forgotten every few steps.
    [Test]
    public void MeansThatAreForgottenAreFoundAgain([Values] Cloud cloud, [Values(1, 2, 100)] int together)
    {
        var points = Draw(600, 3, cloud, seed: 8);
        var problem = MeanShift.Problem(points, new MeanShiftOptions { BinSeeding = false, Bandwidth = 0.3 });
        using var host = HostDevice.Open();
        using var scratch = new HostScratch(host, "test");
        using var tree = new PointTree(host, points.Values.Span, points.Count, points.Dimensions);
        var balls = new BallMeansHost(scratch, tree, new PointSums(scratch, tree), problem.Bandwidth);
        int[] order = [.. Enumerable.Range(0, points.Count)];

        var ends = order.Chunk(together).Select(seeds => Walk(seeds, together)).ToArray();

        var (expected, merged) = (Walk(order, order.Length), MeanShiftEnds.Merge(points.Dimensions, ends));
        Assert.That(Sorted(merged), Is.EqualTo(Sorted(expected)));

        MeanShiftEnds Walk(int[] seeds, int most)
        {
            var walked = new MeanShiftEnds(points.Dimensions);
            new SeedWalk(problem, balls, most).Run(points.Values.Span, seeds, walked, default);
            return walked;
        }

        static string[] Sorted(MeanShiftEnds ends) => [.. Enumerable.Range(0, ends.Count).Select(i => $"{string.Join(' ', ends.Mean(i).ToArray())} {ends.End(i)}").Order()];
    }

    [Test]
    public void AnyNumberOfThreadsGivesTheSameBits([Values] Cloud cloud, [Values(2, 3, 7)] int threads)
    {
        var points = Draw(5000, 6, cloud, seed: 3);
        var options = new MeanShiftOptions { BinSeeding = false };
        using var one = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        using var several = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });

        var (expected, result) = (MeanShift.Cluster(points, options, one), MeanShift.Cluster(points, options, several));

        Assert.That(result.Centres, Is.EqualTo(expected.Centres));
        Assert.That(result.Labels, Is.EqualTo(expected.Labels));
    }

    [Test]
    public void NoDeviceIsTheHost()
    {
        var points = Draw(500, 3, Cloud.Blobs, seed: 1);
        Assert.That(MeanShift.Cluster(points).Labels, Is.EqualTo(MeanShift.Cluster(points, device: TestDevices.Open("cpu")).Labels));
    }

    [Test]
    public void NoPointsGiveNoCluster([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var result = MeanShift.Cluster(new Points(default, 3), device: TestDevices.Open(device));
        Assert.That(result.Labels, Is.Empty);
        Assert.That((result.Centres.GetLength(0), result.Centres.GetLength(1)), Is.EqualTo((0, 3)));
    }

    [Test]
    public void OnePointIsACluster([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device, [Values] bool binSeeding)
    {
        var result = MeanShift.Cluster(new Points(new[] { 0.3f, -7 }, 2), new MeanShiftOptions { BinSeeding = binSeeding, ClusterAll = false }, TestDevices.Open(device));
        Assert.That(result.Labels, Is.EqualTo(new[] { 1 }));
        Assert.That(result.Centres, Is.EqualTo(new double[,] { { 0.3f, -7 } }));
    }

    // The centre of a cell of 64 dimensions is far from a point in its corner: scikit-learn refuses such points.
    [Test]
    public void SeedsWithoutPointsGiveWayToThePoints([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var values = new float[100 * 64];
        Array.Fill(values, 0.2f, 0, 60 * 64);
        Array.Fill(values, 5.2f, 60 * 64, 40 * 64);
        var result = MeanShift.Cluster(new Points(values, 64), device: TestDevices.Open(device));
        Assert.That(result.Labels, Is.EqualTo(Enumerable.Repeat(1, 60).Concat(Enumerable.Repeat(2, 40))));
        Assert.That(result.Centres[1, 63], Is.EqualTo(5.2f).Within(1e-6));
    }

    [Test]
    public void CellsWithTooFewPointsGiveNoCluster([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var result = MeanShift.Cluster(new Points(new[] { 0, 9, 9, 30f }, 1), new MeanShiftOptions { MinBinFrequency = 3 }, TestDevices.Open(device));
        Assert.That(result.Labels, Has.All.EqualTo(0));
        Assert.That(result.Centres, Is.Empty);
    }

    // 4e30 cells of this width: the centre of the last one is no number of single precision, and ends nowhere.
    [Test]
    public void CellsBeyondTheLargestNumberEndNowhere([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var result = MeanShift.Cluster(
            new Points(new[] { 0, 0, 1e18f, 1e18f }, 1), new MeanShiftOptions { Bandwidth = 1e-30, ClusterAll = false }, TestDevices.Open(device));
        Assert.That(result.Labels, Is.EqualTo(new[] { 1, 1, 0, 0 }));
        Assert.That(result.Centres, Is.EqualTo(new double[,] { { 0 } }));
    }

    [Test]
    public void LargestAndSmallestBandwidthsAreTaken([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var points = new Points(new[] { 1e18f, -1e18f, 1, 1 }, 1);
        var wide = MeanShift.Cluster(points, new MeanShiftOptions { Bandwidth = 3e38 }, TestDevices.Open(device));
        Assert.That(wide.Labels, Is.EqualTo(new[] { 1, 1, 1, 1 }));
        var narrow = MeanShift.Cluster(points, new MeanShiftOptions { Bandwidth = 1e-40, BinSeeding = false }, TestDevices.Open(device));
        Assert.That(narrow.Labels, Is.EqualTo(new[] { 2, 3, 1, 1 }.Select(l => narrow.Labels[l == 1 ? 2 : l == 2 ? 0 : 1])));
        Assert.That(narrow.Labels.Distinct().Count(), Is.EqualTo(3));
    }

    [Test]
    public void OfSeedsThatEndAtOneMeanTheLastSaysHowManyPointsItHas()
    {
        var (first, second) = (new MeanShiftEnds(1), new MeanShiftEnds(1));
        first.Meet(first.Add([2.0], 10, seed: 4), 7, seed: 3);
        second.Meet(second.Add([2.0], 8, seed: 1), 9, seed: 5);
        second.Add([3.0], 1, seed: 0);

        var merged = MeanShiftEnds.Merge(1, [first, second]);

        Assert.That(merged.Count, Is.EqualTo(2));
        Assert.That((merged.Mean(0)[0], merged.End(0)), Is.EqualTo((2.0, (9, 5))));
        Assert.That((merged.Mean(1)[0], merged.End(1)), Is.EqualTo((3.0, (1, 0))));
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void ValuesThatAreNotFiniteAreRefused(float value)
    {
        var values = new float[12];
        values[7] = value;
        Assert.That(() => MeanShift.Cluster(new Points(values, 3)), Throws.ArgumentException.With.Message.StartsWith("MeanShift: component 1 of point 2 is "));
    }

    [Test]
    public void OptionsOutOfRangeAreRefused()
    {
        foreach (var bandwidth in new[] { 0, -1, double.NaN, double.PositiveInfinity, 1e-60, 1e60 })
            Check(new MeanShiftOptions { Bandwidth = bandwidth }, nameof(MeanShiftOptions.Bandwidth));
        Check(new MeanShiftOptions { MinBinFrequency = 0 }, nameof(MeanShiftOptions.MinBinFrequency));
        Check(new MeanShiftOptions { MaxIterations = -1 }, nameof(MeanShiftOptions.MaxIterations));

        static void Check(MeanShiftOptions options, string name) =>
            Assert.That(() => MeanShift.Cluster(new Points(new float[4], 2), options), Throws.ArgumentException.With.Message.StartsWith($"MeanShift: {name} must be "));
    }

    [Test]
    public void CanBeStopped([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var on = TestDevices.Open(device);
        Assert.That(
            () => MeanShift.Cluster(Draw(500, 3, Cloud.Blobs, seed: 1), device: on, cancellation: new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
    }

    private static Points Draw(int n, int d, Cloud cloud, int seed)
    {
        var random = new Random(seed);
        var centres = Enumerable.Range(0, 12 * d).Select(_ => 2 * random.NextSingle()).ToArray();
        var values = new float[n * d];
        for (var i = 0; i < n; i++)
        {
            var (k, stray) = (random.Next(12), random.Next(10) == 0);
            for (var c = 0; c < d; c++)
            {
                var near = centres[k * d + c] + (random.NextSingle() + random.NextSingle() - 1) * (stray ? 1.2f : 0.6f) / MathF.Sqrt(d);
                values[i * d + c] = cloud switch
                {
                    Cloud.Blobs => near,
                    Cloud.Ties => MathF.Round(4 * near) / 4,
                    Cloud.Uniform => random.NextSingle(),
                    Cloud.Far => (k % 2 == 0 ? 3000 : -5000) + near,
                    _ => 0.3f,
                };
            }
        }

        return new Points(values, d);
    }

    /// <summary>Points to draw, and what is asked for.</summary>
    public sealed record Problem(int Points, int Dimensions, Cloud Cloud, MeanShiftOptions Options)
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"{Points}x{Dimensions} {Cloud}, {Options.Bandwidth}{(Options.BinSeeding ? $", cells of {Options.MinBinFrequency}" : "")}{(Options.ClusterAll ? "" : ", not all")}, {Options.MaxIterations}";
    }
}
