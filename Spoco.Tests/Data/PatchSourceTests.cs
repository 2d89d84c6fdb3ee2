using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;
using Spoco.Tests.Files;

namespace Spoco.Tests.Data;

/// <summary>Patches are the same bits whether their images are in memory or on disk.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PatchSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Volumes_on_disk_give_the_bits_of_volumes_in_memory([Values(2, 3)] int dimensions, [Values] bool augmented, [Values] bool sparse)
    {
        PublishedDataSets.Volume(_folder.File("data/train/a.h5"), 30, 41, 47, seed: 1);
        PublishedDataSets.Volume(_folder.File("data/train/b.h5"), 21, 50, 40, seed: 2);
        AssertSame(new TrainSettings
        {
            Source = new() { Data = _folder.File("data") },
            Network = new() { Dimensions = dimensions },
            Data = new() { Patch = dimensions == 3 ? [12, 16, 14] : [16, 14] },
            Labels = new() { Supervision = sparse ? Supervision.Sparse : Supervision.Full, InstanceRatio = sparse ? 0.3 : 1 },
            NoAugmentation = !augmented,
            Augmentation = new AugmentationOptions { RotationDegrees = 30, ElasticDeviation = 2, ElasticSpacing = 8 },
        });
    }

    [Test]
    public void A_part_of_a_volume_on_disk()
    {
        PublishedDataSets.Volume(_folder.File("a.h5"), 30, 41, 47, seed: 1);
        AssertSame(new TrainSettings
        {
            Source = new() { Data = _folder.File("a.h5") },
            Network = new() { Dimensions = 3 },
            Data = new() { Patch = [8, 9, 10] },
        });
    }

    [Test]
    public void Images_on_disk_give_the_bits_of_images_in_memory()
    {
        PublishedDataSets.Cvppp(_folder.Path);
        AssertSame(new TrainSettings
        {
            Source = new() { Data = _folder.Path },
            Data = new() { Patch = [40, 36] },
            Labels = new() { Supervision = Supervision.Sparse, InstanceRatio = 0.3, RatioOf = RatioOf.Set },
        });
    }

    /// <summary>Ignored voxels become 0, the background an object of its own; what was not selected is unlabelled.</summary>
    [Test]
    public void Labels_as_training_sees_them()
    {
        var labels = new Volume<int>([0, -1, 4, 4, 7, 0], 1, 1, 6);
        Assert.That(new LabelRule { Ignored = -1 }.Apply(labels).Data, Is.EqualTo(new[] { 0, 0, 4, 4, 7, 0 }));
        Assert.That(new LabelRule { Ignored = -1, NamesBackground = true }.Apply(labels).Data,
            Is.EqualTo(new[] { LabelRule.Background, 0, 4, 4, 7, LabelRule.Background }));
        Assert.That(new LabelRule { Ignored = -1, Kept = new HashSet<int> { 7 } }.Apply(labels).Data, Is.EqualTo(new[] { 0, 0, 0, 0, 7, 0 }));
        Assert.That(new LabelRule { Ignored = 7 }.Apply(new Volume<int>([7, 1], 1, 1, 2)).Data, Is.EqualTo(new[] { 0, 1 }));
        Assert.That(new LabelRule().Apply(labels), Is.SameAs(labels));
        Assert.That(new LabelRule { Ignored = -1, BackgroundLabel = 4, Kept = new HashSet<int> { 7 } }.Apply(labels).Data,
            Is.EqualTo(new[] { 0, 0, -1, -1, 7, 0 }), "certain background");
    }

    [Test]
    public void Pieces_of_labels_leave_the_numbers_that_are_no_objects_alone()
    {
        var reading = new ImageReading(new NormalisationOptions(), SplitLabels: true, Ignored: 1, BackgroundLabel: 3);
        Assert.That(reading.Labels(new Volume<int>([5, 0, 5, 1, 3, 5, 0, 3], 1, 1, 8)).Data, Is.EqualTo(new[] { 2, 0, 4, 1, 3, 5, 0, 3 }));
        Assert.That(ObjectIndex.Of(new Volume<int>([2, 0, 4, 1, 3, -1], 1, 1, 6), ignored: 1, background: 3).Select(o => o.Label), Is.EqualTo(new[] { 2, 4 }));
    }

    [Test]
    public void Objects_are_found_slab_by_slab([Values(1, 200, 100000)] int voxels)
    {
        var random = new Random(1);
        var labels = new Volume<int>([.. Enumerable.Range(0, 9 * 8 * 7).Select(_ => random.Next(-1, 9))], 9, 8, 7);
        var index = new ObjectIndex(-1);
        foreach (var slab in VoxelBox.Of(labels).Slabs(voxels))
            index.Add(labels.Crop(slab.Z, 0, 0, slab.Depth, 8, 7), slab);
        Assert.That(index.Objects, Is.EqualTo(ObjectIndex.Of(labels, -1)));
        foreach (var found in index.Objects)
        {
            Assert.That(labels[found.Z, found.Y, found.X], Is.EqualTo(found.Label));
            Assert.That(found.Voxels, Is.EqualTo(labels.Data.Count(l => l == found.Label)));
        }

        Assert.That(index.Objects.Select(o => o.Label), Is.EqualTo(Enumerable.Range(1, 8)));
    }

    [Test]
    public void What_was_read_lately_is_kept_up_to_a_size()
    {
        var cache = new DecodedImages(bytes: 3 * 8 * 10);
        var (reads, keys) = (0, Enumerable.Range(0, 4).Select(_ => new object()).ToArray());
        foreach (var i in new[] { 0, 1, 2, 0, 3, 0, 1 })
            cache.Get(keys[i], () => new TrainingItem($"{++reads}", new Volume<float>(1, 1, 10), new Volume<int>(1, 1, 10)));
        Assert.That(reads, Is.EqualTo(5), "the least recently used one made room");
    }

    private static void AssertSame(TrainSettings settings)
    {
        using var memory = TrainingData.Load(settings, long.MaxValue, CancellationToken.None);
        using var disk = TrainingData.Load(settings, 0, CancellationToken.None);
        Assert.That((memory.OnDisk, disk.OnDisk > 0), Is.EqualTo((0, true)));
        var (inMemory, onDisk) = (memory.Images, disk.Images);
        Assert.That(onDisk.Train.Select(i => (i.Name, i.Extents, i.Objects.Count)), Is.EqualTo(inMemory.Train.Select(i => (i.Name, i.Extents, i.Objects.Count))));
        Assert.That(onDisk.Train, Has.None.InstanceOf<TrainingItem>());
        Assert.That(onDisk.TypicalSizeFloor(null), Is.EqualTo(inMemory.TypicalSizeFloor(null)));
        foreach (var (a, b) in inMemory.Validation.Zip(onDisk.Validation))
            Assert.That((b.Name, b.Image.Data, b.Labels.Data), Is.EqualTo((a.Name, a.Image.Data, a.Labels.Data)));
        var samplers = new[] { inMemory, onDisk }.Select(data => new PatchSampler(data.Train, settings.PatchExtents, 2, settings.EffectiveAugmentation, 3)).ToArray();
        for (var i = 0; i < 12; i++)
        {
            var batches = samplers.Select(sampler =>
            {
                var batch = sampler.NewBatch();
                sampler.Fill(i, batch);
                return batch;
            }).ToArray();
            Assert.That(batches[1].Labels, Is.EqualTo(batches[0].Labels), $"iteration {i}");
            Assert.That(batches[1].ViewF, Is.EqualTo(batches[0].ViewF), $"iteration {i}");
            Assert.That(batches[1].ViewG, Is.EqualTo(batches[0].ViewG), $"iteration {i}");
        }
    }
}
