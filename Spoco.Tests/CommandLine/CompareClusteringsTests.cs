using System.Globalization;
using System.Text.Json;
using Spoco.Cli.Comparison;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco compare-clusterings</c>, as a user would call it, on a model that has learned next to nothing.</summary>
public sealed class CompareClusteringsTests : FolderTests
{
    private static readonly string Models = Directory.CreateTempSubdirectory("spoco-").FullName;
    private static readonly string[] All = ["mws", "hdbscan", "mean-shift", "ms+", "consistency"];

    private static string Data => Path.Combine(Models, "data");

    private string Out => PathOf("out");

    [OneTimeSetUp]
    public void TrainModels()
    {
        DataSet.Write(Data, train: 1, validation: 2);
        foreach (var (name, options) in new[]
        {
            ("paper", new[] { "--no-foreground", "true" }), ("learned", []), ("resized", ["--scale-of", "image", "--no-foreground", "true"]), ("shared", ["--g-network", "shared", "--no-foreground", "true"]),
        })
            CommandLineRun.Of(["train", "--data", Data, "--out", Path.Combine(Models, name), "--patch", "32,32", "--maps", "4,8", "--embedding", "4", "--iterations", "4", "--device", "cpu", .. options])
                .AssertSuccess();
    }

    [OneTimeTearDown]
    public void DeleteModels() => Directory.Delete(Models, recursive: true);

    [TestCase("paper", "none")]
    [TestCase("paper", "truth")]
    [TestCase("paper", "embedding")]
    [TestCase("learned", "learned")]
    [TestCase("resized", "truth")]
    public void A_table_and_a_picture_of_every_image(string model, string foreground)
    {
        var run = Compare(model, "--foreground", foreground, "--out", Out, "--min-size", "20").AssertSuccess();
        Assert.That(run.Error, Does.Contain("comparing 1/10").And.Contain($"foreground: {(foreground == "truth" ? "that of the true objects" : foreground == "embedding" ? "what is not" : foreground)}"));
        var markdown = File.ReadAllText(Path.Combine(Out, "table.md"));
        Assert.That(run.Output, Does.Contain(markdown.TrimEnd()).And.Contain($"table, scores and pictures: {Out}"));
        Assert.That(markdown, Does.StartWith(ComparisonTable.Title));
        string[] rows = [.. markdown.Split('\n').Where(line => line.StartsWith('|'))];
        Assert.That(rows[0], Is.EqualTo("| Method | SBD | \\|DiC\\| | Adapted Rand error | AP@0.5 | mAP | t [s] |"));
        Assert.That(rows.Skip(2).Select(row => row.Split('|')[1].Trim()), Is.EqualTo(All));
        Assert.That(markdown, Does.Contain("Mean ± SD over 2 images").And.Contain("hdbscan (at least 20 pixels").And.Contain($"Foreground: {foreground}"));

        var images = Rows();
        Assert.That(images.Select(row => (row[0], row[1])), Is.EqualTo(new[] { "cell0", "cell1" }.SelectMany(image => All.Select(method => (image, method)))));
        foreach (var row in images)
        {
            Assert.That(double.Parse(row[4], CultureInfo.InvariantCulture), Is.InRange(0, 1), "SBD");
            Assert.That(double.Parse(row[^1], CultureInfo.InvariantCulture), Is.Positive, "seconds");
        }

        foreach (var image in new[] { "cell0", "cell1" })
        {
            var picture = PngFile.Read<float>(Path.Combine(Out, $"{image}_clusterings.png"));
            Assert.That(picture.Width, Is.EqualTo(7 * 64 + 6 * 8), "image, truth and five methods");
            Assert.That(ResultMark.IsOn(Path.Combine(Out, $"{image}_clusterings.png"), ResultMark.Picture));
        }

        Assert.That(Directory.GetFiles(Out), Has.Length.EqualTo(4));
    }

    /// <summary>What is compared is what <c>spoco segment</c> makes and <c>spoco evaluate</c> scores.</summary>
    [Test]
    public void Scores_are_those_of_segment_and_evaluate([ValueSource(nameof(All))] string name, [Values("paper", "learned", "resized")] string model)
    {
        string[] options = name == "hdbscan" ? ["--min-size", "20"] : [];
        Compare(model, ["--clustering", name, "--out", Out, .. options]).AssertSuccess();
        CommandLineRun.Of(["segment", "--model", Path.Combine(Models, model), "--input", Path.Combine(Data, "val", "images"), "--out", PathOf("labels"), "--clustering", name, "--orientations", "1",
            "--size-floor", "0", "--merge-distance", "0", "--device", "cpu", .. options]).AssertSuccess();
        CommandLineRun.Of("evaluate", "--prediction", PathOf("labels"), "--labels", Path.Combine(Data, "val", "labels"), "--json", PathOf("scores.json")).AssertSuccess();
        using var json = JsonDocument.Parse(File.ReadAllText(PathOf("scores.json")));
        foreach (var (image, row) in json.RootElement.GetProperty("images").EnumerateArray().Zip(Rows()))
            Assert.That(double.Parse(row[4], CultureInfo.InvariantCulture), Is.EqualTo(image.GetProperty("symmetric_best_dice").GetDouble()).Within(1e-5));
    }

