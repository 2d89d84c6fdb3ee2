using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Segmentation;

/// <summary>The block-wise version against the sequential rule on the whole image: the same labels, whatever the blocks.</summary>
public sealed class BlockwiseMutexWatershedTests : FolderTests
{
    private string Blocks => PathOf("blocks");

    [Test]
    public void RandomGridsInRandomBlocks()
    {
        var (blocks, contractedWhileMerging) = (0, 0);
        for (var seed = 0; seed < 400; seed++)
        {
            var image = MutexProblems.Grid(seed, 40);
            var (depth, height, width) = (image.Depth, image.Height, image.Width);
            var random = new Random(seed);
            var extents = (random.Next(1, depth + 1), random.Next(1, height + 1), random.Next(1, width + 1));
            var mask = image.Mask.Length == 0 ? null : new MemoryReader<byte>(new Volume<byte>(image.Mask, depth, height, width));
            var weights = new MemoryReader<float>(MemoryVolumes.ChannelsLast(image.Weights, depth, height, width, image.Options.Offsets!.Count));
            var expected = SequentialMutexWatershed.FromAffinities(image.Weights, depth, height, width, image.Options, image.Mask);

            // Half of the images are put together in little memory: the least that goes.
            for (var merged = seed % 2 == 0 ? (long?)null : 64; ; merged *= 2)
            {
                try
                {
                    using var labels = BlockwiseMutexWatershed.FromAffinities(
                        weights, Options() with { BlockExtents = extents, MergedEdges = merged, Input = $"{seed}" }, image.Options, mask);
                    Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected), $"seed {seed}, [{depth}, {height}, {width}] in blocks of {extents}, {merged} edges");
                    Assert.That(labels.Segments, Is.EqualTo(expected.Max()));
                    blocks += labels.Blocks;
                    contractedWhileMerging += merged > 64 ? 1 : 0;
                    break;
                }
                catch (ArgumentException e) when (merged is not null && e.Message.Contains("merging needs room"))
                {
                }
            }
        }

        Assert.That(blocks, Is.GreaterThan(2000));
        Assert.That(contractedWhileMerging, Is.GreaterThan(50));
    }

    [TestCase(1, 130, 111, 1, 40, 37)]
    [TestCase(1, 64, 300, 1, 64, 50)]
    [TestCase(13, 40, 37, 5, 16, 19)]
    [TestCase(30, 33, 29, 15, 20, 29)]
    [TestCase(9, 24, 31, 9, 24, 31)]
    public void Embeddings(int depth, int height, int width, int z, int y, int x)
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(depth, height, width, 12, seed: width);
        foreach (var reference in new[] { AttractiveReference.One, AttractiveReference.Max })
        {
            var options = new MutexWatershedOptions { AttractiveReference = reference, PushMargin = 3 };
            using var labels = BlockwiseMutexWatershed.FromEmbeddings(new MemoryReader<float>(embeddings), Options() with { BlockExtents = (z, y, x) }, options);
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(SequentialMutexWatershed.FromEmbeddings(embeddings, options).Data), $"{embeddings}, {reference}");
        }
    }

    [TestCaseSource(nameof(Grids))]
    public void GoldenGrid(string name)
    {
        var golden = GoldenSet.Segmentation.Case("mws_grid", name);
        var (depth, height, width) = MutexWatershedGoldenTests.Extents(golden);
        var options = MutexWatershedGoldenTests.Options(golden);
        var mask = golden.Has("mask") ? new MemoryReader<byte>(new Volume<byte>(golden.UInt8("mask"), depth, height, width)) : null;
        var priorities = new MemoryReader<float>(MemoryVolumes.ChannelsLast(golden.Float32("priority"), depth, height, width, options.Offsets!.Count));

        using var labels = BlockwiseMutexWatershed.FromPriorities(
            priorities, Options() with { BlockExtents = (Math.Min(depth, 3), Math.Min(height, 7), Math.Min(width, 9)) }, options, mask);

        Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(golden.Int32("labels")), golden.Note);
    }

    [Test]
    public void BlocksAreChosenByTheMemory()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 300, 260, 16, seed: 1);
        var reader = new MemoryReader<float>(embeddings);
        Assert.That(() => BlockwiseMutexWatershed.FromEmbeddings(reader, Options() with { Memory = 1 << 20 }),
            Throws.InstanceOf<InsufficientMemoryLimitException>().With.Message.Contains("too little memory"));
        using var many = BlockwiseMutexWatershed.FromEmbeddings(reader, Options() with { Memory = 6 << 20 });
        var labels = MemoryVolumes.Of(many);
        using var more = BlockwiseMutexWatershed.FromEmbeddings(reader, Options() with { Memory = 7 << 20 });
        using var one = BlockwiseMutexWatershed.FromEmbeddings(reader, Options() with { Memory = 100 << 20, Input = "anew" });
        Assert.That((more.Blocks, one.Blocks), Is.EqualTo((many.Blocks, 1)), "more memory goes on with the blocks that are there");
        Assert.That(many.Blocks, Is.GreaterThan(3));
        Assert.That(labels, Is.EqualTo(MutexWatershed.FromEmbeddings(embeddings).Data));
        Assert.That(MemoryVolumes.Of(one), Is.EqualTo(labels));
    }

    [Test]
    public void TooLittleMemoryIsSaidOnceWithWhatIsEnough()
    {
        // Nothing but noise: what is left of the blocks exceeds the memory, which is known when they are done.
        var random = new Random(5);
        var noise = new Volume<float>([.. Enumerable.Range(0, 300 * 300 * 4).Select(_ => random.NextSingle() * 3)], 1, 300, 300, 4);
        var options = new MutexWatershedOptions { PushMargin = 1 };
        var reader = new MemoryReader<float>(noise);
        var small = Options() with { Memory = 4 << 20, BlockExtents = (1, 60, 60), MergedEdges = 3000 };
        var refused = Assert.Throws<InsufficientMemoryLimitException>(() => BlockwiseMutexWatershed.FromEmbeddings(reader, small, options))!;
        Assert.That(refused.Message, Does.Contain("are enough. The blocks that are done stay"));
        var reads = reader.Reads;

        using var labels = BlockwiseMutexWatershed.FromEmbeddings(reader, small with { Memory = refused.NeededBytes, MergedEdges = null }, options);

        Assert.That(reader.Reads, Is.EqualTo(reads), "no block is computed again");
        Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(MutexWatershed.FromEmbeddings(noise, options).Data));
    }

    [Test]
    public void JoiningThatNeedsMoreMemoryIsSaidWithWhatIsEnough()
    {
        // Voxels that touch no other: nothing is left to merge, and there are as many segments.
        var random = new Random(6);
        var noise = new Volume<float>([.. Enumerable.Range(0, 300 * 300 * 4).Select(_ => random.NextSingle() * 3)], 1, 300, 300, 4);
        var mask = new MemoryReader<byte>(new Volume<byte>([.. Enumerable.Range(0, 300 * 300).Select(i => (byte)(1 - ((i / 300 | i) & 1)))], 1, 300, 300));
        var small = Options() with { MergeDistance = 1, BlockExtents = (1, 100, 100), MergingMemory = 1 << 20 };
        var refused = Assert.Throws<InsufficientMemoryLimitException>(() => Segment(small))!;
        Assert.That(refused.Message, Does.Contain("joining 22500 segments with embeddings of 4 dimensions needs"));

        using var labels = Segment(small with { MergingMemory = (long)(refused.NeededBytes * (double)small.MergingMemory!.Value / small.Memory) + 1 });

        Assert.That(labels.Segments, Is.EqualTo(22500));

        BlockwiseLabels Segment(BlockwiseOptions options) =>
            BlockwiseMutexWatershed.FromEmbeddings(new MemoryReader<float>(noise), options, new MutexWatershedOptions { PushMargin = 1 }, mask);
    }

    [Test]
    public void NoiseTakesSmallerBlocksWhereMemoryEnds()
    {
        var random = new Random(3);
        // Every repulsive edge comes before every attractive one: all become exclusions, and nothing is contracted.
        var weights = new Volume<float>(Array.ConvertAll(MutexProblems.Weights(random, 300 * 300 * 8, 0), w => 0.9f + w / 10), 1, 300, 300, 8);
        var steps = new List<BlockwiseProgress>();
        var options = Options() with { Memory = 15 << 20, Progress = new Steps(steps.Add) };
        using var labels = BlockwiseMutexWatershed.FromAffinities(new MemoryReader<float>(weights), options);
        var planes = new float[weights.Data.Length];
        for (var i = 0; i < planes.Length; i++)
            planes[i % 8 * 90000 + i / 8] = weights.Data[i];
        Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(SequentialMutexWatershed.FromAffinities(planes, 1, 300, 300)));
        Assert.That(steps.Select(s => s.Blocks).Distinct().Count(), Is.GreaterThan(1), "it began anew with smaller blocks");
    }

    [Test]
    public void SizesAreThoseOfTheWholeImage()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 120, 130, 16, seed: 7);
        foreach (var (floor, largest) in new[] { (30, false), (0, true), (40, true) })
        {
            using var labels = BlockwiseMutexWatershed.FromEmbeddings(
                new MemoryReader<float>(embeddings), Options() with { BlockExtents = (1, 50, 60), SizeFloor = floor, RemoveLargest = largest });
            var expected = MutexWatershed.FromEmbeddings(embeddings);
            expected = Relabel.Compact(SizeFloor.Remove(largest ? RemoveLargest.Apply(expected) : expected, floor)).Labels;
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected.Data), $"{floor}, {largest}");
            Assert.That(labels.Segments, Is.EqualTo(expected.Data.Max()));
        }
    }

    [Test]
    public void AnInterruptedRunGoesOn()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 120, 130, 16, seed: 7);
        var reader = new MemoryReader<float>(embeddings);
        var expected = MutexWatershed.FromEmbeddings(embeddings).Data;
        var options = Options() with { BlockExtents = (1, 50, 60) };
        reader.FailAfter = 4;
        Assert.That(() => BlockwiseMutexWatershed.FromEmbeddings(reader, options), Throws.TypeOf<IOException>());
        reader.FailAfter = int.MaxValue;
        Assert.That(Directory.GetFiles(Blocks, "*.block"), Has.Length.EqualTo(4));
        using (var cancelled = new CancellationTokenSource())
        {
            var stopping = options with { Progress = new Steps(p => { if (p.Done == 6) cancelled.Cancel(); }) };
            Assert.That(
                () => BlockwiseMutexWatershed.FromEmbeddings(reader, stopping, cancellation: cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
        }

        var first = new List<int>();
        reader.Reads = 0;
        using (var labels = BlockwiseMutexWatershed.FromEmbeddings(reader, options with { Progress = new Steps(p => first.Add(p.Done)) }))
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected));
        Assert.That((first[0], reader.Reads), Is.EqualTo((6, 3)), "six of nine blocks were there");

        // Another input, or other options: everything anew.
        reader.Reads = 0;
        using (BlockwiseMutexWatershed.FromEmbeddings(reader, options with { Input = "another" }))
            Assert.That(reader.Reads, Is.EqualTo(9));
        using (BlockwiseMutexWatershed.FromEmbeddings(reader, options with { Input = "another" }, new MutexWatershedOptions { PushMargin = 1.5f }))
            Assert.That(reader.Reads, Is.EqualTo(18));
        using (var labels = BlockwiseMutexWatershed.FromEmbeddings(reader, options with { BlockExtents = (1, 60, 60) }))
        {
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected));
            labels.Delete();
        }

        Assert.That(Directory.Exists(Blocks), Is.False);
    }

    [Test]
    public void DamagedResultsAreComputedAgain()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 90, 100, 16, seed: 2);
        var reader = new MemoryReader<float>(embeddings);
        var expected = MutexWatershed.FromEmbeddings(embeddings).Data;
        var options = Options() with { BlockExtents = (1, 45, 50) };
        using (BlockwiseMutexWatershed.FromEmbeddings(reader, options))
            reader.Reads = 0;
        var files = Directory.GetFiles(Blocks, "*.block").Order().ToArray();
        var random = new Random(5);
        for (var round = 0; round < 40; round++)
        {
            var file = files[round % files.Length];
            var bytes = File.ReadAllBytes(file);
            if (round % 3 == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            else if (round % 3 == 1)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            else
                random.NextBytes(bytes.AsSpan(8 + random.Next(16), 8));
            File.WriteAllBytes(file, bytes);
            using var labels = BlockwiseMutexWatershed.FromEmbeddings(reader, options);
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected), $"round {round}");
            Assert.That(reader.Reads, Is.EqualTo(round + 1), "one block anew");
        }

        foreach (var text in new[] { "", "spoco blocks 1\n", "spoco blocks 1\nx\n0 -1 5\n" })
        {
            File.WriteAllText(Path.Combine(Blocks, "manifest.txt"), text);
            using var labels = BlockwiseMutexWatershed.FromEmbeddings(reader, options);
            Assert.That(MemoryVolumes.Of(labels), Is.EqualTo(expected));
        }
    }

    [Test]
    public void FilesOfOthersAreLeftAlone()
    {
        Directory.CreateDirectory(Blocks);
        var letter = Path.Combine(Blocks, "letter.txt");
        File.WriteAllText(letter, "dear");
        var reader = new MemoryReader<float>(MutexWatershedEqualityTests.NoisyCells(1, 20, 20, 16, seed: 2));
        Assert.That(() => BlockwiseMutexWatershed.FromEmbeddings(reader, Options()), Throws.ArgumentException.With.Message.Contains("left alone"));
        Assert.That(File.ReadAllText(letter), Is.EqualTo("dear"));
    }

    [Test]
    public void WhatIsWrongIsSaid()
    {
        var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 60, 60, 16, seed: 2);
        embeddings[0, 50, 3, 5] = float.NaN;
        var options = Options() with { BlockExtents = (1, 30, 30) };
        Assert.That(() => BlockwiseMutexWatershed.FromEmbeddings(new MemoryReader<float>(embeddings), options),
            Throws.ArgumentException.With.Message.Contains("value 5 at [0, 50, 3] is NaN"));
        var weights = new Volume<float>(1, 60, 60, 8);
        weights[0, 40, 50, 2] = float.PositiveInfinity;
        Assert.That(() => BlockwiseMutexWatershed.FromAffinities(new MemoryReader<float>(weights), options),
            Throws.ArgumentException.With.Message.Contains("offset [0, -3, 0] at [0, 40, 50]"));
        Assert.That(() => BlockwiseMutexWatershed.FromAffinities(new MemoryReader<float>(embeddings), options),
            Throws.ArgumentException.With.Message.Contains("16 channels do not fit 8 offsets"));
        Assert.That(() => BlockwiseMutexWatershed.FromAffinities(
                new MemoryReader<float>(weights), options, mask: new MemoryReader<byte>(new Volume<byte>(1, 60, 59))),
            Throws.ArgumentException.With.Message.Contains("1x60x59"));
        Assert.That(() => BlockwiseMutexWatershed.FromAffinities(new MemoryReader<float>(weights), options with { SizeFloor = -1 }), Throws.ArgumentException);
    }

    private static IEnumerable<string> Grids =>
        GoldenSet.Segmentation.Cases("mws_grid").Where(c => c.Int32("labels").Length > 0).Select(c => c.Group);

    private BlockwiseOptions Options() => new() { Folder = Blocks, Memory = 64 << 20 };

    private sealed class Steps(Action<BlockwiseProgress> action) : IProgress<BlockwiseProgress>
    {
        public void Report(BlockwiseProgress value) => action(value);
    }
}
