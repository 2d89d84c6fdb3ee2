using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Tests.Clustering;

/// <summary>What all clusterings have in common: masks, edge cases, numbering, and what <see cref="InstanceSegmentation"/> does with their segments.</summary>
public sealed class ClusteringsTests
{
    private static readonly Dictionary<string, IClustering> All = new IClustering[]
    {
        new MutexWatershedClustering(), new HdbscanClustering(new HdbscanOptions { MinClusterSize = 5, SelectionEpsilon = 0.5 }), new MeanShiftClustering(), new MeanShiftPlusClustering(), new ConsistencyClustering(),
    }.ToDictionary(clustering => clustering.Name);

    private static IEnumerable<string> Names => All.Keys;

    [Test]
    public void The_names_are_those_of_the_command_line() => Assert.That(Names, Is.EqualTo(new[] { "mws", "hdbscan", "mean-shift", "ms+", "consistency" }));

    [Test]
    public void Objects_of_an_image_and_of_a_volume(
        [ValueSource(nameof(Names))] string name, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device, [Values(1, 3)] int depth, [Values(1, 2, 5, 64)] int dimensions)
    {
        var scene = Scene(depth, dimensions);
        var labels = All[name].Cluster(scene, null, TestDevices.Open(device));
        Assert.That(labels.Data, Is.EqualTo(Numbered(scene, null)));
        Assert.That(labels.VoxelSize, Is.EqualTo(scene.Embeddings.VoxelSize));
    }

