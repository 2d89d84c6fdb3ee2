using System.Globalization;
using System.Text.Json;
using PureHDF;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco evaluate</c>: what is undefined, missing, ignored or cannot be written, and the table of objects.</summary>
public sealed class EvaluateTests : FolderTests
{
    private const int Side = 12;

    [Test]
    public void Undefined_scores_are_marked_and_left_out_of_means()
    {
        Write("t/good", Square(1, 2, 2, 4));
        Write("p/good", Square(1, 2, 2, 4));
        Write("t/nothing");
        Write("p/nothing");
        Write("t/invented");
        Write("p/invented", Square(1, 0, 0, 3));
        Write("t/overlooked", Square(1, 5, 5, 4));
        Write("p/overlooked");
        Write("t/elsewhere", Square(1, 5, 5, 4));
        Write("p/elsewhere", Square(1, 0, 0, 4));

        var run = Evaluate("--json", PathOf("o.json")).AssertSuccess();

        Assert.That(Row(run, "nothing"), Is.EqualTo("0 0 n/a n/a n/a n/a 0 n/a n/a n/a"));
        Assert.That(Row(run, "good"), Does.StartWith("1 1 1.000 1.000 1.000 1.000 0 0.000"));
        Assert.That(Row(run, "invented"), Does.StartWith("0 1 0.000 0.000 0.000 0.000 1 1.000"));
        Assert.That(Row(run, "overlooked"), Does.StartWith("1 0 0.000 0.000 0.000 0.000 1 1.000"));
        Assert.That(Row(run, "elsewhere"), Does.StartWith("1 1 0.000 0.000 0.000 0.000 0 1.000"));
        Assert.That(Row(run, "mean"), Does.StartWith("0.6 0.6 0.250 0.250 0.250 0.250 0.4 0.750"));
        Assert.That(Row(run, "all objects"), Is.EqualTo("3 3 0.200 0.200 0.200"));
        Assert.That(run.Output, Does.Contain("at IoU 0.5: precision 0.333, recall 0.333, F1 0.333."));
        Assert.That(run.Output, Does.Contain("left out of the mean: AP in 1, SBD in 1, ARE in 1, VI in 1 of 5 images."));

        using var json = Json("o.json");
        var nothing = json.RootElement.GetProperty("images").EnumerateArray().Single(i => i.GetProperty("name").GetString() == "nothing");
        foreach (var score in nothing.EnumerateObject().Where(p => p.Name is not ("name" or "average_precision")))
        {
            var isCount = score.Name is "truth_objects" or "predicted_objects" or "difference_in_count";
            Assert.That(score.Value.ValueKind, Is.EqualTo(isCount ? JsonValueKind.Number : JsonValueKind.Null), score.Name);
        }

        Assert.That(nothing.GetProperty("average_precision").EnumerateArray().Select(a => a.ValueKind), Has.All.EqualTo(JsonValueKind.Null));
        Assert.That(nothing.GetProperty("difference_in_count").GetDouble(), Is.Zero);
        Assert.That(json.RootElement.GetProperty("mean").GetProperty("symmetric_best_dice").GetDouble(), Is.EqualTo(0.25));
        Assert.That(json.RootElement.GetProperty("undefined").EnumerateObject().Select(p => p.Value.GetInt32()), Has.All.EqualTo(1));
        Assert.That(json.RootElement.GetProperty("all_objects").GetProperty("recall")[0].GetDouble(), Is.EqualTo(1 / 3.0));
    }

