using System.Text.Json;
using PureHDF;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Scores;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.CommandLine;

/// <summary>Train, predict, segment, evaluate, as a user would.</summary>
public sealed class WholePathTests : FolderTests
{
    [Test]
    public void From_images_to_scores()
    {
        var data = DataSet.Write(Path.Combine(Folder, "data"));
        var (model, result, embeddings) = (Path.Combine(Folder, "model"), Path.Combine(Folder, "result"), Path.Combine(Folder, "embeddings"));
        Train(data, model, 6).AssertSuccess();
        Assert.That(Directory.GetFiles(model).Select(Path.GetFileName), Is.EquivalentTo(new[] { "best.safetensors", "data.csv", "last.safetensors", "log.csv" }));
        Assert.That(File.ReadAllLines(Path.Combine(model, "log.csv")), Has.Length.EqualTo(7));

        var images = Path.Combine(data, "val", "images");
        CommandLineRun.Of("segment", "--model", model, "--input", images, "--out", result, "--device", "cpu").AssertSuccess();
        var labels = InputFile.ReadLabels(Path.Combine(result, "cell0.png"));
        Assert.That((labels.Height, labels.Width), Is.EqualTo((64, 64)));
        Assert.That(File.Exists(Path.Combine(result, "cell0_overlay.png")));

        var json = Path.Combine(Folder, "scores.json");
        CommandLineRun.Of("evaluate", "--prediction", result, "--labels", Path.Combine(data, "val", "labels"), "--json", json).AssertSuccess();
        using var scores = JsonDocument.Parse(File.ReadAllText(json));
        Assert.That(scores.RootElement.GetProperty("images").GetArrayLength(), Is.EqualTo(1));
        var table = ContingencyTable.Of(InputFile.ReadLabels(Path.Combine(data, "val", "labels", "cell0.png")), labels);
        Assert.That(scores.RootElement.GetProperty("mean").GetProperty("symmetric_best_dice").GetDouble(), Is.EqualTo(SymmetricBestDice.Of(table)).Within(1e-12));

        CommandLineRun.Of("predict", "--model", model, "--input", images, "--out", embeddings, "--device", "cpu").AssertSuccess();
        Assert.That(Hdf5File.Has(Path.Combine(embeddings, "cell0.h5"), "embeddings_g"), Is.False, "nobody has asked for g");
        var again = Path.Combine(Folder, "again.png");
        CommandLineRun.Of("segment", "--model", model, "--embeddings", Path.Combine(embeddings, "cell0.h5"), "--out", again, "--device", "cpu").AssertSuccess();
        Assert.That(InputFile.ReadLabels(again).Data, Is.EqualTo(labels.Data), "segmenting stored embeddings is segmenting the image");
    }

    [Test]
    public void Affinities_are_segmented_without_a_model()
    {
        var random = new Random(5);
        var (file, labels) = (Path.Combine(Folder, "a.h5"), Path.Combine(Folder, "labels.h5"));
        var weights = new Volume<float>(1, 11, 13, 4);
        for (var i = 0; i < weights.Data.Length; i++)
            weights.Data[i] = random.NextSingle();
        Hdf5File.WriteEmbeddings(file, weights, "affinities");
        CommandLineRun.Of("segment", "--affinities", file, "--offsets", "0,-1;-1,0;0,-3;-3,0", "--out", labels, "--device", "cpu").AssertSuccess();

        var planes = new float[weights.Data.Length];
        for (var i = 0; i < planes.Length; i++)
            planes[i % 4 * weights.VoxelCount + i / 4] = weights.Data[i];
        var options = new MutexWatershedOptions { Offsets = [new(0, 0, -1), new(0, -1, 0), new(0, 0, -3), new(0, -3, 0)] };
        Assert.That(InputFile.ReadLabels(labels).Data, Is.EqualTo(SequentialMutexWatershed.FromAffinities(planes, 1, 11, 13, options)));

        var (plain, elsewhere) = (Path.Combine(Folder, "plain.h5"), Path.Combine(Folder, "new", "plain.h5"));
        new H5File { ["affinities"] = new H5Dataset(planes, fileDims: [4, 11, 13]) }.Write(plain);
        CommandLineRun.Of("segment", "--affinities", plain, "--offsets", "0,-1;-1,0;0,-3;-3,0", "--out", elsewhere, "--device", "cpu").AssertSuccess();
        Assert.That(InputFile.ReadLabels(elsewhere).Data, Is.EqualTo(InputFile.ReadLabels(labels).Data), "[C,Y,X] as other programs write it, into a new folder");

        CommandLineRun.Of("segment", "--affinities", file, "--out", labels).AssertBadInput("4 channels of affinities for 8 offsets");
        CommandLineRun.Of("segment", "--affinities", file, "--offsets", "0,-1;x", "--out", labels).AssertBadInput("--offsets", "'x'");
        CommandLineRun.Of("segment", "--affinities", file, "--model", "m", "--out", labels).AssertBadInput("--model", "--affinities");
        CommandLineRun.Of("segment", "--affinities", Path.Combine(Folder, "none.h5"), "--out", labels).AssertBadInput("none.h5");
        weights.Data[7] = float.NaN;
        var damaged = Path.Combine(Folder, "nan.h5");
        Hdf5File.WriteEmbeddings(damaged, weights, "affinities");
        CommandLineRun.Of("segment", "--affinities", damaged, "--offsets", "0,-1;-1,0;0,-3;-3,0", "--out", labels).AssertBadInput("nan.h5");
    }

