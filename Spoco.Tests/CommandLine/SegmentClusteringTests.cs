using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Clustering;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco segment --clustering</c>: from images and from embeddings, with every clustering, and what does not go.</summary>
public sealed class SegmentClusteringTests : FolderTests
{
    private static readonly string[] Names = ["mws", "hdbscan", "mean-shift", "ms+", "consistency"];

    /// <summary>Two objects and the ground, far apart.</summary>
    [Test]
    public void Stored_embeddings_are_divided_by_each([ValueSource(nameof(Names))] string name)
    {
        var (model, embeddings) = (Model(foreground: false), WriteEmbeddings("e.h5", withMomentum: true));
        string[] options = name == "hdbscan" ? ["--min-size", "30"] : [];
        Segment(model, ["--embeddings", embeddings, "--out", PathOf("labels.h5"), "--clustering", name, .. options]).AssertSuccess();
        var labels = InputFile.ReadLabels(PathOf("labels.h5"));
        var expected = Engine(name, minSize: 30).Cluster(EmbeddingFile.Read(embeddings, 3, withMomentum: true));
        Assert.That(labels.Data, Is.EqualTo(expected.Data));
        Assert.That((labels.Data[0], labels.Data[15], labels.Data[30]), Is.EqualTo((1, labels.Data[15], labels.Data[30])));
        Assert.That(new[] { labels.Data[0], labels.Data[15], labels.Data[30] }, Is.Unique.And.All.Positive);
    }

    [Test]
    public void Noise_is_filled_and_the_largest_and_the_small_are_dropped()
    {
        var (model, embeddings) = (Model(foreground: false), WriteEmbeddings("e.h5", withMomentum: false));
        string[] command = ["--embeddings", embeddings, "--out", PathOf("labels.h5"), "--clustering", "hdbscan", "--min-size", "30"];
        Segment(model, command).AssertSuccess();
        Assert.That(InputFile.ReadLabels(PathOf("labels.h5")).Data.Count(label => label == 0), Is.InRange(1, 20), "what is odd is noise");

        Segment(model, [.. command, "--fill"]).AssertSuccess();
        var filled = InputFile.ReadLabels(PathOf("labels.h5"));
        Assert.That(filled.Data, Has.All.Positive);
        Assert.That(filled.Data.Distinct().Count(), Is.EqualTo(3));

        Segment(model, [.. command, "--fill", "--remove-largest"]).AssertSuccess();
        Assert.That(InputFile.ReadLabels(PathOf("labels.h5")).Data.Distinct().Order(), Is.EqualTo(new[] { 0, 1, 2 }));
        Segment(model, [.. command, "--size-floor", "400", "--remove-fragments"]).AssertSuccess();
        Assert.That(InputFile.ReadLabels(PathOf("labels.h5")).Data.Distinct().Order(), Is.EqualTo(new[] { 0, 1, 2 }), "the first object has at most 370 pixels");
    }

    /// <summary>The program says what the library says, for a model without a foreground and for one with.</summary>
    [Test]
    public void Images_are_divided_by_each([ValueSource(nameof(Names))] string name, [Values] bool foreground)
    {
        var (model, image) = (Model(foreground), Image());
        string[] options = name == "hdbscan" ? ["--min-size", "12"] : [];
        var run = Segment(model, ["--input", image, "--out", PathOf("labels.h5"), "--clustering", name, .. options]).AssertSuccess();
        Assert.That(run.Error, name == "mws" ? Does.Not.Contain("clustering:") : Does.Contain($"clustering: {name} ("));

        using var device = ComputeDevice.Open("cpu");
        using var net = Checkpoint.Load(model, device);
        var expected = net.Segment(InputFile.ReadImage(image, "raw"), options: net.Options.Segmentation with { Clustering = Engine(name, minSize: 12, net.Options) });
        Assert.That(InputFile.ReadLabels(PathOf("labels.h5")).Data, Is.EqualTo(expected.Data));
    }