    [Test]
    public void Only_what_is_within_the_mask_is_divided(
        [ValueSource(nameof(Names))] string name, [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string device, [Values(1, 3)] int depth)
    {
        var scene = Scene(depth, 3);
        var mask = new Volume<byte>([.. Enumerable.Range(0, scene.Embeddings.VoxelCount).Select(i => i % 20 is >= 1 and < 17 ? (byte)1 : (byte)0)], depth, 10, 20);

        // What the mask leaves out is not looked at, but for the embeddings of g.
        for (var i = 0; i < mask.Data.Length; i++)
            if (mask.Data[i] == 0 && name is not ("consistency" or "mws"))
                scene.Embeddings.Data[3 * i] = float.NaN;
        Assert.That(All[name].Cluster(scene, mask, TestDevices.Open(device)).Data, Is.EqualTo(Numbered(Scene(depth, 3), mask)));
    }

    [Test]
    public void Nothing_in_the_mask_and_one_pixel([ValueSource(nameof(Names))] string name)
    {
        var (scene, mask) = (Scene(1, 3), new Volume<byte>(1, 10, 20));
        Assert.That(All[name].Cluster(scene, mask).Data, Has.All.Zero);
        mask.Data[57] = 1;
        var labels = All[name].Cluster(scene, mask).Data;
        Assert.That(labels.Where((_, i) => i != 57), Has.All.Zero);
        Assert.That(labels[57], Is.EqualTo(name == "hdbscan" || name == "consistency" ? 0 : 1), "a pixel is no dense region, and no object that a ball of g equals");
        var pixel = new Volume<float>(1, 1, 1, 3);
        Assert.That(All[name].Cluster(new Prediction(pixel, pixel, null)).Data, Is.EqualTo(new[] { name == "hdbscan" ? 0 : 1 }));
    }

    [Test]
    public void Embeddings_that_are_all_the_same_are_one_segment([ValueSource(nameof(Names))] string name)
    {
        var same = new Volume<float>(1, 12, 13, 4);
        same.Data.AsSpan().Fill(0.25f);
        var labels = All[name].Cluster(new Prediction(same, same, null)).Data;
        Assert.That(labels.Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public void A_value_that_is_no_number_is_said_in_a_line([ValueSource(nameof(Names))] string name, [Values(float.NaN, float.PositiveInfinity)] float value)
    {
        var scene = Scene(1, 3);
        scene.Embeddings.Data[3 * 31 + 1] = value;
        var refused = Assert.Throws<ArgumentException>(() => All[name].Cluster(scene));
        Assert.That(refused!.Message, Does.Contain("finite").And.Contain("voxel 31").And.Not.Contain("\n"));
    }

    [Test]
    public void A_mask_of_another_size_is_refused([ValueSource(nameof(Names))] string name) =>
        Assert.That(() => All[name].Cluster(Scene(1, 3), new Volume<byte>(1, 10, 19)), Throws.ArgumentException.With.Message.Contains("10x19"));

    [Test]
    public void More_dimensions_than_points_may_have_are_refused([Values("hdbscan", "mean-shift", "ms+", "consistency")] string name) =>
        Assert.That(() => All[name].Cluster(Scene(1, 65)), Throws.ArgumentException.With.Message.Contains("64"));

    [Test]
    public void A_cluster_larger_than_the_image_is_all_noise() => Assert.That(
        new HdbscanClustering(new HdbscanOptions { MinClusterSize = 1000 }).Cluster(Scene(1, 3)).Data, Has.All.Zero);

    [Test]
    public void Cancelled_is_cancelled([ValueSource(nameof(Names))] string name) =>
        Assert.That(() => All[name].Cluster(Scene(3, 3), cancellation: new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());

    /// <summary>Floor, joining, filling and the largest: the same for all, whatever has made the segments.</summary>
    [Test]
    public void What_becomes_of_segments_does_not_depend_on_who_made_them([ValueSource(nameof(Names))] string name)
    {
        var scene = Scene(1, 3);
        var options = new InstanceSegmentationOptions { Clustering = All[name] };
        Assert.That(InstanceSegmentation.Segment(scene, null, options).Data, Is.EqualTo(Numbered(scene, null)));

        // The objects have 50 pixels, the ground 100.
        Assert.That(InstanceSegmentation.Segment(scene, null, options with { RemoveLargest = true }).Data.Max(), Is.EqualTo(2));
        Assert.That(InstanceSegmentation.Segment(scene, null, options with { SizeFloor = 60, MergeFragments = false }).Data.Count(l => l > 0), Is.EqualTo(100));
        Assert.That(InstanceSegmentation.Segment(scene, null, options with { MergeDistance = 100 }).Data, Has.All.EqualTo(1));
        Assert.That(InstanceSegmentation.Segment(scene, null, options with { SizeFloor = 60, MergeFragments = false, Fill = true }).Data, Has.All.EqualTo(1));
        var filled = InstanceSegmentation.Segment(scene, null, options with { SizeFloor = 60, MergeFragments = false, Fill = true, RemoveLargest = true });
        Assert.That(filled.Data, Has.All.Zero);
    }

    [Test]
    public void A_clustering_of_ones_own_takes_part()
    {
        var scene = Scene(1, 3);
        var labels = InstanceSegmentation.Segment(scene, null, new InstanceSegmentationOptions { Clustering = new Halves(), SizeFloor = 90 });
        Assert.That(labels.Data, Is.EqualTo(Enumerable.Range(0, 200).Select(i => i % 20 < 10 ? 1 : 2)));
    }

    /// <summary>As the Mutex Watershed: objects are told apart in their cores, and grow.</summary>
    [Test]
    public void A_learned_foreground_goes_with_all([ValueSource(nameof(Names))] string name)
    {
        var scene = Scene(1, 3);
        var probability = new Volume<float>([.. Enumerable.Range(0, 200).Select(i => i % 20 < 10 ? 0.9f : i % 20 < 12 ? 0.6f : 0)], 1, 10, 20);
        var labels = InstanceSegmentation.SegmentLearned(scene with { Foreground = probability }, 0.5, new InstanceSegmentationOptions { Clustering = All[name] });
        var reference = InstanceSegmentation.SegmentLearned(scene with { Foreground = probability }, 0.5);
        Assert.That(labels.Data, Is.EqualTo(reference.Data));
        Assert.That(labels.Data.Count(label => label == 2), Is.EqualTo(70), "with two columns more");
    }

    [Test]
    public void Part_by_part_there_is_the_mutex_watershed_alone()
    {
        using var model = new SpocoModel(TestDevices.Open("cpu"), new SpocoModelOptions { Network = new() { FeatureMaps = [4, 8] } }, trained: false);
        foreach (var (options, what) in new[] { (new InstanceSegmentationOptions { Clustering = new HdbscanClustering() }, "hdbscan"), (new InstanceSegmentationOptions { Fill = true }, "filling") })
            Assert.That(() => TiledSegmentation.Segment(model, new VolumeReader<float>(new Volume<float>(1, 32, 32)), new BlockwiseOptions { Folder = "none", Memory = 1 << 30 }, options),
                Throws.ArgumentException.With.Message.Contains($"{what} needs the whole image"));
    }

    private sealed class Halves : IClustering
    {
        public string Name => "halves";

        public Volume<int> Cluster(
            Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default) =>
            new([.. Enumerable.Range(0, prediction.Embeddings.VoxelCount).Select(i => i % 20 < 10 ? 1 : 2)], 1, 10, 20);
    }

    /// <summary>Columns 0 to 4 and 5 to 9 are an object each, the rest is ground: 5 apart in embedding space, with a little noise; the same in f and g.</summary>
    private static Prediction Scene(int depth, int dimensions)
    {
        var random = new Random(1);
        var embeddings = new Volume<float>(depth, 10, 20, dimensions) { VoxelSize = new VoxelSize(2, 1, 1) };
        for (var i = 0; i < embeddings.Data.Length; i++)
            embeddings.Data[i] = (i % dimensions == 0 ? 5 * Object(i / dimensions) : 0) + 0.02f * random.NextSingle();
        var momentum = new Volume<float>((float[])embeddings.Data.Clone(), depth, 10, 20, dimensions);
        return new Prediction(embeddings, momentum, null);
    }

    private static int Object(int voxel) => voxel % 20 < 5 ? 1 : voxel % 20 < 10 ? 2 : 3;

    private static int[] Numbered(Prediction scene, Volume<byte>? mask) => Relabel.Compact(new Volume<int>(
        [.. Enumerable.Range(0, scene.Embeddings.VoxelCount).Select(i => mask?.Data[i] == 0 ? 0 : Object(i))],
        scene.Embeddings.Depth, scene.Embeddings.Height, scene.Embeddings.Width)).Labels.Data;
}
