using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Data;

public sealed class PatchSamplerTests
{
    private static readonly PatchExtents Patch = new(1, 17, 13);

    /// <summary>Images of different sizes with one square object each, whose value is the label.</summary>
    private static TrainingItem[] Items(int count, int channels = 1) =>
    [
        .. Enumerable.Range(0, count).Select(k =>
        {
            var random = new RandomSource(k);
            var image = new Volume<float>(1, 30 + k, 41 - k, channels);
            var labels = new Volume<int>(1, 30 + k, 41 - k);
            foreach (ref var value in image.Data.AsSpan())
                value = (float)random.NextGaussian();
            for (var y = 0; y < 8; y++)
                for (var x = 0; x < 8; x++)
                    labels[0, y + k, x + k] = 100 + k;
            return new TrainingItem($"image {k}", image, labels);
        }),
    ];

    [Test]
    public void The_same_iteration_gives_the_same_bits_in_any_order()
    {
        var items = Items(5, channels: 3);
        var (first, second) = (new PatchSampler(items, Patch, 3, new(), seed: 7), new PatchSampler(items, Patch, 3, new(), seed: 7));
        var batches = Enumerable.Range(0, 8).Select(i => Filled(first, i)).ToArray();
        for (var i = 7; i >= 0; i--)
            AssertEqual(Filled(second, i), batches[i]);
        Assert.That(Filled(new PatchSampler(items, Patch, 3, new(), seed: 8), 0).ViewF, Is.Not.EqualTo(batches[0].ViewF));
        Assert.That(batches[1].ViewF, Is.Not.EqualTo(batches[0].ViewF));
    }

    [Test]
    public void Views_share_their_geometry_and_differ_in_intensity()
    {
        var items = Items(3);
        var options = new AugmentationOptions { BlurProbability = 0, NoiseProbability = 0, JitterProbability = 1 };
        var batch = Filled(new PatchSampler(items, Patch, 4, options, 1), 5);
        var order = Enumerable.Range(0, Patch.VoxelCount).OrderBy(i => batch.ViewF[i]).ToArray();
        // Jitter of grey values is monotonous: equal geometry means equal order.
        Assert.That(order.Zip(order.Skip(1)).All(p => batch.ViewG[p.First] <= batch.ViewG[p.Second] + 1e-5));
        Assert.That(batch.ViewG, Is.Not.EqualTo(batch.ViewF).Within(0.01f));
        var plain = Filled(new PatchSampler(items, Patch, 4, AugmentationOptions.None, 1), 5);
        Assert.That(plain.ViewG, Is.EqualTo(plain.ViewF));
    }

    [Test]
    public void Every_image_comes_once_per_epoch()
    {
        var sampler = new PatchSampler(Items(7), Patch, 3, AugmentationOptions.None, 2);
        var served = Enumerable.Range(0, 70).SelectMany(i => Enumerable.Range(0, 3).Select(n => sampler.ItemOf(i, n))).ToArray();
        var epochs = served.Chunk(7).ToArray();
        Assert.That(epochs, Is.All.Matches<int[]>(epoch => epoch!.Order().SequenceEqual(Enumerable.Range(0, 7))));
        Assert.That(epochs.Select(epoch => string.Join(' ', epoch)).Distinct().Count(), Is.GreaterThan(25));
    }

    [Test]
    public void Patches_reach_the_whole_image()
    {
        var image = new Volume<float>([.. Enumerable.Range(0, 25 * 25).Select(i => (float)i)], 1, 25, 25);
        var labels = new Volume<int>([.. Enumerable.Repeat(1, 625)], 1, 25, 25);
        var sampler = new PatchSampler([new TrainingItem("a", image, labels)], new PatchExtents(1, 8, 8), 4, AugmentationOptions.None with { Flips = FlipAxes.All }, 3);
        var seen = Enumerable.Range(0, 300).SelectMany(i => Filled(sampler, i).ViewF).ToHashSet();
        Assert.That(seen, Has.Count.EqualTo(625));
    }

    [Test]
    public void Every_patch_shows_an_object_where_there_is_one()
    {
        var labels = new Volume<int>(1, 200, 200);
        for (var i = 0; i < 9; i++)
            labels[0, 190 + i / 3, 3 + i % 3] = 77;
        var sampler = new PatchSampler([new TrainingItem("a", new Volume<float>(1, 200, 200), labels)], Patch, 2, new(), 4);
        for (var i = 0; i < 50; i++)
            Assert.That(Filled(sampler, i).Labels.Chunk(Patch.VoxelCount), Is.All.Matches<int[]>(patch => patch!.Max() == 1), $"iteration {i}");
    }

    [Test]
    public void A_part_of_the_patches_lies_anywhere([Values(0.25, 0.4, 1)] double free)
    {
        var labels = new Volume<int>(1, 200, 200);
        labels[0, 150, 150] = 7;
        var sampler = new PatchSampler([new TrainingItem("a", new Volume<float>(1, 200, 200), labels)], Patch, 2, AugmentationOptions.None, 4, free);
        var shown = Enumerable.Range(0, 200).SelectMany(i => Filled(sampler, i).Labels.Chunk(Patch.VoxelCount)).Select(patch => patch.Max() == 1).ToArray();
        // One pixel is seen by chance in a hundredth of them.
        Assert.That(shown.Count(seen => !seen), Is.EqualTo(free * shown.Length).Within(0.02 * shown.Length));
        Assert.That(shown.Chunk(20).Select(part => part.Count(seen => !seen)), Is.All.EqualTo(free * 20).Within(2), "evenly");
    }

    [Test]
    public void An_image_without_objects_gives_empty_patches()
    {
        TrainingItem item = new("a", new Volume<float>(1, 20, 20), new Volume<int>(1, 20, 20));
        Assert.That(Filled(new PatchSampler([item], Patch, 2, new(), 4), 0).Labels, Is.All.Zero);
    }

