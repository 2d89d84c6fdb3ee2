using System.Collections.Concurrent;
using Spoco.Cli.Data;
using Spoco.Cli.Demo;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.CommandLine;
using Spoco.Tests.Files;

namespace Spoco.Tests.Threads;

/// <summary>What reads images and prepares batches, with many threads, few buffers, and sources that are slow or fail.</summary>
[HangLimit(120)]
public sealed class LoaderThreadTests : FolderTests
{
    private static readonly PatchExtents Patch = new(1, 17, 13);

    [Test]
    public void Batches_of_slow_sources_come_in_order_with_their_own_content([ManyThreads] int threads)
    {
        var items = Items(7);
        var direct = new PatchSampler(items, Patch, 2, new(), 9);
        var expected = direct.NewBatch();
        using var batches = new BatchPrefetcher(
            () => new PatchSampler([.. items.Select(i => new SlowSource(i))], Patch, 2, new(), 9), 3, 120, threads);
        for (var i = 3; i < 120; i++)
        {
            if (i % 11 == 0)
                Thread.Sleep(5);
            var batch = i % 2 == 0 ? batches.Take() : batches.TryTake() ?? batches.Take();
            direct.Fill(i, expected);
            Assert.That(batch.Iteration, Is.EqualTo(i));
            Assert.That(batch.ViewF.AsSpan().SequenceEqual(expected.ViewF) && batch.ViewG.AsSpan().SequenceEqual(expected.ViewG)
                && batch.Labels.AsSpan().SequenceEqual(expected.Labels), $"iteration {i}");
        }

        Assert.That(batches.TryTake(), Is.Null);
        Assert.That(() => batches.Take(), Throws.InvalidOperationException);
    }

    [Test]
    public void A_source_that_fails_ends_the_batches_in_their_order([ManyThreads] int threads)
    {
        TrainingItem[] items = Items(5);
        var order = new PatchSampler(items, Patch, 1, new(), 9);
        var first = Enumerable.Range(0, 5).First(i => order.ItemOf(i, 0) == 3);
        for (var repetition = 0; repetition < 10; repetition++)
        {
            SlowSource[] sources = [.. items.Select((item, k) => new SlowSource(item) { Fails = k == 3 })];
            using var batches = new BatchPrefetcher(() => new PatchSampler(sources, Patch, 1, new(), 9), 0, 1000, threads);
            for (var i = 0; i < first; i++)
                Assert.That(batches.Take().Iteration, Is.EqualTo(i));
            Assert.That(batches.TryTake(), Is.Null, "what is wrong is said by whoever waits");
            Assert.That(() => batches.Take(), Throws.TypeOf<InputException>().With.Message.EqualTo("image 3 is gone"));
            Assert.That(() => batches.Take(), Throws.TypeOf<InputException>(), "and again");
        }
    }

    /// <summary>Disposed before the first batch, after some, with all buffers full and while they are filled: no thread reads on.</summary>
    [Test]
    public void Stopping_in_the_middle_ends_the_threads([ManyThreads] int threads)
    {
        var sources = Items(4).Select(i => new SlowSource(i)).ToArray();
        for (var repetition = 0; repetition < 20; repetition++)
        {
            var batches = new BatchPrefetcher(() => new PatchSampler(sources, Patch, 1, new(), 9), 0, long.MaxValue - 1000, threads);
            for (var i = 0; i < repetition % 5 * threads / 2; i++)
                batches.Take();
            if (repetition % 4 == 3)
                Thread.Sleep(10);
            batches.Dispose();
            var reads = sources.Sum(s => s.Reads);
            Thread.Sleep(3);
            Assert.That(sources.Sum(s => s.Reads), Is.EqualTo(reads));
        }
    }

    [Test]
    public void Disposing_twice_is_disposing_once()
    {
        var batches = new BatchPrefetcher(() => new PatchSampler(Items(2), Patch, 1, new(), 9), 0, 100, threads: 3);
        batches.Take();
        batches.Dispose();
        Assert.That(batches.Dispose, Throws.Nothing);
    }

