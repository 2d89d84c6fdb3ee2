using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;

namespace Spoco.Tests.Segmentation;

/// <summary>Random graphs and grids against the naive definition, and what is refused.</summary>
public sealed class MutexWatershedTests
{
    [Test]
    public void RandomGraphsMatchTheDefinition([Values(0, 1, 2, 3, 4, 5)] int weightFamily)
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(1000 * weightFamily + seed);
            var nodes = random.Next(1, 200);
            var attractive = MutexProblems.Ends(random, nodes, random.Next(0, 5 * nodes));
            var repulsive = MutexProblems.Ends(random, nodes, random.Next(0, 5 * nodes));
            var attractivePriorities = MutexProblems.Weights(random, attractive.Length / 2, weightFamily);
            var repulsivePriorities = MutexProblems.Weights(random, repulsive.Length / 2, weightFamily);

            var labels = MutexWatershed.FromGraph(Graph(nodes, attractive, attractivePriorities, repulsive, repulsivePriorities));

            var edges = Edges(attractive, attractivePriorities, true, 0)
                .Concat(Edges(repulsive, repulsivePriorities, false, attractivePriorities.Length));
            Assert.That(labels, Is.EqualTo(NaiveMutexWatershed.Segment(nodes, edges)), $"family {weightFamily}, seed {seed}, {nodes} nodes");
        }
    }

    [Test]
    public void MoreNodesThanAreNumberedAreRefusedBeforeMemoryIsTaken()
    {
        // The tree over n nodes has up to 2 n - 1, whose numbers are of 32 bits.
        Assert.That(() => MutexWatershed.FromGraph(new MutexGraph { Nodes = (1 << 30) + 1 }),
            Throws.ArgumentException.With.Message.StartsWith("MutexWatershed: 1073741825 voxels or nodes are more than"));
        var options = new MutexWatershedOptions { Offsets = [new VoxelOffset(0, 0, -1)], AttractiveOffsets = 1 };
        var most = new GridGraph(1L << 30, 1, 2, 1 << 29, options, 0);
        Assert.That(most.ToParallelGrid(isPriority: true).Voxels, Is.EqualTo(1 << 30));
        var more = new GridGraph((1L << 30) + 2, 1, 2, (1 << 29) + 1, options, 0);
        Assert.That(() => more.ToParallelGrid(isPriority: true), Throws.ArgumentException.With.Message.Contains("segment in tiles"));
    }

    [Test]
    public void RandomGridsMatchTheDefinition([Values(0, 1, 2, 3, 4, 5)] int weightFamily)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(77000 + 1000 * weightFamily + seed);
            var depth = random.Next(2) == 0 ? 1 : random.Next(2, 7);
            var (height, width) = (random.Next(1, 24), random.Next(1, 24));
            var voxels = depth * height * width;
            var offsets = random.Next(2) == 0 ? [.. MutexWatershedOptions.SpocoOffsets(depth > 1)] : MutexProblems.Offsets(random);
            var mask = random.Next(2) == 0 ? Enumerable.Range(0, voxels).Select(_ => (byte)(random.Next(4) == 0 ? 0 : 1)).ToArray() : [];
            var strides = random.Next(3) == 0 ? (random.Next(1, 3), random.Next(1, 4), random.Next(1, 4)) : (1, 1, 1);
            var attractive = random.Next(0, offsets.Length + 1);
            var priorities = MutexProblems.Weights(random, voxels * offsets.Length, weightFamily);
            var options = new MutexWatershedOptions { Offsets = offsets, AttractiveOffsets = attractive, Strides = strides };

            var labels = MutexWatershed.FromPriorities(priorities, depth, height, width, options, mask);

            var edges = NaiveMutexWatershed.GridEdges(
                priorities, [depth, height, width], [.. offsets.Select(o => (o.Z, o.Y, o.X))], attractive, mask.Length == 0 ? null : mask, strides);
            var expected = NaiveMutexWatershed.Segment(voxels, edges, mask.Length == 0 ? null : i => mask[i] != 0);
            Assert.That(labels, Is.EqualTo(expected), $"family {weightFamily}, seed {seed}, [{depth}, {height}, {width}]");
        }
    }

    [Test]
    public void WeightsBecomePriorities([Values] AttractiveReference reference, [Values(0f, 0.25f)] float bias)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var (height, width) = (random.Next(2, 20), random.Next(2, 20));
            var voxels = height * width;
            // Levels of 1/64 below 0.8: exact in float32, many ties, and no attractive weight reaches 1.
            var weights = Enumerable.Range(0, 8 * voxels).Select(_ => random.Next(52) / 64f).ToArray();
            var mask = Enumerable.Range(0, voxels).Select(_ => (byte)(random.Next(5) == 0 ? 0 : 1)).ToArray();
            var offsets = MutexWatershedOptions.SpocoOffsets(false).Select(o => (o.Z, o.Y, o.X)).ToArray();
            var local = NaiveMutexWatershed.GridEdges(weights, [1, height, width], offsets, 2, mask, (1, 1, 1))
                .Where(e => e.Attractive).Select(e => e.Priority).ToArray();
            var origin = reference == AttractiveReference.Max && local.Length > 0 ? local.Max() : 1;
            var priorities = weights.Select((w, i) => i < 2 * voxels ? origin - w : w + bias).ToArray();

            var labels = MutexWatershed.FromAffinities(
                weights, 1, height, width, new MutexWatershedOptions { AttractiveReference = reference, RepulsiveBias = bias }, mask);

            Assert.That(labels, Is.EqualTo(MutexWatershed.FromPriorities(priorities, 1, height, width, null, mask)), $"seed {seed}");
        }
    }

    [Test]
    public void SeparatesTwoClearObjects()
    {
        var embeddings = new Volume<float>(1, 20, 30, 3);
        for (var y = 0; y < 20; y++)
            for (var x = 0; x < 30; x++)
                embeddings[0, y, x, x < 12 ? 0 : 2] = 5;

        var labels = MutexWatershed.FromEmbeddings(embeddings);

        for (var y = 0; y < 20; y++)
            for (var x = 0; x < 30; x++)
                Assert.That(labels[0, y, x], Is.EqualTo(x < 12 ? 1 : 2));
    }

    [Test]
    public void AffinitiesMatchTheFormulaForEveryDimension([Values(1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 29, 32, 63)] int dimensions)
    {
        var random = new Random(dimensions);
        var values = Enumerable.Range(0, 2 * 5 * 7 * dimensions).Select(_ => random.NextSingle() * 2).ToArray();
        var embeddings = new Volume<float>(values, 2, 5, 7, dimensions);
        VoxelOffset[] offsets = [new(-1, 0, 0), new(0, 2, -3), new(1, -1, 1), new(0, 0, 9), new(0, int.MinValue, 0)];
        const float margin = 1.5f;

        var weights = Affinities.FromEmbeddings(embeddings, offsets, margin);

        for (var c = 0; c < offsets.Length; c++)
            for (var i = 0; i < 70; i++)
            {
                var (z, y, x) = (i / 35 + (long)offsets[c].Z, i / 7 % 5 + (long)offsets[c].Y, i % 7 + (long)offsets[c].X);
                var expected = 1.0;
                if (z is >= 0 and < 2 && y is >= 0 and < 5 && x is >= 0 and < 7)
                {
                    var j = (z * 5 + y) * 7 + x;
                    var squared = Enumerable.Range(0, dimensions)
                        .Sum(e => Math.Pow((double)embeddings.Data[i * dimensions + e] - embeddings.Data[j * dimensions + e], 2));
                    expected = 1 - Math.Pow(Math.Max((2 * margin - Math.Sqrt(squared)) / (2 * margin), 0), 2);
                }
                Assert.That(weights[c * 70 + i], Is.EqualTo(expected).Within(1e-6), $"offset {offsets[c]}, voxel {i}");
            }
    }

    [Test]
    public void RandomStridesKeepTheirShareAndRepeat()
    {
        var random = new Random(3);
        var priorities = Enumerable.Range(0, 8 * 64 * 64).Select(_ => random.NextSingle()).ToArray();
        var options = new MutexWatershedOptions { Strides = (1, 4, 4), RandomStrides = true, Seed = 5 };

        var first = MutexWatershed.FromPriorities(priorities, 1, 64, 64, options);
        var second = MutexWatershed.FromPriorities(priorities, 1, 64, 64, options);
        var other = MutexWatershed.FromPriorities(priorities, 1, 64, 64, options with { Seed = 6 });
        var lattice = MutexWatershed.FromPriorities(priorities, 1, 64, 64, options with { RandomStrides = false });
        var all = MutexWatershed.FromPriorities(priorities, 1, 64, 64, new MutexWatershedOptions());

        Assert.That(second, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
        Assert.That(first.Max(), Is.LessThan(all.Max()), "fewer exclusions leave fewer segments");
        Assert.That(first.Max(), Is.EqualTo(lattice.Max()).Within(50).Percent);
    }

    [Test]
    public void EmptyAndTinyInputs()
    {
        Assert.That(MutexWatershed.FromAffinities(ReadOnlyMemory<float>.Empty, 1, 0, 5), Is.Empty);
        Assert.That(MutexWatershed.FromAffinities(new float[8], 1, 1, 1), Is.EqualTo([1]));
        Assert.That(Graph(0, [], []), Is.Empty);
        Assert.That(Graph(2, [(1, 1, 1)], [(0, 0, 1)]), Is.EqualTo([1, 2]), "loops");
        Assert.That(Graph(3, [(2, 0, 0.5f)], [(0, 1, 1), (1, 2, 0.6f)]), Is.EqualTo([1, 2, 1]));
        var oneOffset = new MutexWatershedOptions { Offsets = [new(0, 0, -1)] };
        Assert.That(MutexWatershed.FromPriorities(new float[2], 1, 1, 2, oneOffset), Is.EqualTo([1, 1]));
    }

    [Test]
    public void ValuesOfEdgesThatDoNotExistAreNotRead()
    {
        var weights = new float[8 * 16];
        weights[0] = float.NaN;
        Assert.That(MutexWatershed.FromAffinities(weights, 1, 4, 4), Is.EqualTo(Enumerable.Repeat(1, 16)));
    }

    [TestCase(-0.5f)]
    [TestCase(255f)]
    public void Weights_outside_their_range_are_refused(float bad)
    {
        var weights = new float[8 * 16];
        weights[0] = bad;
        Assert.That(MutexWatershed.FromAffinities(weights, 1, 4, 4), Is.EqualTo(Enumerable.Repeat(1, 16)), "no edge begins there");
        weights[16 + 6] = bad;
        Assert.That(() => MutexWatershed.FromAffinities(weights, 1, 4, 4), Throws.ArgumentException.With.Message.EqualTo(FormattableString.Invariant(
            $"MutexWatershed: the weight of offset [0, 0, -1] at [0, 1, 2] is {bad}; weights must be 0 (attractive) to 1 (repulsive).")));
        var mask = Enumerable.Repeat((byte)1, 16).ToArray();
        mask[5] = 0;
        Assert.That(() => MutexWatershed.FromAffinities(weights, 1, 4, 4, mask: mask), Throws.Nothing, "the edge ends outside the mask");
        weights[16 + 6] = MathF.BitIncrement(1);
        Assert.That(() => MutexWatershed.FromAffinities(weights, 1, 4, 4), Throws.Nothing, "rounding");
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void NonFiniteWeightsAreRefused(float bad)
    {
        var weights = new float[8 * 16];
        weights[16 + 6] = bad;
        Assert.That(() => MutexWatershed.FromAffinities(weights, 1, 4, 4),
            Throws.ArgumentException.With.Message.Matches(@"^MutexWatershed: the weight of offset \[0, 0, -1\] at \[0, 1, 2\] is .*finite\.$"));
        var fromMaximum = new MutexWatershedOptions { AttractiveReference = AttractiveReference.Max };
        Assert.That(() => MutexWatershed.FromAffinities(weights, 1, 4, 4, fromMaximum), Throws.ArgumentException);
        Assert.That(() => Graph(2, [(0, 1, bad)], []),
            Throws.ArgumentException.With.Message.Contains("attractive edge 0"));
        var embeddings = new Volume<float>(1, 4, 4, 2);
        embeddings[0, 1, 2, 1] = bad;
        Assert.That(() => MutexWatershed.FromEmbeddings(embeddings), Throws.ArgumentException.With.Message.Contains("value 1 of voxel 6"));
    }

    [Test]
    public void WhatDoesNotFitIsRefused()
    {
        var embeddings = new Volume<float>(1, 4, 4, 2);
        Assert.That(() => MutexWatershed.FromEmbeddings(embeddings, null, new Volume<byte>(1, 4, 5)),
            Throws.ArgumentException.With.Message.EqualTo("MutexWatershed: the mask (4x5) does not fit the embeddings (4x4, 2 channels)."));
        Assert.That(() => MutexWatershed.FromAffinities(new float[8 * 16], 1, 4, 4, null, new byte[15]),
            Throws.ArgumentException.With.Message.Contains("15 voxels"));
        Assert.That(() => MutexWatershed.FromAffinities(new float[7 * 16], 1, 4, 4), Throws.ArgumentException.With.Message.Contains("112 weights"));
        Assert.That(() => MutexWatershed.FromAffinities(new float[1], 1, -4, 4), Throws.ArgumentException.With.Message.Contains("negative"));
        Assert.That(() => MutexWatershed.FromAffinities(new float[1], 40000, 40000, 40000), Throws.ArgumentException.With.Message.Contains("tiles"));
        Assert.That(() => Graph(2, [(0, 2, 1)], []),
            Throws.ArgumentException.With.Message.Contains("node 2"));
        Assert.That(() => MutexWatershed.FromGraph(Graph(2, new int[1], new float[1], [], [])), Throws.ArgumentException);
        Assert.That(() => Graph(-1, [], []), Throws.ArgumentException);
        foreach (var options in new MutexWatershedOptions[]
        {
            new() { Offsets = [new(0, 0, 0)] }, new() { AttractiveOffsets = 9 }, new() { AttractiveOffsets = -1 }, new() { Strides = (1, 0, 1) },
            new() { RepulsiveBias = float.NaN }, new() { PushMargin = 0 }, new() { PushMargin = float.NaN },
        })
            Assert.That(() => MutexWatershed.FromEmbeddings(embeddings, options),
                Throws.ArgumentException.With.Message.StartsWith("MutexWatershed: "));
    }

    [Test]
    public void CanBeCancelled()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(() => MutexWatershed.FromAffinities(new float[8 * 16], 1, 4, 4, cancellation: source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private static int[] Graph(int nodes, (int U, int V, float Priority)[] attractive, (int U, int V, float Priority)[] repulsive) =>
        MutexWatershed.FromGraph(Graph(
            nodes,
            [.. attractive.SelectMany(e => new[] { e.U, e.V })], [.. attractive.Select(e => e.Priority)],
            [.. repulsive.SelectMany(e => new[] { e.U, e.V })], [.. repulsive.Select(e => e.Priority)]));

    private static MutexGraph Graph(int nodes, int[] attractive, float[] attractivePriorities, int[] repulsive, float[] repulsivePriorities) => new()
    {
        Nodes = nodes,
        Attractive = attractive,
        AttractivePriorities = attractivePriorities,
        Repulsive = repulsive,
        RepulsivePriorities = repulsivePriorities,
    };

    private static IEnumerable<NaiveMutexWatershed.Edge> Edges(int[] ends, float[] priorities, bool attractive, int firstId) =>
        priorities.Select((p, e) => new NaiveMutexWatershed.Edge(ends[2 * e], ends[2 * e + 1], p, attractive, firstId + e));
}