    [Test]
    public void Images_without_any_object_have_no_mean()
    {
        Write("t/a");
        Write("p/a");
        var run = Evaluate("--json", PathOf("o.json"), "--objects", PathOf("o.csv")).AssertSuccess();
        Assert.That(Row(run, "mean"), Is.EqualTo("0 0 n/a n/a n/a n/a 0 n/a n/a n/a"));
        Assert.That(Row(run, "all objects"), Is.EqualTo("0 0 n/a n/a n/a"));
        Assert.That(File.ReadAllText(PathOf("o.json")), Does.Not.Contain("NaN").And.Not.Contain("Infinity"));
        Assert.That(File.ReadAllLines(PathOf("o.csv")), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_missing_prediction_is_named_or_counted()
    {
        foreach (var name in new[] { "t/a", "t/b", "t/c", "p/a", "p/b" })
            Write(name, Square(1, 1, 1, 5));

        var run = Evaluate("--json", PathOf("o.json"));
        run.AssertBadInput("no prediction for c in", "--missing zero");
        Assert.That((run.Output, File.Exists(PathOf("o.json"))), Is.EqualTo(("", false)));

        run = Evaluate("--missing", "zero", "--json", PathOf("o.json")).AssertSuccess();
        Assert.That(Row(run, "c (missing)"), Does.StartWith("1 0 0.000 0.000 0.000 0.000 1 1.000"));
        Assert.That(Row(run, "mean"), Does.StartWith("1 0.7 0.667"));
        Assert.That(Row(run, "all objects"), Is.EqualTo("3 2 0.667 0.667 0.667"));
        using var json = Json("o.json");
        var missing = json.RootElement.GetProperty("images").EnumerateArray().Single(image => image.TryGetProperty("missing", out _));
        Assert.That(missing.GetProperty("name").GetString(), Is.EqualTo("c"));

        Write("p/d", Square(1, 1, 1, 5));
        Evaluate().AssertBadInput("no labels for d in", "no prediction for c in");
        Evaluate("--missing", "zero").AssertBadInput("no labels for d in");
        Evaluate("--missing", "skip").AssertBadInput("skip", "zero");
    }

    [Test]
    public void Many_missing_predictions_are_one_line()
    {
        for (var i = 0; i < 20; i++)
            Write($"t/image{i:00}", Square(1, 1, 1, 5));
        Write("p/image03", Square(1, 1, 1, 5));
        Evaluate().AssertBadInput("no prediction for image00, image01, image02, image04, image05 and 14 more in");
    }

    [Test]
    public void One_file_against_another_needs_no_common_name()
    {
        Write("t/truth", Square(1, 1, 1, 5));
        Write("p/result", Square(1, 1, 1, 5));
        Assert.That(Row(Evaluate(PathOf("t/truth.tif"), PathOf("p/result.tif")).AssertSuccess(), "result"), Does.StartWith("1 1 1.000"));
        Evaluate().AssertBadInput("no labels for result in", "no prediction for truth in");
    }

    [TestCase(255)]
    [TestCase(-1)]
    public void Pixels_of_an_ignored_label_do_not_count(int label)
    {
        var truth = Labels(Square(3, 0, 0, 4), Square(label, 6, 0, 6));
        WriteFloats("t.h5", truth);
        Write("p", Square(8, 0, 0, 4), Square(9, 6, 1, 4));

        var run = Evaluate(PathOf("t.h5"), PathOf("p.tif"), "--ignore-label", Text(label), "--objects", PathOf("o.csv")).AssertSuccess();

        Assert.That(Row(run, "p"), Does.StartWith("1 1 1.000 1.000 1.000 1.000 0 0.000"));
        Assert.That(File.ReadAllLines(PathOf("o.csv")).Skip(1), Is.EqualTo(new[] { "p,truth,3,16,0,1.5,1.5,1,8,yes" }));
        if (label > 0)
            Assert.That(Row(Evaluate(PathOf("t.h5"), PathOf("p.tif")).AssertSuccess(), "p"), Does.StartWith("2 2 0.333"));
        else
            Evaluate(PathOf("t.h5"), PathOf("p.tif")).AssertBadInput("t.h5", "-1 at y 6, x 0");
        var none = Evaluate(PathOf("p.tif"), PathOf("p.tif"), "--ignore-label", "77").AssertSuccess();
        Assert.That(none.Error, Does.Contain("no pixel has the label 77"));
    }

    [Test]
    public void Every_object_has_a_row()
    {
        Write("t/a, \"b\"", Square(3, 0, 0, 4), Square(5, 8, 8, 2), Square(6, 0, 8, 3));
        Write("p/a, \"b\"", Square(30, 0, 0, 4), Square(31, 8, 9, 2), Square(32, 5, 0, 1));

        Evaluate("--objects", PathOf("o.csv")).AssertSuccess();

        const string Name = "\"a, \"\"b\"\"\"";
        Assert.That(File.ReadAllLines(PathOf("o.csv")), Is.EqualTo(new[]
        {
            "image,object,id,voxels,centre_z,centre_y,centre_x,best_iou,partner,matched",
            $"{Name},truth,3,16,0,1.5,1.5,1,30,yes",
            $"{Name},truth,5,4,0,8.5,8.5,{Text(1 / 3.0)},31,no",
            $"{Name},truth,6,9,0,1,9,0,,no",
            $"{Name},prediction,31,4,0,8.5,9.5,{Text(1 / 3.0)},5,no",
            $"{Name},prediction,32,1,0,5,0,0,,no",
        }));
    }

    [Test]
    public void Objects_of_volumes_have_a_centre_in_depth()
    {
        var labels = new Volume<int>(3, 4, 4);
        labels[1, 2, 3] = labels[2, 2, 3] = 7;
        Hdf5File.WriteLabels(PathOf("v.h5"), labels, "label");
        Evaluate(PathOf("v.h5"), PathOf("v.h5"), "--objects", PathOf("o.csv")).AssertSuccess();
        Assert.That(File.ReadAllLines(PathOf("o.csv"))[1], Is.EqualTo("v,truth,7,2,1.5,2,3,1,7,yes"));
    }

    [Test]
    public void What_cannot_be_written_does_not_cost_the_table()
    {
        Write("t/a", Square(1, 1, 1, 5));
        Write("p/a", Square(1, 1, 1, 5));
        Directory.CreateDirectory(PathOf("folder"));
        var run = Evaluate("--json", PathOf("none/o.json"), "--objects", PathOf("o.csv"));
        run.AssertBadInput("none/o.json: cannot be written: there is no such folder.");
        Assert.That(Row(run, "a"), Does.StartWith("1 1 1.000"));
        Assert.That(File.Exists(PathOf("o.csv")), "the other file is written");

        // What can be known is said before anything is computed.
        Evaluate("--json", PathOf("folder")).AssertBadInput("folder: the scores cannot be written there (it is a folder).");
        Evaluate("--json", PathOf("same"), "--objects", PathOf("same")).AssertBadInput("same: would be both the scores and the table of objects");
    }

    [Test]
    public void Labels_are_whole_numbers_of_any_size_and_images_of_one_shape()
    {
        var labels = new Volume<int>([0, (1 << 24) + 1, 1 << 24, int.MaxValue], 1, 2, 2);
        Hdf5File.WriteLabels(PathOf("large.h5"), labels, "label");
        Assert.That(Row(Evaluate(PathOf("large.h5"), PathOf("large.h5")).AssertSuccess(), "large"), Does.StartWith("3 3 1.000 1.000 1.000 1.000 0"));

        WriteFloats("whole.h5", new Volume<int>([0, 1, 1, 2], 1, 2, 2));
        Evaluate(PathOf("whole.h5"), PathOf("whole.h5")).AssertSuccess();
        new H5File { ["label"] = new H5Dataset(new[] { 0f, 1.5f, 2, 2 }, fileDims: [2, 2]) }.Write(PathOf("half.h5"));
        Evaluate(PathOf("half.h5"), PathOf("whole.h5")).AssertBadInput("half.h5", "1.5 at y 0, x 1");
        WriteFloats("negative.h5", new Volume<int>([0, 1, -3, 2], 1, 2, 2));
        Evaluate(PathOf("whole.h5"), PathOf("negative.h5")).AssertBadInput("negative.h5", "-3 at y 1, x 0");
        Hdf5File.WriteLabels(PathOf("wide.h5"), new Volume<int>(1, 2, 3), "label");
        Evaluate(PathOf("whole.h5"), PathOf("wide.h5")).AssertBadInput("wide.h5: is 2x3, but its labels", "whole.h5 are 2x2");
    }

    [Test]
    public void Help_says_the_rules_that_these_tests_hold()
    {
        var help = CommandLineRun.Of("evaluate", "--help").AssertSuccess().Output;
        Assert.That(help, Does.Contain("Where no true object meets a predicted one, AP and SBD are 0 and the adapted Rand error is 1."));
        Assert.That(help, Does.Contain("Where neither side has an object, all but |DiC| is undefined: n/a, left out of the mean."));
        Assert.That(help, Does.Contain("--missing <zero>").And.Contain("--ignore-label <number>").And.Contain("--objects <file>"));
    }

    private static (int Label, int Y, int X, int Size) Square(int label, int y, int x, int size) => (label, y, x, size);

    private static Volume<int> Labels(params (int Label, int Y, int X, int Size)[] squares)
    {
        var labels = new Volume<int>(1, Side, Side);
        foreach (var (label, top, left, size) in squares)
            for (var y = top; y < top + size; y++)
                for (var x = left; x < left + size; x++)
                    labels[0, y, x] = label;
        return labels;
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The cells of a row of the table, without the lines between them.</summary>
    private static string Row(CommandLineRun run, string name)
    {
        var row = run.Output.Split('\n').Single(line => line.StartsWith($"│ {name} ", StringComparison.Ordinal));
        return string.Join(' ', row.Split('│').Skip(2).Select(cell => cell.Trim())).Trim();
    }

    private void Write(string name, params (int Label, int Y, int X, int Size)[] squares)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        TiffFile.WriteLabels(PathOf(name + ".tif"), Labels(squares));
    }

    private void WriteFloats(string name, Volume<int> labels)
    {
        var values = Array.ConvertAll(labels.Data, l => (float)l);
        new H5File { ["label"] = new H5Dataset(values, fileDims: [(ulong)labels.Height, (ulong)labels.Width]) }.Write(PathOf(name));
    }

    private JsonDocument Json(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));

    private CommandLineRun Evaluate(params string[] options) =>
        options.Length > 1 && File.Exists(options[0])
            ? CommandLineRun.Of(["evaluate", "--labels", options[0], "--prediction", options[1], .. options[2..]])
            : CommandLineRun.Of(["evaluate", "--labels", PathOf("t"), "--prediction", PathOf("p"), .. options]);
}