    [Test]
    public void Volumes_are_compared_and_shown_by_their_middle_slices()
    {
        var random = new Random(2);
        var (image, labels) = (new Volume<int>(8, 24, 24), new Volume<int>(8, 24, 24));
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = 100 * (labels.Data[i] = i % 24 < 10 ? 1 : i % 24 < 20 ? 2 : 0) + random.Next(30);
        foreach (var (part, volume) in new[] { ("images", image), ("labels", labels) })
        {
            Directory.CreateDirectory(PathOf($"volumes/{part}"));
            TiffFile.WriteLabels(PathOf($"volumes/{part}/v.tif"), volume);
        }

        CommandLineRun.Of("train", "--data", PathOf("volumes"), "--out", PathOf("model"), "--dim", "3", "--patch", "8,16,16", "--maps", "8,16", "--embedding", "3", "--iterations", "1",
            "--no-foreground", "true", "--device", "cpu").AssertSuccess();
        CommandLineRun.Of("compare-clusterings", "--model", PathOf("model"), "--data", PathOf("volumes"), "--out", Out, "--foreground", "truth", "--device", "cpu").AssertSuccess();
        Assert.That(Rows().Select(row => row[1]), Is.EqualTo(All));
        var picture = PngFile.Read<float>(Path.Combine(Out, "v_clusterings.png"));
        Assert.That((picture.Width, picture.Depth), Is.EqualTo((7 * 24 + 6 * 8, 1)));
    }

    [Test]
    public void Without_a_folder_there_is_the_table_alone()
    {
        var run = Compare("paper", "--clustering", "mean-shift", "mws").AssertSuccess();
        Assert.That(run.Output, Does.StartWith(ComparisonTable.Title));
        Assert.That(run.Output.Split('\n').Count(line => line.StartsWith('|')), Is.EqualTo(4));
        Assert.That(run.Output.IndexOf("| mws |", StringComparison.Ordinal), Is.LessThan(run.Output.IndexOf("| mean-shift |", StringComparison.Ordinal)), "in the order of the paper");
    }

    [Test]
    public void The_same_scores_with_any_number_of_threads()
    {
        Compare("paper", "--out", Out, "--threads", "1", "--min-size", "20").AssertSuccess();
        var one = Rows().Select(row => string.Join(',', row[..^1])).ToArray();
        Compare("paper", "--out", Out, "--threads", "5", "--min-size", "20").AssertSuccess();
        Assert.That(Rows().Select(row => string.Join(',', row[..^1])), Is.EqualTo(one));
    }

    [Test]
    public void What_becomes_of_segments_holds_for_all()
    {
        Compare("paper", "--out", Out, "--size-floor", "5000", "--remove-fragments").AssertSuccess();
        Assert.That(Rows().Select(row => row[3]), Has.All.EqualTo("0"), "nothing is as large");
        var run = Compare("paper", "--out", Out, "--fill", "--remove-largest", "--merge-distance", "0.1", "--size-floor", "3").AssertSuccess();
        Assert.That(run.Output, Does.Contain("segments below 3 voxels joined to a neighbour; neighbours closer than 0.1 joined; filled; without the largest segment"));
    }

    [Test]
    public void Consistency_is_left_out_where_g_is_f()
    {
        var run = Compare("shared", "--out", Out).AssertSuccess();
        Assert.That(run.Error, Does.Contain("left out: consistency compares f with g, which with --g-network shared are one."));
        Assert.That(Rows().Select(row => row[1]).Distinct(), Is.EqualTo(All[..4]));
        Compare("shared", "--clustering", "consistency").AssertBadInput("--clustering", "nothing is left");
    }

