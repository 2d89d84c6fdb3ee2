using System.Diagnostics;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.Threads;

/// <summary>The block-wise segmentation with more threads than processors: the labels of the whole, whatever the blocks.</summary>
[HangLimit(120)]
public sealed class BlockwiseThreadTests : FolderTests
{
    [Test]
    public void Volumes_of_every_kind_in_blocks([Values(3, 64)] int threads, [Values] VolumeKind kind) =>
        Check(kind, WatershedVolumes.Extents[0], (8, 70, 65), threads);

    [Test]
    public void Images_of_every_kind_in_blocks([Values(7, 16)] int threads, [Values] VolumeKind kind) =>
        Check(kind, WatershedVolumes.Extents[1], (1, 100, 90), threads);

    [Test]
    public void Embeddings_of_every_kind_in_blocks([Values(2, 64)] int threads)
    {
        using var one = ThreadCounts.Open(1);
        foreach (var kind in Enum.GetValues<VolumeKind>())
        {
            var embeddings = WatershedVolumes.Embeddings(kind, (4, 80, 90));
            using var labels = BlockwiseMutexWatershed.FromEmbeddings(
                new MemoryReader<float>(embeddings), Options(threads) with { BlockExtents = (4, 50, 60), Input = $"{kind}" });
            Assert.That(MemoryVolumes.Of(labels).AsSpan().SequenceEqual(MutexWatershed.FromEmbeddings(embeddings, device: one).Data), $"{kind}");
        }
    }

    [Test]
    public void Noise_takes_smaller_blocks_where_memory_ends([Values(3, 64)] int threads)
    {
        const int Side = 300;
        // Every repulsive edge comes before every attractive one: nothing is contracted, and more is left of a block than foreseen.
        var noise = Array.ConvertAll(MutexProblems.Weights(new Random(3), Side * Side * 8, 0), w => 0.9f + w / 10);
        var weights = new Volume<float>(noise, 1, Side, Side, 8);
        var planes = new float[weights.Data.Length];
        for (var i = 0; i < planes.Length; i++)
            planes[i % 8 * Side * Side + i / 8] = weights.Data[i];
        using var labels = BlockwiseMutexWatershed.FromAffinities(new MemoryReader<float>(weights), Options(threads) with { Memory = 15 << 20 });
        Assert.That(MemoryVolumes.Of(labels).AsSpan().SequenceEqual(SequentialMutexWatershed.FromAffinities(planes, 1, Side, Side)));
    }

    /// <summary>For <c>SPOCO_STRESS_MINUTES</c> (2 where it is not set), each number of threads.</summary>
    [Test]
    [Category("Long")]
    public void Volumes_of_every_kind_in_blocks_for_minutes([Values(8, 64)] int threads)
    {
        var time = StressTime.Minutes;
        var start = Stopwatch.GetTimestamp();
        var random = new Random(threads);
        var segmentations = 0;
        try
        {
            for (; Stopwatch.GetElapsedTime(start) < time; segmentations++)
            {
                var kind = (VolumeKind)(segmentations % Enum.GetValues<VolumeKind>().Length);
                HangLimitAttribute.Note($"segmentation {segmentations}, {kind}, {threads} threads");
                Check(kind, WatershedVolumes.Extents[0], (random.Next(3, 9), random.Next(40, 129), random.Next(40, 129)), threads);
            }
        }
        finally
        {
            StressTime.Print(threads, segmentations, start);
        }
    }

    private void Check(VolumeKind kind, (int Depth, int Height, int Width) extents, (int Z, int Y, int X) block, int threads)
    {
        var (depth, height, width) = extents;
        var (weights, expected) = WatershedVolumes.Of(kind, extents);
        var volume = MemoryVolumes.ChannelsLast(weights, depth, height, width, weights.Length / (depth * height * width));
        using var labels = BlockwiseMutexWatershed.FromAffinities(
            new MemoryReader<float>(volume), Options(threads) with { BlockExtents = block, Input = $"{kind} {extents} {block}" });
        Assert.That(MemoryVolumes.Of(labels).AsSpan().SequenceEqual(expected), $"{kind}, {extents} in blocks of {block}");
        labels.Delete();
    }

    private BlockwiseOptions Options(int threads) => new() { Folder = PathOf("blocks"), Memory = 256 << 20, Threads = threads };
}