    [Test]
    public void A_wait_that_was_cancelled_can_be_taken_up_again()
    {
        using var gate = new ManualResetEventSlim();
        using var batches = new BatchPrefetcher((iteration, batch) =>
        {
            gate.Wait();
            batch.Iteration = iteration;
        }, () => new TrainingBatch(new TensorShape(1, 1, 17, 13, 1)), 0, 10);
        using (var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(20)))
            Assert.That(() => batches.Take(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        gate.Set();
        Assert.That(Enumerable.Range(0, 10).Select(_ => batches.Take().Iteration), Is.EqualTo(Enumerable.Range(0, 10)));
    }

    [Test]
    public void Kept_images_are_those_of_their_key([ManyThreads] int threads, [Values(0, 2, 100)] int kept)
    {
        var items = Items(6);
        var images = new DecodedImages(kept * 4L * 2 * items[0].Image.Data.Length);
        Together(threads, thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 300; i++)
            {
                var k = random.Next(items.Length);
                if (random.Next(20) == 0)
                    Assert.That(() => images.Get(new object(), () => throw new InputException("gone")), Throws.TypeOf<InputException>());
                Assert.That(images.Get(items[k], () => items[k]), Is.SameAs(items[k]));
            }
        });
    }

    [Test]
    public void Images_that_several_threads_read_at_once_are_kept_once()
    {
        var (first, second) = (Items(2)[0], Items(2)[0] with { Name = "second" });
        var images = new DecodedImages(2 * 4L * 2 * first.Image.Data.Length);
        images.Get(first, () => first);
        using var reading = new Barrier(3);
        var found = new ConcurrentBag<TrainingItem>();
        Together(3, _ => found.Add(images.Get(second, () =>
        {
            reading.SignalAndWait();
            return second with { Name = "a copy" };
        })));
        Assert.That(found.Distinct(ReferenceEqualityComparer.Instance).Count(), Is.EqualTo(1), "all have the same one");
        Assert.That(images.Get(first, () => throw new InputException("was pushed out")), Is.SameAs(first));
    }

    [Test]
    public void Boxes_of_a_file_on_disk_are_right_on_every_thread([ManyThreads] int threads)
    {
        var path = PublishedDataSets.Volume(PathOf("a.h5"), 21, 37, 41, seed: 3);
        var (image, labels) = (Hdf5File.Read<float>(path, "raw"), Hdf5File.Read<int>(path, "label"));
        using (var files = new Hdf5Pair(new DataItem("a", path, path, "raw", "label")))
        {
            Together(threads, thread =>
            {
                var random = new Random(thread);
                for (var i = 0; i < 8; i++)
                {
                    var (d, h, w) = (random.Next(1, 22), random.Next(1, 38), random.Next(1, 42));
                    var box = new VoxelBox(random.Next(22 - d), random.Next(38 - h), random.Next(42 - w), d, h, w);
                    Assert.That(files.ReadImage(box).Data.AsSpan().SequenceEqual(image.Crop(box.Z, box.Y, box.X, d, h, w).Data), $"{box}");
                    Assert.That(files.ReadLabels(box).Data.AsSpan().SequenceEqual(labels.Crop(box.Z, box.Y, box.X, d, h, w).Data), $"{box}");
                }
            });
        }

        Assert.That(OpenFiles(path), Is.Zero, "the files of all threads are closed");
    }

    [TestCase("raw", "none", false)]
    [TestCase("none", "label", false)]
    [TestCase("raw", "label", true)]
    [TestCase("raw", "raw4", false)]
    public void Files_that_do_not_fit_are_closed(string raw, string label, bool split)
    {
        var path = PathOf("a.h5");
        // One voxel cannot be split.
        new PureHDF.H5File
        {
            ["raw"] = new PureHDF.H5Dataset(new byte[1], fileDims: [1, 1, 1]),
            ["label"] = new PureHDF.H5Dataset(new int[1], fileDims: [1, 1, 1]),
            ["raw4"] = new PureHDF.H5Dataset(new int[4], fileDims: [1, 1, 4]),
        }.Write(path);
        var item = new DataItem("a", path, path, raw, label) { Part = split ? ItemPart.LastQuarter : ItemPart.Whole };
        Assert.That(() => new Hdf5Pair(item), Throws.TypeOf<InputException>());
        Assert.That(OpenFiles(path), Is.Zero);
    }

    [Test]
    public void Of_several_damaged_images_the_first_is_named()
    {
        var items = Pictures(13);
        File.WriteAllText(items[4].ImagePath, "no picture");
        File.WriteAllText(items[9].ImagePath, "none either");
        for (var repetition = 0; repetition < 5; repetition++)
        {
            using var loader = new SourceLoader(2, null, 1 << 20);
            Assert.That(() => loader.Open(items, CancellationToken.None), Throws.TypeOf<InputException>().With.Message.Contains(items[4].ImagePath));
        }
    }

    [Test]
    public void Data_sets_are_opened_by_several_threads_at_once([Values(0L, 100_000L, 1L << 30)] long memory)
    {
        var items = Pictures(9);
        PublishedDataSets.Volume(PathOf("v.h5"), 12, 37, 41, seed: 3);
        items.Add(new DataItem("v", PathOf("v.h5"), PathOf("v.h5"), "raw", "label"));
        using var alone = new SourceLoader(2, null, memory);
        var expected = Text(alone.Open(items, CancellationToken.None));
        Together(7, _ =>
        {
            using var loader = new SourceLoader(2, null, memory);
            Assert.That(Text(loader.Open(items, CancellationToken.None)), Is.EqualTo(expected));
        });

        static string Text(List<FoundImage> images) => string.Join('\n', images.Select(image =>
        {
            var source = image.Prepare(1, new LabelRule());
            var box = new VoxelBox(0, 0, 0, source.Extents.Depth, source.Extents.Height, source.Extents.Width);
            return $"{image.Name} {image.Objects.Count} {source.ReadImage(box).Data.Sum(v => (double)v)} {source.ReadLabels(box).Data.Sum()}";
        }));
    }

    /// <summary>Images of unequal sizes, with labels, as PNG.</summary>
    private List<DataItem> Pictures(int count)
    {
        var items = new List<DataItem>();
        for (var i = 0; i < count; i++)
        {
            var (image, labels) = SyntheticCells.Draw(5, i, 40 + 9 * (i % 3), 48);
            var (picture, truth) = (PathOf($"images/{i}.png"), PathOf($"labels/{i}.png"));
            DataSet.WriteImage(picture, image);
            Directory.CreateDirectory(Path.GetDirectoryName(truth)!);
            PngFile.WriteLabels(truth, labels);
            items.Add(new DataItem($"{i}", picture, truth, "raw", "label"));
        }

        return items;
    }

    private static TrainingItem[] Items(int count) =>
    [
        .. Enumerable.Range(0, count).Select(k =>
        {
            var (image, labels) = (new Volume<float>(1, 30, 41), new Volume<int>(1, 30, 41));
            GradientCheck.RandomValues(new Random(k), image.Data.Length).CopyTo(image.Data.AsSpan());
            labels.Data.AsSpan(41 * k, 200).Fill(k + 1);
            return new TrainingItem($"image {k}", image, labels);
        }),
    ];

    /// <summary>Runs an action on threads that begin together; what one of them throws is thrown.</summary>
    private static void Together(int count, Action<int> action)
    {
        using var start = new Barrier(count);
        var failures = new ConcurrentQueue<Exception>();
        Thread[] threads =
        [
            .. Enumerable.Range(0, count).Select(t => new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    action(t);
                }
#pragma warning disable CA1031 // Asserted below.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    failures.Enqueue(e);
                }
            })),
        ];
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        Assert.That(failures, Is.Empty);
    }

    /// <summary>How often this process holds a file open; on Linux, elsewhere 0.</summary>
    private static int OpenFiles(string path) => !OperatingSystem.IsLinux() ? 0
        : new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(handle => handle.LinkTarget == path);

    /// <summary>An image whose labels take a moment to read, or cannot be.</summary>
    private sealed class SlowSource(TrainingItem item) : IPatchSource
    {
        private int _reads;

        public bool Fails { get; init; }

        public int Reads => Volatile.Read(ref _reads);

        public string Name => item.Name;

        public PatchExtents Extents => item.Extents;

        public int Channels => item.Channels;

        public VoxelSize? VoxelSize => item.VoxelSize;

        public IReadOnlyList<LabelledObject> Objects => item.Objects;

        public bool ReadsBoxes => false;

        public Volume<float> ReadImage(VoxelBox box) => item.Image;

        public Volume<int> ReadLabels(VoxelBox box)
        {
            if (Interlocked.Increment(ref _reads) % 3 == 0)
                Thread.Sleep(1);
            return Fails ? throw new InputException($"{Name} is gone") : item.Labels;
        }
    }
}
