using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Golden;
using Spoco.Tests.Threads;

namespace Spoco.Tests.Segmentation;

/// <summary>The parallel version against the sequential rule, on every device: the same labels, always.</summary>
public sealed class MutexWatershedEqualityTests
{
    // ILGPU's simulator takes a second for what the others do in a millisecond.
    private static int Count(string device, int count) => device switch
    {
        "cpu" => count,
        "ilgpu-cpu" => Math.Max(2, count / 100),
        _ => Math.Max(6, count / 10),
    };

    private static MutexRun Run(string device, int seed) => new(TestDevices.Open(device)) 
    {
        FinishBelow = seed % 2 == 0 ? 0 : null,
        AlwaysNarrow = seed % 3 == 0,
    };

    [Test]
    public void Graphs([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        for (var seed = 0; seed < Count(device, 2400); seed++)
        {
            var graph = MutexProblems.Graph(seed, device == "ilgpu-cpu" ? 30 : 400);
            Assert.That(
                MutexWatershed.Segment(graph, Run(device, seed), default), Is.EqualTo(SequentialMutexWatershed.FromGraph(graph)), $"seed {seed}");
        }
    }

    [Test]
    public void Grids([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device)
    {
        for (var seed = 0; seed < Count(device, 400); seed++)
        {
            var image = MutexProblems.Grid(seed, device == "ilgpu-cpu" ? 6 : 40);
            var (depth, height, width) = (image.Depth, image.Height, image.Width);

            var labels = MutexWatershed.Segment(
                image.Weights, (depth, height, width), image.Options, false, image.Mask, image.Seeds, Run(device, seed), default);

            var expected = SequentialMutexWatershed.FromAffinities(
                image.Weights, depth, height, width, image.Options, image.Mask, image.Seeds);
            Assert.That(labels, Is.EqualTo(expected), $"seed {seed}, [{depth}, {height}, {width}]");
        }
    }

    /// <summary>
    /// Large enough for a GPU to have tens of thousands of threads at once, with long ways to the roots: where a race shows, if there is one.
    /// </summary>
    [Test]
    public void Large([Values("opencl:0", "cuda:0")] string device, [Values] VolumeKind kind, [Values(1, 16)] int depth)
    {
        var extents = depth == 1 ? (1, 448, 448) : (depth, 96, 128);
        var run = new MutexRun(TestDevices.Open(device)) { FinishBelow = 0 };
        var (weights, expected) = WatershedVolumes.Of(kind, extents);
        for (var repetition = 0; repetition < (device == "cuda:0" ? 10 : 1); repetition++)
        {
            var labels = MutexWatershed.Segment(weights, extents, new MutexWatershedOptions(), false, default, default, run, default);
            Assert.That(labels.AsSpan().SequenceEqual(expected), $"repetition {repetition}");
        }
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public void EmbeddingsWithAnyNumberOfThreads(int threads)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        foreach (var (depth, height, width) in new[] { (1, 96, 70), (9, 24, 31), (1, 1, 300), (1, 1, 1) })
        {
            var embeddings = NoisyCells(depth, height, width, 16, seed: depth);
            var labels = MutexWatershed.Segment(embeddings, null, null, null, new MutexRun(device) { FinishBelow = 0 }, default);
            Assert.That(labels.Data, Is.EqualTo(SequentialMutexWatershed.FromEmbeddings(embeddings).Data), $"{embeddings}");
        }
    }

    [Test]
    public void BuffersStayWhereTheyLie([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var (height, width) = name == "ilgpu-cpu" ? (5, 6) : (40, 31);
        var embeddings = NoisyCells(1, height, width, 8, seed: 4);
        var weights = Affinities.FromEmbeddings(embeddings, MutexWatershedOptions.SpocoOffsets(false), 2);
        var buffer = device.Allocate<float>(weights.Length, "test");
        var values = device.Allocate<float>(embeddings.Data.Length, "test");
        using var memory = buffer.Memory;
        using var other = values.Memory;
        buffer.CopyFrom(weights);
        values.CopyFrom(embeddings.Data);

        var expected = SequentialMutexWatershed.FromAffinities(weights, 1, height, width);
        Assert.That(MutexWatershed.FromAffinities(buffer, 1, height, width), Is.EqualTo(expected));
        // Devices round distances their own way, so that priorities may differ in the last bit.
        Assert.That(
            Spoco.Engine.Scores.AdaptedRandError.Of(expected, MutexWatershed.FromEmbeddings(values, 1, height, width), false).Error,
            Is.LessThan(0.01));

        embeddings.Data[^3] = float.NaN;
        values.CopyFrom(embeddings.Data);
        Assert.That(() => MutexWatershed.FromEmbeddings(values, 1, height, width),
            Throws.ArgumentException.With.Message.Contains($"value 5 of voxel {height * width - 1}"));
        Assert.That(() => MutexWatershed.FromEmbeddings(values, 1, height, width + 1000), Throws.ArgumentException);
    }

    [TestCaseSource(nameof(GoldenGrids))]
    public void GoldenGrid(string device, string name)
    {
        var golden = GoldenSet.Segmentation.Case("mws_grid", name);
        var (depth, height, width) = MutexWatershedGoldenTests.Extents(golden);
        var options = MutexWatershedGoldenTests.Options(golden);

        var labels = MutexWatershed.Segment(
            golden.Float32("priority"), (depth, height, width), options, true, golden.Has("mask") ? golden.UInt8("mask") : [], default,
            Run(device, 0), default);

        Assert.That(labels, Is.EqualTo(golden.Int32("labels")), golden.Note);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void LongPathsEnd(bool zigzag)
    {
        var path = MutexProblems.Path(20_000, zigzag);
        Assert.That(
            MutexWatershed.Segment(path, new MutexRun(null) { FinishBelow = 0 }, default), Is.EqualTo(SequentialMutexWatershed.FromGraph(path)));
    }

    [Test]
    public void CombsEnd()
    {
        var comb = MutexProblems.Comb(2_000);
        Assert.That(
            MutexWatershed.Segment(comb, new MutexRun(null) { FinishBelow = 0 }, default), Is.EqualTo(SequentialMutexWatershed.FromGraph(comb)));
    }

    [Test]
    public void MoreSeedsThanPairsAllow()
    {
        var random = new Random(1);
        var weights = MutexProblems.Weights(random, 8 * 64 * 64, 0);
        var seeds = Enumerable.Range(1, 64 * 64).Select(i => i % 4 == 0 ? 0 : i).ToArray();
        Assert.That(
            MutexWatershed.FromAffinities(weights, 1, 64, 64, seeds: seeds),
            Is.EqualTo(SequentialMutexWatershed.FromAffinities(weights, 1, 64, 64, seeds: seeds)));
    }

    [Test]
    public void SeedsStayApartAndWhole()
    {
        var weights = new float[8 * 10 * 10];
        var seeds = new int[100];
        (seeds[0], seeds[99], seeds[9]) = (7, 7, 3);
        var labels = MutexWatershed.FromAffinities(weights, 1, 10, 10, seeds: seeds);
        Assert.That(labels[0], Is.EqualTo(labels[99]));
        Assert.That(labels[9], Is.Not.EqualTo(labels[0]));
        Assert.That(labels.Max(), Is.EqualTo(2));
    }

    internal static IEnumerable<TestCaseData> GoldenGrids =>
        from device in TestDevices.All
        from golden in GoldenSet.Segmentation.Cases("mws_grid")
        where device != "ilgpu-cpu" || golden.Int32("labels").Length <= 64
        select new TestCaseData(device, golden.Group);

    internal static Volume<float> NoisyCells(int depth, int height, int width, int dimensions, int seed)
    {
        var random = new Random(seed);
        var means = Enumerable.Range(0, 64 * dimensions).Select(_ => 6 * random.NextSingle()).ToArray();
        var embeddings = new Volume<float>(depth, height, width, dimensions);
        for (var i = 0; i < embeddings.VoxelCount; i++)
        {
            var cell = i / (height * width) / 5 * 16 + i / width % height / 12 % 8 * 8 + i % width / 9 % 8 & 63;
            for (var e = 0; e < dimensions; e++)
                embeddings.Data[i * dimensions + e] = means[cell * dimensions + e] + 2 * random.NextSingle();
        }

        return embeddings;
    }
}
