using NUnit.Framework;
using Spoco.Engine.Clustering;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Clustering;

/// <summary>
/// The golden cases of HDBSCAN. A point that reaches two clusters at the very distance at which they part may belong to either: hdbscan's sort decides, which is not stable. With its
/// order of edges all labels are equal; with ours, all but those of such points.
/// </summary>
public sealed class HdbscanGoldenTests
{
    private static IEnumerable<string> Names => GoldenSet.Segmentation.Cases("hdbscan").Select(c => c.Group);

    [Test]
    public void EveryKindOfCaseIsCovered()
    {
        var cases = GoldenSet.Segmentation.Cases("hdbscan").Select(Options).ToArray();
        Assert.That(cases, Has.Length.GreaterThanOrEqualTo(8));
        Assert.That(cases.Any(o => o.Selection == ClusterSelection.Leaf));
        Assert.That(cases.Any(o => o.SelectionEpsilon > 0));
        Assert.That(cases.Any(o => o.MinSamples is not null));
    }

    [Test]
    public void WithTheReferencesOrderOfEdgesAllPointsAreEqual([ValueSource(nameof(Names))] string name)
    {
        var golden = GoldenSet.Segmentation.Case("hdbscan", name);
        var options = Options(golden);
        var values = golden.Float32("X");
        var distances = HdbscanReference.Distances(values, golden.Shape("X")[1]);
        var edges = HdbscanReference.Prim(distances, HdbscanReference.Cores(distances, options.Neighbours));
        var order = HdbscanReference.ArgSort([.. edges.Select(e => e.Distance)]);

        var linkage = SingleLinkage.InOrder(distances.GetLength(0), order.Select(i => edges[i]));
        var result = new ClusterChoice(new CondensedTree(linkage, options.MinClusterSize), options).Result();

        Assert.That(result.Labels, Is.EqualTo(NumberedByFirst(golden.Int32("labels"))));
        Assert.That(result.Probabilities, Is.EqualTo(golden.Float64("probabilities")).Within(1e-6));
    }

    [Test]
    public void LabelsAndProbabilitiesAreTheReferences([ValueSource(nameof(Names))] string name, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        var golden = GoldenSet.Segmentation.Case("hdbscan", name);
        var options = Options(golden);
        var points = new Points(golden.Float32("X"), golden.Shape("X")[1]);
        var on = TestDevices.Open(device);
        var linkage = SingleLinkage.Of(points.Count, MutualReachability.SpanningTree(points, options.Neighbours, on, default));
        var tree = new CondensedTree(linkage, options.MinClusterSize);
        var result = Hdbscan.Cluster(points, options, on);

        var weights = golden.Float64("mst_weights_sorted");
        for (var i = 0; i < weights.Length; i++)
            Assert.That(linkage.Distance[i], Is.EqualTo(weights[i]).Within(1e-5 * weights[i] + 1e-12), $"edge {i}");
        var expected = golden.Int32("labels");
        var probabilities = golden.Float64("probabilities");
        var names = new Dictionary<int, int>();
        var ambiguous = 0;
        for (var i = 0; i < points.Count; i++)
        {
            if (ReachesTwo(tree, i))
            {
                ambiguous++;
                continue;
            }

            Assert.That(names.TryAdd(expected[i], result.Labels[i]) || names[expected[i]] == result.Labels[i], $"point {i}");
            Assert.That(expected[i] < 0, Is.EqualTo(result.Labels[i] == 0), $"point {i}");
            Assert.That(result.Probabilities[i], Is.EqualTo(probabilities[i]).Within(1e-5), $"point {i}");
        }

        Assert.That(names.Values, Is.Unique);
        Assert.That(result.Labels.Max(), Is.EqualTo(golden.Params.GetProperty("clusters").GetInt32()));
        Assert.That(ambiguous, Is.LessThanOrEqualTo(tree.Clusters), "more than parting clusters can share");
        TestContext.Out.WriteLine($"{ambiguous} of {points.Count} points reach two clusters where these part");
    }

    /// <summary>Whether a point leaves the hierarchy at the density at which a cluster that it was in was born.</summary>
    private static bool ReachesTwo(CondensedTree tree, int point)
    {
        for (var c = tree.PointCluster[point]; c > 0; c = tree.Parents[c])
        {
            if (tree.Births[c] == tree.PointDensity[point])
                return true;
        }

        return false;
    }

    private static HdbscanOptions Options(GoldenCase golden)
    {
        var p = golden.Params;
        return new HdbscanOptions
        {
            MinClusterSize = p.GetProperty("min_cluster_size").GetInt32(),
            MinSamples = p.GetProperty("min_samples").ValueKind == System.Text.Json.JsonValueKind.Null ? null : p.GetProperty("min_samples").GetInt32(),
            SelectionEpsilon = p.GetProperty("cluster_selection_epsilon").GetDouble(),
            Selection = p.GetProperty("method").GetString() == "leaf" ? ClusterSelection.Leaf : ClusterSelection.ExcessOfMass,
        };
    }

    /// <summary>Labels from 1 in the order of their first point; noise, -1 there, is 0.</summary>
    private static int[] NumberedByFirst(int[] labels)
    {
        var names = new Dictionary<int, int>();
        return [.. labels.Select(l => l < 0 ? 0 : names.TryGetValue(l, out var name) ? name : names[l] = names.Count + 1)];
    }
}
