using NUnit.Framework;
using Spoco.Engine.Clustering;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;

namespace Spoco.Tests.Clustering;

/// <summary>HDBSCAN against its definition, on random points with ties and duplicates; its edge cases; the same result on any number of threads.</summary>
public sealed class HdbscanTests
{
    [Test]
    public void The_tree_is_that_of_all_pairs(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device, [Values(1, 2, 3, 7, 16, 17, 40, 64)] int dimensions, [Values] bool coarse)
    {
        // Multiples of 1/8 have exact squares, whatever the device rounds: the very same edges. Else a device may round otherwise: the same lengths.
        var on = TestDevices.Open(device);
        var count = device != "cpu" ? 600 : dimensions is 3 or 16 ? 4000 : 1500;
        foreach (var neighbours in (int[])[1, 5, 60])
        {
            var values = Values(count, dimensions, coarse, dimensions + neighbours);
            var edges = MutualReachability.SpanningTree(new Points(values, dimensions), neighbours, on, default);
            Array.Sort(edges);
            var expected = HdbscanDefinition.Of(values, dimensions, neighbours).Edges;
            if (coarse || device == "cpu")
                Assert.That(edges, Is.EqualTo(expected), $"{neighbours} neighbours");
            else
            {
                for (var i = 0; i < edges.Length; i++)
                    Assert.That(edges[i].Reachability, Is.EqualTo(expected[i].Reachability).Within(2 * (dimensions + 2) * 6e-8 * expected[i].Reachability), $"{neighbours} neighbours, edge {i}");
            }
        }
    }

    [Test]
    public void Labels_and_probabilities_are_those_of_the_rows([Range(0, 39)] int seed)
    {
        var random = new Random(seed);
        var (count, dimensions) = (random.Next(2, 900), random.Next(1, 5));
        var values = Values(count, dimensions, coarse: false, seed);
        var options = new HdbscanOptions
        {
            MinClusterSize = random.Next(2, 40),
            MinSamples = random.Next(3) == 0 ? null : random.Next(1, 30),
            SelectionEpsilon = random.Next(2) == 0 ? 0 : 2 * random.NextDouble(),
            Selection = random.Next(3) == 0 ? ClusterSelection.Leaf : ClusterSelection.ExcessOfMass,
            AllowSingleCluster = random.Next(3) == 0,
        };
        var merges = HdbscanDefinition.Of(values, dimensions, options.Neighbours).Edges.Select(e => (e.U, e.V, Math.Sqrt(e.Reachability))).ToArray();

        var result = Hdbscan.Cluster(new Points(values, dimensions), options, TestDevices.Open("cpu"));

        var (labels, probabilities) = HdbscanReference.Label(count, merges, options);
        Assert.That(result.Labels, Is.EqualTo(Renumbered(labels)), options.ToString());
        Assert.That(result.Probabilities, Is.EqualTo(probabilities).Within(1e-6), options.ToString());
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(7)]
    [TestCase(33)]
    public void Threads_do_not_matter(int threads)
    {
        var points = new Points(Values(5000, 6, coarse: true, 5), 6);
        var options = new HdbscanOptions { MinClusterSize = 20, MinSamples = 4 };
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        using var one = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        for (var run = 0; run < 5; run++)
        {
            var edges = MutualReachability.SpanningTree(points, options.Neighbours, device, default);
            var expected = MutualReachability.SpanningTree(points, options.Neighbours, one, default);
            Array.Sort(edges);
            Array.Sort(expected);
            Assert.That(edges, Is.EqualTo(expected));
        }

        Assert.That(Hdbscan.Cluster(points, options, device).Probabilities, Is.EqualTo(Hdbscan.Cluster(points, options, one).Probabilities));
    }

