using System.Text.Json;
using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Segmentation;

/// <summary>Every Mutex Watershed case of the golden set: affogato's labels, literally.</summary>
public sealed class MutexWatershedGoldenTests
{
    private static IEnumerable<string> Grids => GoldenSet.Segmentation.Cases("mws_grid").Select(c => c.Group);

    private static IEnumerable<string> GridsWithEmbeddings =>
        GoldenSet.Segmentation.Cases("mws_grid").Where(c => c.Has("embeddings")).Select(c => c.Group);

    private static IEnumerable<string> Graphs => GoldenSet.Segmentation.Cases("mws_graph").Select(c => c.Group);

    [Test]
    public void EveryKindOfCaseIsCovered()
    {
        Assert.That(Grids.Count(), Is.GreaterThanOrEqualTo(30));
        Assert.That(Graphs.Count(), Is.GreaterThanOrEqualTo(19));
        Assert.That(GridsWithEmbeddings.Count(), Is.GreaterThanOrEqualTo(5));
        var cases = GoldenSet.Segmentation.Cases("mws_grid");
        Assert.That(cases.Count(c => c.Has("mask")), Is.GreaterThan(0));
        Assert.That(cases.Count(c => c.Params.GetProperty("strides").ValueKind != JsonValueKind.Null), Is.GreaterThan(0));
    }

    [TestCaseSource(nameof(Grids))]
    public void Grid(string name)
    {
        var golden = GoldenSet.Segmentation.Case("mws_grid", name);
        var (depth, height, width) = Extents(golden);

        var labels = MutexWatershed.FromPriorities(golden.Float32("priority"), depth, height, width, Options(golden), Mask(golden));

        Assert.That(labels, Is.EqualTo(golden.Int32("labels")), golden.Note);
        Assert.That(labels.DefaultIfEmpty(0).Max(), Is.EqualTo(golden.Params.GetProperty("segments").GetInt32()));
    }

    [TestCaseSource(nameof(GridsWithEmbeddings))]
    public void AffinitiesGiveTheGoldenPriorities(string name)
    {
        var golden = GoldenSet.Segmentation.Case("mws_grid", name);
        var embeddings = Embeddings(golden);
        var options = Options(golden);
        var expected = golden.Float32("priority");

        var weights = Affinities.FromEmbeddings(embeddings, options.Offsets!, options.PushMargin);

        var voxels = embeddings.VoxelCount;
        var ones = Enumerable.Repeat((byte)1, voxels).ToArray();
        var extents = new[] { embeddings.Depth, embeddings.Height, embeddings.Width };
        var offsets = options.Offsets!.Select(o => (o.Z, o.Y, o.X)).ToArray();
        var edges = NaiveMutexWatershed.GridEdges(expected, extents, offsets, options.AttractiveOffsets!.Value, ones, (1, 1, 1)).ToArray();
        Assert.That(edges, Is.Not.Empty);
        foreach (var edge in edges)
        {
            var weight = weights[edge.Id];
            Assert.That(edge.Attractive ? 1 - weight : weight, Is.EqualTo(edge.Priority).Within(1e-5f), $"edge {edge.Id}");
        }
    }

    [TestCaseSource(nameof(GridsWithEmbeddings))]
    public void EmbeddingsGiveTheGoldenSegments(string name)
    {
        var golden = GoldenSet.Segmentation.Case("mws_grid", name);
        var embeddings = Embeddings(golden);
        var mask = golden.Has("mask") ? new Volume<byte>(golden.UInt8("mask"), embeddings.Depth, embeddings.Height, embeddings.Width) : null;

        var labels = MutexWatershed.FromEmbeddings(embeddings, Options(golden), mask);

        // The partition is defined for given float32 priorities. Distances summed in another order may swap two edges a few ulps apart, which moves
        // single voxels; anything beyond that is an error.
        var expected = golden.Int32("labels");
        var differing = labels.Data.Zip(expected).Count(pair => pair.First != pair.Second);
        TestContext.Out.WriteLine($"{name}: {differing} of {expected.Length} voxels differ");
        Assert.That(AdaptedRandError.Of(expected, labels.Data, ignoreBackground: golden.Has("mask")).Error, Is.LessThan(0.002));
    }

    [TestCaseSource(nameof(Graphs))]
    public void Graph(string name)
    {
        var golden = GoldenSet.Segmentation.Case("mws_graph", name);

        var graph = new MutexGraph
        {
            Nodes = golden.Params.GetProperty("nodes").GetInt32(),
            Attractive = golden.Int32("uv"),
            AttractivePriorities = golden.Float32("w"),
            Repulsive = golden.Int32("mutex_uv"),
            RepulsivePriorities = golden.Float32("mutex_w"),
        };
        var labels = MutexWatershed.FromGraph(graph);

        Assert.That(SequentialMutexWatershed.FromGraph(graph), Is.EqualTo(labels));

        Assert.That(labels, Is.EqualTo(golden.Int32("labels")), golden.Note);
        Assert.That(labels.Max(), Is.EqualTo(golden.Params.GetProperty("segments").GetInt32()));
    }

    internal static MutexWatershedOptions Options(GoldenCase golden)
    {
        var axes = golden.Shape("offsets")[1];
        var flat = golden.Int32("offsets");
        var offsets = flat.Chunk(axes).Select(o => new VoxelOffset(axes == 3 ? o[0] : 0, o[^2], o[^1])).ToArray();
        var strides = golden.Params.GetProperty("strides");
        int[] steps = strides.ValueKind == JsonValueKind.Null ? [1, 1, 1] : [.. strides.EnumerateArray().Select(s => s.GetInt32())];
        var margin = golden.Params.GetProperty("delta_d");
        return new MutexWatershedOptions
        {
            Offsets = offsets,
            AttractiveOffsets = golden.Params.GetProperty("n_attractive").GetInt32(),
            Strides = steps.Length == 2 ? (1, steps[0], steps[1]) : (steps[0], steps[1], steps[2]),
            PushMargin = margin.ValueKind == JsonValueKind.Null ? 2 : margin.GetSingle(),
        };
    }

    internal static (int Depth, int Height, int Width) Extents(GoldenCase golden)
    {
        var shape = golden.Shape("labels");
        return shape.Length == 2 ? (1, shape[0], shape[1]) : (shape[0], shape[1], shape[2]);
    }

    private static byte[] Mask(GoldenCase golden) => golden.Has("mask") ? golden.UInt8("mask") : [];

    // The file holds channels first.
    private static Volume<float> Embeddings(GoldenCase golden)
    {
        var (depth, height, width) = Extents(golden);
        var dimensions = golden.Shape("embeddings")[0];
        var planar = golden.Float32("embeddings");
        var embeddings = new Volume<float>(depth, height, width, dimensions);
        for (var i = 0; i < embeddings.VoxelCount; i++)
            for (var e = 0; e < dimensions; e++)
                embeddings.Data[i * dimensions + e] = planar[e * embeddings.VoxelCount + i];
        return embeddings;
    }
}
