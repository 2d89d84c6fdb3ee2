using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Tests.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>What <c>spoco train</c> says of its data and its models, and what it keeps.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class TrainingPromisesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    private string Out => _folder.File("model");

    private string Best => Path.Combine(Out, "best.safetensors");

    private string Last => Path.Combine(Out, "last.safetensors");

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_validation_names_its_foreground_and_promises_what_segment_gives([Values] bool learned)
    {
        DataSet.Write(Data);
        var run = Train(learned ? [] : ["--no-foreground"]).AssertSuccess();
        var line = run.Error.Split('\n').Single(l => l.StartsWith("validation at", StringComparison.Ordinal));
        Assert.That(line, Does.Match(learned
            ? @"in the learned foreground \(p >= 0\.\d+, joined below [0-9.]+\); as spoco segment: AP@0\.5" : "inside the true foreground; as spoco segment without a mask: AP@0.5"));
        var promised = double.Parse(Promise().Match(line).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.That(run.Output, Does.Contain($"(as spoco segment: {Promise().Match(line).Groups[1].Value},"));
        var result = _folder.File("result");
        Run("segment", "--model", Out, "--input", Path.Combine(Data, "val", "images"), "--out", result).AssertSuccess();
        var json = _folder.File("scores.json");
        var truth = Path.Combine(Data, "val", "labels", "cell0.png");
        CommandLineRun.Of("evaluate", "--prediction", Path.Combine(result, "cell0.png"), "--labels", truth, "--json", json).AssertSuccess();
        Assert.That(AveragePrecision(File.ReadAllText(json)), Is.EqualTo(promised).Within(6e-4));
    }

    /// <summary>A promise made by few images is uncertain, and says how much: the standard error of the mean over the images.</summary>
    [Test]
    public void The_promise_says_its_standard_error()
    {
        DataSet.Write(Data, validation: 3);
        var run = Train().AssertSuccess();
        var promise = Regex.Match(run.Output, @"as spoco segment: ([0-9.]+) \+- ([0-9.]+), ");
        Assert.That(promise.Success, run.Output);
        Assert.That(run.Error, Does.Contain($"as spoco segment: AP@0.5 {promise.Groups[1].Value} +- {promise.Groups[2].Value}  SBD"));
        var (result, json) = (_folder.File("result"), _folder.File("scores.json"));
        Run("segment", "--model", Out, "--input", Path.Combine(Data, "val", "images"), "--out", result).AssertSuccess();
        CommandLineRun.Of("evaluate", "--prediction", result, "--labels", Path.Combine(Data, "val", "labels"), "--json", json).AssertSuccess();
        using var scores = JsonDocument.Parse(File.ReadAllText(json));
        var values = scores.RootElement.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("average_precision50").GetDouble()).ToArray();
        var (mean, count) = (values.Average(), values.Length);
        Assert.That(count, Is.EqualTo(3));
        Assert.That(double.Parse(promise.Groups[1].Value, CultureInfo.InvariantCulture), Is.EqualTo(mean).Within(6e-4));
        Assert.That(double.Parse(promise.Groups[2].Value, CultureInfo.InvariantCulture),
            Is.EqualTo(Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (count - 1) / count)).Within(6e-4));
    }

    /// <summary>Without complete labels the scores are those of the labelled objects, and their names say so.</summary>
    [Test]
    public void The_validation_of_sparse_labels_scores_what_is_labelled()
    {
        DataSet.Write(Data);
        var objects = InputFile.ReadLabels(Path.Combine(Data, "val", "labels", "cell0.png")).Data.Distinct().Count(label => label > 0);
        var run = Train("--supervision", "sparse").AssertSuccess();
        var line = run.Error.Split('\n').Single(l => l.StartsWith("validation at", StringComparison.Ordinal));
        Assert.That(line, Does.Contain($"of {objects} labelled objects: mean best IoU"));
        Assert.That(line, Does.Match(@"in the learned foreground \(p >= 0\.\d+, joined below [0-9.]+\); as spoco segment: of"));
        Assert.That(line, Does.Not.Contain("AP@"));
        Assert.That(run.Output, Does.Contain($"best validation of {objects} labelled objects: mean best IoU"));
        var rows = File.ReadAllLines(Path.Combine(Out, "log.csv")).Select(row => row.Split(',')).ToArray();
        var (iou, precision) = (Array.IndexOf(rows[0], "validation_best_iou"), Array.IndexOf(rows[0], "validation_ap50"));
        Assert.That((rows[^1][iou].Length > 0, rows[^1][precision]), Is.EqualTo((true, "")));
        File.Delete(Best);
        var resumed = CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
        Assert.That(resumed.Error + resumed.Output, Does.Contain("labelled objects: mean best IoU"));

        var half = Train("--supervision", "sparse", "--instance-ratio", "0.5", "--validation-labels", "sparse", "--out", _folder.File("half")).AssertSuccess();
        Assert.That(half.Error, Does.Contain("labelled objects: mean best IoU").And.Not.Contain($"of {objects} labelled"));
        Assert.That(Train("--supervision", "sparse", "--instance-ratio", "0.5", "--out", _folder.File("complete")).AssertSuccess().Error, Does.Contain("AP@0.5"));
    }

    /// <summary>Scribbles: nothing is learned from what lies beside them, and the model says where its foreground ends.</summary>
    [Test]
    public void Labels_that_mark_a_part_of_their_objects_are_learned_from_and_scored_as_marks()
    {
        DataSet.Write(Data);
        foreach (var part in new[] { "train", "val" })
            foreach (var path in Directory.GetFiles(Path.Combine(Data, part, "labels")))
                PngFile.WriteLabels(path, Marks(InputFile.ReadLabels(path)));
        var run = Train("--supervision", "sparse", "--labels-are", "partial", "--iterations", "4", "--validate-every", "2").AssertSuccess();
        Assert.That(run.Error, Does.Contain("marked objects: mean part in a segment of its own").And.Not.Contain("IoU"));
        var rows = File.ReadAllLines(Path.Combine(Out, "log.csv")).Select(row => row.Split(',')).ToArray();
        foreach (var term in new[] { "instance", "unlabelled_push" })
            Assert.That(rows.Skip(1).Select(row => row[Array.IndexOf(rows[0], term)]), Is.All.EqualTo("0"), term);
        Assert.That(rows.Skip(1).Select(row => row[Array.IndexOf(rows[0], "foreground")]), Is.All.Not.EqualTo("0"));
        Assert.That(rows[^1][Array.IndexOf(rows[0], "validation_best_iou")], Is.Empty);
        var model = Checkpoint.ReadOptions(Best, SafeTensors.Open(Best));
        Assert.That((rows[^1][Array.IndexOf(rows[0], "validation_marked_part")], model.ForegroundThreshold), Is.EqualTo(("0", 0.5)), "nothing is found yet, and no other threshold finds more");

        var images = Path.Combine(Data, "val", "images");
        Assert.That(Segment("default"), Is.EqualTo(Segment("same", "--threshold", model.ForegroundThreshold.ToString(CultureInfo.InvariantCulture))), "the model's threshold is the default");

        byte[] Segment(string name, params string[] options)
        {
            var segment = Run(["segment", "--model", Best, "--input", images, "--out", _folder.File(name), .. options]).AssertSuccess();
            Assert.That(segment.Error, Does.Contain(string.Create(CultureInfo.InvariantCulture,
                $"foreground: learned, from a probability of {model.ForegroundThreshold} on, which is the model's (as the model has learned one)")));
            return File.ReadAllBytes(Path.Combine(_folder.File(name), "cell0.png"));
        }

        // The first pixels of every object.
        static Volume<int> Marks(Volume<int> labels)
        {
            var left = new Dictionary<int, int>();
            return new Volume<int>(
                Array.ConvertAll(labels.Data, label => label > 0 && (left[label] = left.GetValueOrDefault(label, 12) - 1) >= 0 ? label : 0), 1, labels.Height, labels.Width);
        }
    }

    [Test]
    public void The_best_model_holds_neither_moments_nor_paths_and_the_last_one_what_resuming_needs()
    {
        DataSet.Write(Data);
        Train("--val", Path.Combine(Data, "val")).AssertSuccess();
        var best = SafeTensors.Open(Best);
        Assert.That(best.Entries.Keys.Where(name => !name.StartsWith("net_", StringComparison.Ordinal)), Is.Empty);
        Assert.That(File.ReadAllText(Best, System.Text.Encoding.Latin1), Does.Not.Contain(Path.GetFileName(_folder.Path)));
        Assert.That(new FileInfo(Best).Length, Is.LessThan(new FileInfo(Last).Length * 3 / 4));
        Assert.That(SafeTensors.Open(Last).Entries.Keys, Does.Contain("exp_avg.final_conv.bias"));
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
        Run("train", "--out", _folder.File("more"), "--from", Out, "--data", Data, "--iterations", "1", "--patch", "32,32").AssertSuccess();
    }

    [Test]
    public void Going_on_elsewhere_is_noted_and_with_other_threads_is_not()
    {
        DataSet.Write(Data);
        Train("--iterations", "4", "--threads", "2").AssertSuccess();
        Continue(6);
        Assert.That(Resume("3").Error, Does.Not.Contain("so far this training"));
        Continue(8);
        Rewrite(Last, metadata => metadata["spoco.computer"] = "cpu (Arm64, 128 bits)");
        Assert.That(Resume("3").Error, Does.Contain("so far this training was computed on cpu (Arm64, 128 bits), now on cpu"));

        CommandLineRun Resume(string threads)
        {
            var run = CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu", "--threads", threads);
            run.AssertSuccess();
            return run;
        }
    }

    [Test]
    public void A_best_model_that_is_damaged_or_gone_is_written_again([Values] bool gone)
    {
        DataSet.Write(Data);
        Train("--iterations", "4", "--validate-every", "2", "--schedule", "constant").AssertSuccess();
        Continue(6);
        if (gone)
            File.Delete(Best);
        else
            File.WriteAllBytes(Best, File.ReadAllBytes(Best)[..^1]);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
        Run("predict", "--model", Best, "--input", Path.Combine(Data, "val", "images"), "--out", _folder.File("e")).AssertSuccess();
    }

    [Test]
    public void A_model_with_a_value_that_is_no_number_is_refused_by_every_command()
    {
        DataSet.Write(Data);
        Train().AssertSuccess();
        var images = Path.Combine(Data, "val", "images");
        var embeddings = _folder.File("embeddings");
        CommandLineRun.Of("predict", "--model", Best, "--input", images, "--out", embeddings, "--device", "cpu").AssertSuccess();
        Spoil(Best);
        Spoil(Last);
        const string Array = "net_f.final_conv.bias";
        CommandLineRun.Of("predict", "--model", Best, "--input", images, "--out", _folder.File("e"), "--device", "cpu").AssertBadInput(Array);
        CommandLineRun.Of("segment", "--model", Best, "--input", images, "--out", _folder.File("s"), "--device", "cpu").AssertBadInput(Array);
        Run("segment", "--model", Best, "--embeddings", embeddings, "--out", _folder.File("s")).AssertBadInput(Array);
        var one = Path.Combine(embeddings, "cell0.h5");
        Run("segment", "--model", Best, "--embeddings", one, "--memory", "100MiB", "--foreground", "none", "--out", _folder.File("s.h5"))
            .AssertBadInput(Array);
        Train("--from", Best, "--out", _folder.File("o")).AssertBadInput(Array);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertBadInput(Array);
    }

    [Test]
    public void Labels_that_only_tell_objects_from_background_are_noticed_and_split()
    {
        WriteDiscs(255);
        var run = Train().AssertSuccess();
        Assert.That(Notes(run), Has.Length.EqualTo(1));
        Assert.That(Notes(run)[0], Does.Contain("2 of 2 images have labels in many pieces").And.Contain("--split-labels").And.Contain("b: 255 in 9"));
        run = Train("--split-labels", "--out", _folder.File("split")).AssertSuccess();
        Assert.That(Notes(run), Is.Empty);
        Assert.That(File.ReadAllLines(Path.Combine(_folder.File("split"), "data.csv"))[1..], Is.EqualTo(new[] { "train,a,9,9", "validation,b,9,9" }));
        run = Train("--split-labels", "--ignore-label", "3", "--out", _folder.File("again")).AssertSuccess();
        Assert.That(File.ReadAllLines(_folder.File("again/data.csv"))[1], Is.EqualTo("train,a,9,9"), "the third piece is no ignored label");
    }

    [Test]
    public void What_is_seldom_meant_is_noticed_once_for_each_kind()
    {
        WriteDiscs(1);
        var labels = InputFile.ReadLabels(_folder.File("data/train/labels/a.png"));
        for (var i = 0; i < labels.Data.Length; i++)
            labels.Data[i] = i == 0 ? 7 : labels.Data[i] == 0 ? 3 : 4;
        PngFile.WriteLabels(_folder.File("data/train/labels/a.png"), labels);
        PngFile.WriteLabels(_folder.File("data/train/images/a.png"), labels);
        var notes = Notes(Train("--supervision", "sparse", "--consistency-weight", "0").AssertSuccess());
        Assert.That(notes, Has.One.Contain("1 of 2 images have no label 0: every pixel is labelled (a)"));
        Assert.That(notes, Has.One.Contain("an object that covers more than half of them").And.One.Contain("a: 3 covers"));
        Assert.That(notes, Has.One.Contain("have objects of a single pixel (a: 1 of 3)"));
        Assert.That(notes, Has.One.Contain("are the same as their labels (a)"));
        PngFile.WriteLabels(_folder.File("data/train/images/a.png"), new Volume<int>(1, 64, 64));
        notes = Notes(Train("--out", _folder.File("flat")).AssertSuccess());
        Assert.That(notes, Has.One.Contain("hold one single value, of which nothing can be learned (a: 0)"));
    }

    [Test]
    public void Clean_data_give_no_note()
    {
        DataSet.Write(Data);
        Assert.That(Notes(Train().AssertSuccess()), Is.Empty);
    }

    [Test]
    public void Resuming_with_other_data_says_which_and_goes_on_when_told()
    {
        DataSet.Write(Data);
        Train().AssertSuccess();
        Continue(6);
        File.Copy(_folder.File("data/train/labels/cell0.png"), _folder.File("data/train/labels/cell1.png"), overwrite: true);
        var before = File.ReadAllBytes(Last);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertBadInput("train/cell1 has changed", "--changed-data");
        File.Move(_folder.File("data/train/images/cell2.png"), _folder.File("data/train/images/cell9.png"));
        File.Move(_folder.File("data/train/labels/cell2.png"), _folder.File("data/train/labels/cell9.png"));
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertBadInput("train/cell1 has changed, and 2 more changes");
        Assert.That(File.ReadAllBytes(Last), Is.EqualTo(before));
        CommandLineRun.Of("train", "--out", Out, "--resume", "--changed-data", "--device", "cpu").AssertSuccess();
        Continue(8);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
        Train("--changed-data", "--out", _folder.File("new")).AssertBadInput("--changed-data");
    }

    /// <summary>As a copy that was packed anew, and a large file that is read in boxes.</summary>
    [Test]
    public void The_same_values_in_another_place_are_the_same_data()
    {
        DataSet.Write(Data);
        Train().AssertSuccess();
        Continue(6);
        foreach (var path in Directory.GetFiles(Data, "*.png", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(1));
        CommandLineRun.Of("train", "--out", Out, "--resume", "--memory", "0", "--device", "cpu").AssertSuccess();
    }

    [Test]
    public void The_normalisation_of_a_training_is_stored_and_used_by_all(
        [Values("zscore-per-channel", "percentile(2,98)", "fixed(100,30)", "none")] string text)
    {
        DataSet.Write(Data);
        Train("--normalise", text, "--clip", "2.5").AssertSuccess();
        var device = TestDevices.Open("cpu");
        using var model = Checkpoint.Load(Best, device);
        Assert.That((model.Options.Normalisation.ToString(), model.Options.Normalisation.Clip), Is.EqualTo((text, 2.5)));
        var path = _folder.File("data/val/images/cell0.png");
        var image = model.Normalise(InputFile.ReadImage(path, "raw", 1));
        CommandLineRun.Of("predict", "--model", Out, "--input", path, "--out", _folder.File("e"), "--device", "cpu").AssertSuccess();
        var written = EmbeddingFile.Read(_folder.File("e/cell0.h5"), model.Options.EmbeddingDimensions);
        Assert.That(written.Embeddings.Data, Is.EqualTo(model.Predict(image).Embeddings.Data));
        using var data = TrainingData.Load(StoredSettings.OfFolder(Out), null, CancellationToken.None);
        Assert.That(data.Images.Validation[0].Image.Data, Is.EqualTo(image.Data));
        Assert.That(NetworkOfModel.Adopt(new TrainSettings(), Best).Data is { Clip: 2.5 } adopted && adopted.Normalise == text);
    }

    [TestCase("median")]
    [TestCase("percentile(99,1)")]
    [TestCase("fixed(1,2,3,4,5,6)")]
    public void An_impossible_normalisation_is_one_line(string text)
    {
        DataSet.Write(Data);
        Train("--normalise", text).AssertBadInput("ormalis");
    }

    /// <summary>Models and trainings of before say nothing of it, and had mean 0 and deviation 1.</summary>
    [Test]
    public void A_training_that_does_not_say_how_it_normalises_resumes_as_it_began()
    {
        DataSet.Write(Data);
        Train("--normalise", "zscore").AssertSuccess();
        Rewrite(Last, metadata =>
        {
            metadata["spoco.settings"] = Regex.Replace(metadata["spoco.settings"], "\"Normalise\":\"[^\"]*\",", "");
            metadata["spoco.model"] = Regex.Replace(metadata["spoco.model"], ",\"Normalisation\":\\{[^}]*\\}", "");
            metadata.Remove("spoco.data");
        });
        Assert.That(SafeTensors.Open(Last).Metadata["spoco.model"] + SafeTensors.Open(Last).Metadata["spoco.settings"], Does.Not.Contain("Normalis"));
        Assert.That(StoredSettings.OfFolder(Out).Data.Normalise, Is.EqualTo("zscore"));
        using var model = Checkpoint.Load(Last, TestDevices.Open("cpu"));
        var image = InputFile.ReadImage(_folder.File("data/val/images/cell0.png"), "raw", 1);
        Assert.That(model.Normalise(image).Data, Is.EqualTo(Normalisation.Apply(image).Data));
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
    }

    /// <summary>Sparse trainings of before had no foreground.</summary>
    [Test]
    public void A_sparse_training_that_knows_of_no_foreground_resumes_without_one()
    {
        DataSet.Write(Data);
        Train("--supervision", "sparse", "--no-foreground").AssertSuccess();
        Rewrite(Last, metadata => metadata["spoco.settings"] = Regex.Replace(
            metadata["spoco.settings"].Replace("\"NoForeground\":true", "\"NoForeground\":false", StringComparison.Ordinal), "\"ForegroundShare\":null,", ""));
        Assert.That(SafeTensors.Open(Last).Metadata["spoco.settings"], Does.Not.Contain("ForegroundShare").And.Contain("\"NoForeground\":false"));
        Assert.That(StoredSettings.OfFolder(Out).HasForeground, Is.False);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
    }

    private static CommandLineRun Run(params string[] args) => CommandLineRun.Of([.. args, "--device", "cpu"]);

    private static string[] Notes(CommandLineRun run) => [.. run.Error.Split('\n').Where(line => line.StartsWith("note:", StringComparison.Ordinal))];

    private static double AveragePrecision(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Find(document.RootElement) ?? throw new InvalidOperationException(json);

        static double? Find(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().Select(p => p.Name == "average_precision50" ? p.Value.GetDouble() : Find(p.Value))
                .FirstOrDefault(v => v is not null),
            JsonValueKind.Array => element.EnumerateArray().Select(Find).FirstOrDefault(v => v is not null),
            _ => null,
        };
    }

    private static void Rewrite(string path, Action<Dictionary<string, string>> change, Action<string, float[]>? values = null)
    {
        var file = SafeTensors.Open(path);
        var metadata = file.Metadata.ToDictionary(m => m.Key, m => m.Value);
        change(metadata);
        var arrays = file.Entries.Values.OrderBy(e => e.Begin).Where(e => e.Type == SafeTensorType.F32).Select(e =>
        {
            var array = file.Read(e.Name);
            values?.Invoke(e.Name, array);
            return new SafeTensorSource(e.Name, e.Shape, () => array);
        }).ToList();
        SafeTensors.Write(path, arrays, metadata);
    }

    private static void Spoil(string path) => Rewrite(path, _ => { }, (name, values) =>
    {
        if (name == "net_f.final_conv.bias")
            values[0] = float.NaN;
    });

    /// <summary>Makes the training of before one that has not ended.</summary>
    private void Continue(int iterations) => Rewrite(Last, metadata =>
        metadata["spoco.settings"] = Regex.Replace(metadata["spoco.settings"], "\"Iterations\":\\d+", $"\"Iterations\":{iterations}"));

    /// <summary>Two images of nine discs, all of one label.</summary>
    private void WriteDiscs(int label)
    {
        foreach (var (part, name) in new[] { ("train", "a"), ("val", "b") })
        {
            var labels = new Volume<int>(1, 64, 64);
            var image = new Volume<float>(1, 64, 64);
            for (var y = 0; y < 64; y++)
            {
                for (var x = 0; x < 64; x++)
                {
                    var inside = (y % 20 - 10) * (y % 20 - 10) + (x % 20 - 10) * (x % 20 - 10) <= 36 && y < 60 && x < 60;
                    labels[0, y, x] = inside ? label : 0;
                    image[0, y, x] = (inside ? 150 : 40) + (x * 7 + y * (part == "train" ? 13 : 17)) % 11;
                }
            }

            DataSet.WriteImage(_folder.File($"data/{part}/images/{name}.png"), image);
            Directory.CreateDirectory(_folder.File($"data/{part}/labels"));
            PngFile.WriteLabels(_folder.File($"data/{part}/labels/{name}.png"), labels);
        }
    }

    private CommandLineRun Train(params string[] options) => CommandLineRun.Of(
    [
        "train", "--data", Data, "--maps", "4,8", "--patch", "32,32", "--embedding", "4", "--device", "cpu",
        .. options.Contains("--iterations") ? Array.Empty<string>() : ["--iterations", "2", "--validate-every", "2"],
        .. options.Contains("--out") ? Array.Empty<string>() : ["--out", Out], .. options,
    ]);

    [GeneratedRegex(@"as spoco segment[^:]*: AP@0\.5 ([0-9.]+)")]
    private static partial Regex Promise();
}