    [Test]
    public void Perfect_segmentations_score_one()
    {
        var data = DataSet.Write(Path.Combine(Folder, "data"));
        var truth = Path.Combine(data, "val", "labels");
        var json = Path.Combine(Folder, "scores.json");
        var run = CommandLineRun.Of("evaluate", "--prediction", truth, "--labels", truth, "--json", json).AssertSuccess();
        using var scores = JsonDocument.Parse(File.ReadAllText(json));
        var mean = scores.RootElement.GetProperty("mean");
        Assert.That(mean.GetProperty("symmetric_best_dice").GetDouble(), Is.EqualTo(1));
        Assert.That(mean.GetProperty("average_precision").EnumerateArray().Select(a => a.GetDouble()), Has.All.EqualTo(1));
        Assert.That(mean.GetProperty("adapted_rand_error").GetDouble(), Is.Zero.Within(1e-12));
    }

    /// <summary>A training that stopped in between and one that did not end with the same bits.</summary>
    [Test]
    public void Resumed_training_ends_with_the_same_bits()
    {
        var data = DataSet.Write(Path.Combine(Folder, "data"));
        var (whole, parts) = (Path.Combine(Folder, "whole"), Path.Combine(Folder, "parts"));
        Train(data, whole, 8).AssertSuccess();
        Train(data, parts, 8).AssertSuccess();

        // One that has ended has nothing to add, one that was interrupted at once does it all.
        var best = Directory.GetFiles(parts, "*.safetensors").Select(SafeTensors.Open).ToList();
        Assert.That(Arrays(Path.Combine(whole, "last.safetensors")), Is.EqualTo(Arrays(Path.Combine(parts, "last.safetensors"))), "the same twice");
        Assert.That(best, Has.Count.EqualTo(2));
        CommandLineRun.Of("train", "--out", parts, "--resume", "--device", "cpu").AssertSuccess();
        Assert.That(Arrays(Path.Combine(parts, "last.safetensors")), Is.EqualTo(Arrays(Path.Combine(whole, "last.safetensors"))));
        InterruptedTraining.Leave(parts);
        CommandLineRun.Of("train", "--out", parts, "--resume", "--device", "cpu").AssertSuccess();
        Assert.That(Arrays(Path.Combine(parts, "last.safetensors")), Is.EqualTo(Arrays(Path.Combine(whole, "last.safetensors"))));
        Assert.That(File.ReadAllLines(Path.Combine(parts, "log.csv")).Skip(1).Select(row => row.Split(',')[0]), Is.EqualTo(Enumerable.Range(0, 8).Select(i => $"{i}")));
    }

    [Test]
    public void Volumes_train_in_three_dimensions()
    {
        var (image, labels) = Spoco.Cli.Demo.SyntheticCells.Draw(3, 0, 32, 40, 48);
        var path = Path.Combine(Folder, "volume.tif");
        TiffFile.WriteLabels(path, new Volume<int>(Array.ConvertAll(image.Data, v => (int)v), image.Depth, image.Height, image.Width));
        TiffFile.WriteLabels(Path.Combine(Folder, "volume_label.tif"), labels);
        var model = Path.Combine(Folder, "model");
        CommandLineRun.Of("train", "--data", path, "--out", model, "--dim", "3", "--patch", "8,16,16", "--maps", "8,16", "--embedding", "4", "--iterations", "3", "--device", "cpu")
            .AssertSuccess();
        var result = Path.Combine(Folder, "segmented.tif");
        CommandLineRun.Of("segment", "--model", model, "--input", path, "--out", result, "--device", "cpu").AssertSuccess();
        Assert.That(InputFile.ReadLabels(result).HasExtentsOf(labels));
    }

    [TestCase("train")]
    [TestCase("recipes")]
    [TestCase("predict")]
    [TestCase("segment")]
    [TestCase("evaluate")]
    [TestCase("devices")]
    [TestCase("selftest")]
    [TestCase("demo")]
    public void Help_explains_and_gives_an_example(string command)
    {
        var run = CommandLineRun.Of(command, "--help").AssertSuccess();
        Assert.That(run.Output, Does.Contain("Examples:").And.Contain($"spoco {command}"));
    }

    private static CommandLineRun Train(string data, string output, int iterations) => CommandLineRun.Of("train", "--data", data, "--out", output,
        "--patch", "32,32", "--maps", "4,8", "--embedding", "4", "--iterations", $"{iterations}", "--validate-every", "4", "--device", "cpu");

    private static float[] Arrays(string path)
    {
        var file = SafeTensors.Open(path);
        return [.. file.Entries.Values.Where(e => e.Type == SafeTensorType.F32).SelectMany(e => file.Read(e.Name))];
    }
}