    [Test]
    public void Consistency_needs_the_embeddings_of_g()
    {
        var model = Model(foreground: false);
        Segment(model, "--embeddings", WriteEmbeddings("e.h5", withMomentum: false), "--out", PathOf("labels.h5"), "--clustering", "consistency").AssertBadInput("e.h5", "embeddings_g", "--with-g");
        CommandLineRun.Of("predict", "--model", model, "--input", Image(), "--out", PathOf("p"), "--with-g", "--device", "cpu").AssertSuccess();
        Segment(model, "--embeddings", PathOf("p/image.h5"), "--out", PathOf("labels.h5"), "--clustering", "consistency").AssertSuccess();
        var stored = InputFile.ReadLabels(PathOf("labels.h5"));
        Segment(model, "--input", Image(), "--out", PathOf("labels.h5"), "--clustering", "consistency").AssertSuccess();
        Assert.That(InputFile.ReadLabels(PathOf("labels.h5")).Data, Is.EqualTo(stored.Data));

        DataSet.Write(PathOf("data"));
        CommandLineRun.Of("train", "--data", PathOf("data"), "--out", PathOf("shared"), "--patch", "32,32", "--maps", "4,8", "--embedding", "3", "--iterations", "1", "--g-network", "shared",
            "--device", "cpu").AssertSuccess();
        Segment(PathOf("shared"), "--input", Image(), "--out", PathOf("labels.h5"), "--clustering", "consistency").AssertBadInput("--clustering", "which with --g-network shared are one");
    }

    [Test]
    public void Embeddings_of_more_dimensions_than_points_may_have_are_refused_before_they_are_computed([ValueSource(nameof(Names))] string name)
    {
        using (var device = ComputeDevice.Open("cpu"))
        using (var model = new SpocoModel(device, new SpocoModelOptions { Network = new UNetOptions { FeatureMaps = [4, 8] }, EmbeddingDimensions = 65 }))
        {
            model.Initialise(1);
            Checkpoint.Save(PathOf("65.safetensors"), model);
        }

        var run = Segment(PathOf("65.safetensors"), "--input", Image(), "--out", PathOf("labels.h5"), "--clustering", name);
        if (name == "mws")
            run.AssertSuccess();
        else
            run.AssertBadInput("--clustering", $"{name} takes embeddings of at most 64 dimensions", "65");
    }

    [Test]
    public void The_anchors_are_those_of_the_seed()
    {
        var (model, embeddings) = (Model(foreground: false), WriteEmbeddings("e.h5", withMomentum: true));
        var run = Segment(model, "--embeddings", embeddings, "--out", PathOf("labels.h5"), "--clustering", "consistency", "--anchors", "3", "--anchor-seed", "5", "--iou", "0.25", "--bandwidth", "0.75");
        Assert.That(run.AssertSuccess().Error, Does.Contain("clustering: consistency (bandwidth 0.75, IoU 0.25, 3 anchors, seed 5)"));
    }

    [TestCase("--min-size", "20")]
    [TestCase("--min-samples", "20", "--clustering", "mean-shift")]
    [TestCase("--selection-epsilon", "0.5", "--clustering", "ms+")]
    [TestCase("--leaf", "--clustering", "consistency")]
    [TestCase("--bandwidth", "0.5", "--clustering", "hdbscan")]
    [TestCase("--bandwidth", "0.5")]
    [TestCase("--iou", "0.5", "--clustering", "mean-shift")]
    [TestCase("--anchors", "5", "--clustering", "ms+")]
    [TestCase("--anchor-seed", "5", "--clustering", "hdbscan")]
    public void Options_of_another_clustering_are_refused(params string[] options) =>
        Segment(Model(foreground: false), ["--input", Image(), "--out", PathOf("out"), .. options]).AssertBadInput(
            options[0], "belongs to --clustering", $"not to {(options.Contains("--clustering") ? options[^1] : "mws")}");

    [TestCase("--min-size", "1", "hdbscan")]
    [TestCase("--min-samples", "0", "hdbscan")]
    [TestCase("--selection-epsilon", "-0.1", "hdbscan")]
    [TestCase("--bandwidth", "0", "mean-shift")]
    [TestCase("--iou", "1.5", "consistency")]
    [TestCase("--anchors", "0", "consistency")]
    [TestCase("--anchors", "10001", "consistency")]
    [TestCase("--orientations", "2", "hdbscan")]
    public void Impossible_numbers_are_one_line(string option, string value, string clustering)
    {
        Segment(Model(foreground: false), "--input", Image(), "--out", PathOf("out"), "--clustering", clustering, option, value).AssertBadInput(option);
        Assert.That(Directory.Exists(PathOf("out")), Is.False);
    }

    [Test]
    public void A_clustering_that_there_is_not_is_one_line() =>
        Segment(Model(foreground: false), "--input", Image(), "--out", PathOf("out"), "--clustering", "k-means").AssertBadInput("k-means");