    [Test]
    public void Two_clusters_and_a_speck_are_found([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var values = new float[2 * 43];
        for (var i = 0; i < 43; i++)
            (values[2 * i], values[2 * i + 1]) = (i < 20 ? i % 5 : i < 40 ? 50 + i % 5 : 25, i < 40 ? i / 5 % 4 : 90 + i);
        var result = Hdbscan.Cluster(new Points(values, 2), new HdbscanOptions { MinClusterSize = 10, MinSamples = 3 }, TestDevices.Open(device));
        Assert.That(result.Labels, Is.EqualTo(Enumerable.Repeat(1, 20).Concat(Enumerable.Repeat(2, 20)).Concat([0, 0, 0])));
        Assert.That(result.Probabilities.Take(40), Is.All.EqualTo(1).Within(0.5));
        Assert.That(result.Probabilities.Skip(40), Is.All.Zero);
    }

    [Test]
    public void Few_points_are_noise([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device, [Values(0, 1, 2, 63, 64, 65)] int count)
    {
        var result = Hdbscan.Cluster(new Points(Values(count, 3, coarse: true, 1), 3), new HdbscanOptions { MinClusterSize = 200 }, TestDevices.Open(device));
        Assert.That(result.Labels, Is.EqualTo(new int[count]));
        Assert.That(result.Probabilities, Is.EqualTo(new float[count]));
    }

    /// <summary>Nothing parts them: one cluster of all, which is taken where it may be; hdbscan calls all of them noise else.</summary>
    [Test]
    public void Equal_points_are_one_cluster_where_one_is_allowed([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device, [Values] bool allowed)
    {
        var values = new float[300 * 2];
        Array.Fill(values, 0.3f);
        var options = new HdbscanOptions { MinClusterSize = 20, AllowSingleCluster = allowed };
        var result = Hdbscan.Cluster(new Points(values, 2), options, TestDevices.Open(device));
        Assert.That(result.Labels, Is.All.EqualTo(allowed ? 1 : 0));
        Assert.That(result.Probabilities, Is.All.EqualTo(allowed ? 1 : 0));
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(-2e18f)]
    public void A_value_that_has_no_distance_is_named(float value)
    {
        var values = new float[30];
        values[7] = value;
        var error = Assert.Throws<ArgumentException>(() => Hdbscan.Cluster(new Points(values, 3)));
        Assert.That(error!.Message, Does.StartWith("Hdbscan: component 1 of point 2 is "));
    }

    [Test]
    public void Options_are_checked()
    {
        var points = new Points(new float[30], 3);
        foreach (var options in (HdbscanOptions[])[
            new() { MinClusterSize = 1 }, new() { MinSamples = 0 }, new() { SelectionEpsilon = -1 }, new() { SelectionEpsilon = double.NaN }])
            Assert.That(() => Hdbscan.Cluster(points, options), Throws.ArgumentException.With.Message.StartsWith("Hdbscan: "));
        Assert.That(() => new Points(new float[10], 3), Throws.ArgumentException);
        Assert.That(() => new Points(new float[65], 65), Throws.ArgumentException);
    }

    [Test]
    public void It_can_be_stopped([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var on = TestDevices.Open(device);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(() => Hdbscan.Cluster(new Points(Values(300, 3, coarse: true, 1), 3), null, on, source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    /// <summary>Clusters of different density, points between them, and duplicates.</summary>
    private static float[] Values(int count, int dimensions, bool coarse, int seed)
    {
        var random = new Random(seed);
        var centres = Enumerable.Range(0, 6 * dimensions).Select(_ => 12 * random.NextDouble()).ToArray();
        var values = new float[count * dimensions];
        for (var i = 0; i < count; i++)
        {
            if (i > 0 && random.Next(9) == 0)
            {
                values.AsSpan(random.Next(i) * dimensions, dimensions).CopyTo(values.AsSpan(i * dimensions));
                continue;
            }

            var cluster = random.Next(7);
            for (var c = 0; c < dimensions; c++)
            {
                var noise = random.NextDouble() + random.NextDouble() - 1;
                var value = cluster == 6 ? 12 * random.NextDouble() : centres[cluster * dimensions + c] + 0.3 * (cluster + 1) * noise;
                values[i * dimensions + c] = coarse ? (float)(Math.Round(8 * value) / 8) : (float)value;
            }
        }

        return values;
    }

    private static int[] Renumbered(int[] labels)
    {
        var names = new Dictionary<int, int> { [0] = 0 };
        return [.. labels.Select(l => names.TryGetValue(l, out var name) ? name : names[l] = names.Count)];
    }
}