    [Test]
    public void Labels_are_renumbered_from_1_and_0_stays()
    {
        var labels = new Volume<int>([0, 9, 9, 0, 4, 9, 70, 70, 4], 1, 3, 3);
        TrainingItem item = new("a", new Volume<float>(1, 3, 3), labels);
        var batch = Filled(new PatchSampler([item], new PatchExtents(1, 3, 3), 1, AugmentationOptions.None, 0), 0);
        Assert.That(batch.Labels, Is.EqualTo(new[] { 0, 1, 1, 0, 2, 1, 3, 3, 2 }));
    }

    [Test]
    public void Volumes_work_alike()
    {
        var labels = new Volume<int>(9, 14, 15);
        Array.Fill(labels.Data, 3, 500, 900);
        var image = new Volume<float>([.. labels.Data.Select(v => (float)v)], 9, 14, 15) { VoxelSize = new VoxelSize(1, 1, 1) };
        var options = AugmentationOptions.None with { Flips = FlipAxes.All, QuarterTurns = true };
        var patch = new PatchExtents(7, 8, 6);
        var sampler = new PatchSampler([new TrainingItem("a", image, labels)], patch, 2, options, 0);
        for (var i = 0; i < 20; i++)
        {
            var batch = Filled(sampler, i);
            Assert.That(batch.ViewF, Is.EqualTo(batch.Labels.Select(v => 3f * v)), $"iteration {i}");
        }
    }

    [Test]
    public void Images_that_cannot_be_used_are_refused_in_one_line()
    {
        var (image, labels) = (new Volume<float>(1, 256, 256), new Volume<int>(1, 256, 256));
        Assert.That(() => new PatchSampler([new TrainingItem("cell.png", image, labels)], new PatchExtents(1, 512, 512), 1, new(), 0),
            Throws.TypeOf<InputException>().With.Message.EqualTo("patch 512x512 is larger than image cell.png (256x256)"));
        Assert.That(() => new PatchSampler([new TrainingItem("a", image, new Volume<int>(1, 256, 255))], Patch, 1, new(), 0), Throws.TypeOf<InputException>());
        Assert.That(() => new PatchSampler([new TrainingItem("a", image, labels), new TrainingItem("b", new Volume<float>(1, 256, 256, 3), labels)], Patch, 1, new(), 0),
            Throws.TypeOf<InputException>());
        Assert.That(() => new PatchSampler([], Patch, 1, new(), 0), Throws.TypeOf<InputException>());
    }

    [Test]
    public void Prefetched_batches_equal_those_drawn_directly([Values(1, 3)] int threads, [Values(2, 4)] int buffers)
    {
        var items = Items(4);
        var direct = new PatchSampler(items, Patch, 3, new(), 9);
        using var prefetcher = new BatchPrefetcher(() => new PatchSampler(items, Patch, 3, new(), 9), 5, 25, threads, buffers);
        for (var i = 5; i < 25; i++)
        {
            // Now and then the trainer is the slow one.
            if (i % 7 == 0)
                Thread.Sleep(20);
            var batch = prefetcher.Take();
            Assert.That(batch.Iteration, Is.EqualTo(i));
            AssertEqual(batch, Filled(direct, i));
        }

        Assert.That(() => prefetcher.Take(), Throws.InvalidOperationException);
    }

    [Test]
    public void A_failure_reaches_the_trainer_after_the_good_batches()
    {
        void Fill(long iteration, TrainingBatch batch)
        {
            if (iteration == 2)
                throw new InputException("broken");
        }

        using var prefetcher = new BatchPrefetcher(Fill, NewBatch, 0, 10);
        prefetcher.Take();
        prefetcher.Take();
        Assert.That(() => prefetcher.Take(), Throws.TypeOf<InputException>().With.Message.EqualTo("broken"));
        Assert.That(() => prefetcher.Take(), Throws.TypeOf<InputException>());
    }

    [Test]
    public void What_is_ready_is_taken_without_waiting()
    {
        using var gate = new ManualResetEventSlim();
        using var prefetcher = new BatchPrefetcher((iteration, batch) =>
        {
            gate.Wait();
            batch.Iteration = iteration;
        }, NewBatch, 0, 3);
        Assert.That(prefetcher.TryTake(), Is.Null);
        gate.Set();
        Assert.That(prefetcher.Take().Iteration, Is.Zero);
        Assert.That(() => prefetcher.TryTake()?.Iteration, Is.EqualTo(1).After(10000, 1));
        Assert.That(prefetcher.Take().Iteration, Is.EqualTo(2));
        Assert.That(prefetcher.TryTake(), Is.Null, "there are no more");
    }

    [Test]
    public void Waiting_can_be_cancelled_and_disposing_ends_the_thread()
    {
        using var gate = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
        var prefetcher = new BatchPrefetcher((_, _) => gate.Wait(), NewBatch, 0, 10);
        Assert.That(() => prefetcher.Take(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        gate.Set();
        prefetcher.Dispose();
    }

    private static TrainingBatch NewBatch() => new(new TensorShape(1, 1, 17, 13, 1));

    private static TrainingBatch Filled(PatchSampler sampler, long iteration)
    {
        var batch = sampler.NewBatch();
        sampler.Fill(iteration, batch);
        return batch;
    }

    private static void AssertEqual(TrainingBatch actual, TrainingBatch expected)
    {
        Assert.That(actual.ViewF, Is.EqualTo(expected.ViewF));
        Assert.That(actual.ViewG, Is.EqualTo(expected.ViewG));
        Assert.That(actual.Labels, Is.EqualTo(expected.Labels));
    }
}