    [Test]
    public void No_file_of_others_is_replaced()
    {
        Directory.CreateDirectory(Out);
        foreach (var (name, what) in new[] { ("table.md", "the table"), ("images.csv", "the scores"), ("cell1_clusterings.png", "the clusterings of") })
        {
            File.WriteAllText(Path.Combine(Out, name), "mine");
            Compare("paper", "--out", Out, "--clustering", "mws").AssertBadInput(name, what, "--overwrite");
            Assert.That(File.ReadAllText(Path.Combine(Out, name)), Is.EqualTo("mine"));
            File.Delete(Path.Combine(Out, name));
        }

        File.WriteAllText(Path.Combine(Out, "table.md"), "mine");
        Compare("paper", "--out", Out, "--clustering", "mws", "--overwrite").AssertSuccess();
        Compare("paper", "--out", Out, "--clustering", "mws").AssertSuccess();
        Compare("paper", "--out", Path.Combine(Data, "val", "images"), "--clustering", "mws").AssertBadInput("is the folder that is read");
        Assert.That(Directory.GetFiles(Path.Combine(Data, "val", "images")), Has.Length.EqualTo(2));
    }

    /// <summary>What was done is there, whole images of it.</summary>
    [Test]
    public void An_interrupted_comparison_keeps_what_was_done()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Signals are sent on Linux only.");
        DataSet.Write(PathOf("many"), train: 0, validation: 60, size: 96);
        using var process = ProgramProcess.Start(
            ["compare-clusterings", "--model", Path.Combine(Models, "paper"), "--data", PathOf("many/val"), "--out", Out, "--clustering", "mws", "mean-shift", "--device", "cpu", "--threads", "2"]);
        while (!File.Exists(Path.Combine(Out, "table.md")) && !process.HasExited)
            Thread.Sleep(5);
        ProgramProcess.Signal(process, ProgramProcess.Sigint);
        ProgramProcess.AssertEnds(process, 130);
        var rows = Rows();
        Assert.That(rows.Length, Is.InRange(2, 118).And.Matches<int>(count => count % 2 == 0));
        Assert.That(File.ReadAllText(Path.Combine(Out, "table.md")), Does.Contain($"over {rows.Length / 2} images"));
        Assert.That(Directory.GetFiles(Out, "*_clusterings.png").Length, Is.InRange(rows.Length / 2, rows.Length / 2 + 1));
        Assert.That(Directory.GetFiles(Out, "*.tmp-*"), Is.Empty);
    }

    [TestCase("--size-floor", "-1")]
    [TestCase("--merge-distance", "-1")]
    [TestCase("--orientations", "3")]
    [TestCase("--min-size", "1")]
    [TestCase("--iou", "2")]
    [TestCase("--foreground", "learned")]
    [TestCase("--foreground", "nowhere")]
    [TestCase("--clustering", "k-means")]
    [TestCase("--class", "cats")]
    public void Impossible_choices_are_one_line(string option, string value)
    {
        Compare("paper", option, value, "--out", Out).AssertBadInput(option == "--clustering" ? "k-means" : option == "--class" ? "cats" : option);
        Assert.That(Directory.Exists(Out), Is.False);
    }

    [Test]
    public void What_cannot_be_read_is_one_line()
    {
        Compare("paper", "--clustering", "mws", "--min-size", "20").AssertBadInput("--min-size", "belongs to --clustering hdbscan");
        CommandLineRun.Of("compare-clusterings", "--model", Path.Combine(Models, "paper"), "--data", PathOf("nowhere")).AssertBadInput("nowhere");
        CommandLineRun.Of("compare-clusterings", "--model", PathOf("nothing"), "--data", Data).AssertBadInput("nothing", "no such model");
        CommandLineRun.Of("compare-clusterings", "--model", Path.Combine(Models, "paper"), "--data", Path.Combine(Data, "val", "images")).AssertBadInput("have no labels");
        DataSet.WriteImage(PathOf("d/images/a.png"), new Volume<float>(1, 64, 64));
        Directory.CreateDirectory(PathOf("d/labels"));
        PngFile.WriteLabels(PathOf("d/labels/a.png"), new Volume<int>(1, 60, 64));
        CommandLineRun.Of("compare-clusterings", "--model", Path.Combine(Models, "paper"), "--data", PathOf("d"), "--device", "cpu").AssertBadInput("a.png", "60x64");
    }

    private static CommandLineRun Compare(string model, params string[] options) =>
        CommandLineRun.Of(["compare-clusterings", "--model", Path.Combine(Models, model), "--data", Data, "--device", "cpu", .. options]);

    private string[][] Rows()
    {
        var lines = File.ReadAllLines(Path.Combine(Out, "images.csv"));
        Assert.That(lines[0], Is.EqualTo(ComparisonTable.Header));
        return [.. lines.Skip(1).Select(line => line.Split(','))];
    }
}
