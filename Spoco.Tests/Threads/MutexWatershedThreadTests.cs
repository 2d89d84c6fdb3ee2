using System.Diagnostics;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.Threads;

/// <summary>The Mutex Watershed with more threads than processors: always the labels of the sequential rule.</summary>
[HangLimit(120)]
public sealed class MutexWatershedThreadTests
{
    /// <summary>Threads of the tests that take minutes.</summary>
    private static readonly int[] LongCounts = [4, 8, 16, 64];

    [Test]
    public void Volumes_of_every_kind([ManyThreads] int threads)
    {
        using var device = ThreadCounts.Open(threads);
        foreach (var extents in WatershedVolumes.Extents)
        {
            foreach (var kind in Enum.GetValues<VolumeKind>())
            {
                Check(device, kind, extents, finishBelow: 0);
                Check(device, kind, extents, finishBelow: null);
            }
        }
    }

    [Test]
    public void Blocks_again_and_again([Values(8, 16, 64)] int threads)
    {
        using var device = ThreadCounts.Open(threads);
        for (var repetition = 0; repetition < 100; repetition++)
        {
            HangLimitAttribute.Note($"segmentation {repetition}");
            Check(device, VolumeKind.Blocks, WatershedVolumes.Extents[0], finishBelow: 0);
        }
    }

    [Test]
    public void Embeddings_of_every_kind([ManyThreads] int threads)
    {
        using var one = ThreadCounts.Open(1);
        using var device = ThreadCounts.Open(threads);
        foreach (var kind in Enum.GetValues<VolumeKind>())
        {
            var embeddings = WatershedVolumes.Embeddings(kind, (4, 80, 90));
            var expected = MutexWatershed.FromEmbeddings(embeddings, device: one).Data;
            Assert.That(MutexWatershed.FromEmbeddings(embeddings, device: device).Data.AsSpan().SequenceEqual(expected), $"{kind}");
        }
    }

    [Test]
    public void Random_graphs_and_grids([ManyThreads] int threads)
    {
        using var device = ThreadCounts.Open(threads);
        for (var seed = 0; seed < 30; seed++)
        {
            var run = new MutexRun(device) { FinishBelow = seed % 2 == 0 ? 0 : null };
            var graph = MutexProblems.Graph(seed, 12_000);
            var labels = MutexWatershed.Segment(graph, run, default);
            Assert.That(labels.AsSpan().SequenceEqual(SequentialMutexWatershed.FromGraph(graph)), $"graph {seed}");
            var image = MutexProblems.Grid(seed, 90);
            var expected = SequentialMutexWatershed.FromAffinities(
                image.Weights, image.Depth, image.Height, image.Width, image.Options, image.Mask, image.Seeds);
            Assert.That(
                MutexWatershed.Segment(
                    image.Weights, (image.Depth, image.Height, image.Width), image.Options, false, image.Mask, image.Seeds, run, default).AsSpan()
                    .SequenceEqual(expected), $"grid {seed}");
        }
    }

    [Test]
    public void Long_paths_and_combs([ManyThreads] int threads)
    {
        using var device = ThreadCounts.Open(threads);
        foreach (var graph in new[] { MutexProblems.Path(40_000, false), MutexProblems.Path(40_000, true), MutexProblems.Comb(4_000) })
        {
            Assert.That(
                MutexWatershed.Segment(graph, new MutexRun(device) { FinishBelow = 0 }, default).AsSpan()
                    .SequenceEqual(SequentialMutexWatershed.FromGraph(graph)), $"{graph.Nodes} nodes");
        }
    }

    /// <summary>For <c>SPOCO_STRESS_MINUTES</c> (2 where it is not set), each number of threads.</summary>
    [Test]
    [Category("Long")]
    public void Volumes_of_every_kind_for_minutes([ValueSource(nameof(LongCounts))] int threads)
    {
        var time = StressTime.Minutes;
        var start = Stopwatch.GetTimestamp();
        using var device = ThreadCounts.Open(threads);
        var segmentations = 0;
        try
        {
            for (; Stopwatch.GetElapsedTime(start) < time; segmentations++)
            {
                // Every second one is of blocks: most roots, and the longest paths to them.
                var kind = segmentations % 2 == 0 ? VolumeKind.Blocks : (VolumeKind)(segmentations / 2 % Enum.GetValues<VolumeKind>().Length);
                HangLimitAttribute.Note($"segmentation {segmentations}, {kind}, {threads} threads");
                Check(device, kind, WatershedVolumes.Extents[segmentations % 8 == 7 ? 1 : 0], segmentations % 3 == 0 ? null : 0);
            }
        }
        finally
        {
            StressTime.Print(threads, segmentations, start);
        }
    }

    private static void Check(ComputeDevice device, VolumeKind kind, (int Depth, int Height, int Width) extents, long? finishBelow)
    {
        var (weights, expected) = WatershedVolumes.Of(kind, extents);
        var labels = MutexWatershed.Segment(
            weights, extents, new MutexWatershedOptions(), false, default, default, new MutexRun(device) { FinishBelow = finishBelow }, default);
        Assert.That(labels.AsSpan().SequenceEqual(expected), $"{kind}, {extents}, finish below {finishBelow}");
    }
}