    [Test]
    public void What_goes_part_by_part_or_by_affinities_is_the_mutex_watershed_alone()
    {
        var (model, embeddings) = (Model(foreground: false), WriteEmbeddings("e.h5", withMomentum: true));
        foreach (var option in new[] { new[] { "--clustering", "hdbscan" }, ["--fill"] })
        {
            CommandLineRun.Of(["segment", "--embeddings", embeddings, "--memory", "1GiB", "--out", PathOf("labels.h5"), .. option]).AssertBadInput(option[0], "whole image", "leave out --memory");
            CommandLineRun.Of(["segment", "--affinities", embeddings, "--out", PathOf("labels.h5"), .. option]).AssertBadInput(option[0], "does not go with --affinities");
        }

        TiffFile.WriteLabels(PathOf("large.tif"), new Volume<int>(1, 900, 800));
        Segment(model, "--input", PathOf("large.tif"), "--memory", "150MiB", "--out", PathOf("labels.h5"), "--clustering", "hdbscan").AssertBadInput("large.tif", "at once needs about", "mws alone");
        Segment(model, "--input", PathOf("large.tif"), "--memory", "150MiB", "--out", PathOf("labels.h5"), "--fill").AssertBadInput("large.tif", "--fill");
    }

    [Test]
    public void A_value_that_is_no_number_is_one_line()
    {
        var prediction = Scene(withMomentum: true);
        prediction.Embeddings.Data[100] = float.NaN;
        EmbeddingFile.Write(PathOf("nan.h5"), prediction);
        Segment(Model(foreground: false), "--embeddings", PathOf("nan.h5"), "--out", PathOf("labels.h5"), "--clustering", "hdbscan").AssertBadInput("nan.h5", "NaN", "x 33");
    }

    private static CommandLineRun Segment(string model, params string[] options) => CommandLineRun.Of(["segment", "--model", model, "--device", "cpu", .. options]);

    private static IClustering Engine(string name, int minSize, SpocoModelOptions? model = null)
    {
        var (pull, push) = (model?.PullMargin ?? 0.5, model?.PushMargin ?? 2);
        var shift = new MeanShiftOptions { Bandwidth = pull };
        return name switch
        {
            "mws" => new MutexWatershedClustering(new MutexWatershedOptions { PushMargin = (float)push }),
            "hdbscan" => new HdbscanClustering(new HdbscanOptions { MinClusterSize = minSize, SelectionEpsilon = pull }),
            "mean-shift" => new MeanShiftClustering(shift),
            "ms+" => new MeanShiftPlusClustering(shift, push),
            _ => new ConsistencyClustering(new ConsistencyOptions { MeanShift = shift }),
        };
    }

    private string Model(bool foreground)
    {
        var path = PathOf($"model{foreground}.safetensors");
        using var device = ComputeDevice.Open("cpu");
        using var model = new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { FeatureMaps = [4, 8] }, EmbeddingDimensions = 3, Foreground = foreground, PullMargin = foreground ? 0.05 : 0.5, PushMargin = foreground ? 0.2 : 2,
        });
        model.Initialise(1);
        Checkpoint.Save(path, model);
        return path;
    }

    private string Image()
    {
        var random = new Random(1);
        TiffFile.WriteLabels(PathOf("image.tif"), new Volume<int>([.. Enumerable.Range(0, 24 * 30).Select(i => (i % 30 < 12 ? 100 : i % 30 < 20 ? 200 : 0) + random.Next(40))], 1, 24, 30));
        return PathOf("image.tif");
    }

    private string WriteEmbeddings(string name, bool withMomentum)
    {
        EmbeddingFile.Write(PathOf(name), Scene(withMomentum));
        return PathOf(name);
    }

    /// <summary>Columns 0 to 8 and 9 to 19 of 40 rows are objects, 20 to 39 the ground; in every fourth row columns 8 and 9 are odd.</summary>
    private static Prediction Scene(bool withMomentum)
    {
        var random = new Random(2);
        var embeddings = new Volume<float>(1, 40, 40, 3);
        for (var i = 0; i < embeddings.VoxelCount; i++)
        {
            var (column, isOdd) = (i % 40, i % 40 is 8 or 9 && i / 40 % 4 == 0);
            embeddings.Data[3 * i] = (isOdd ? 2 + 6 * random.NextSingle() : column < 9 ? 0 : column < 20 ? 10 : 20) + 0.05f * random.NextSingle();
            embeddings.Data[3 * i + 1] = (isOdd ? 9 : 0.05f) * random.NextSingle();
        }

        return new Prediction(embeddings, withMomentum ? embeddings : null, null);
    }
}
