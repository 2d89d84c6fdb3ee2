using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Training;
using Spoco.Tests.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>What a training knows of the labels, and what it learns from.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SupervisionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("model");

    public void Dispose() => _folder.Dispose();

    [TestCase("sparse", 3, 3)]
    [TestCase("sparse", 6, 4)]
    public void A_sparse_budget_is_one_object_an_image(string kind, int budget, int images)
    {
        var data = DataSet.Write(_folder.File("data"), train: 4);
        Train(data, "--supervision", "sparse", "--budget", $"{budget}", "--budget-kind", kind).AssertSuccess();
        var known = Known();
        Assert.That((known.Length, known.Sum()), Is.EqualTo((images, budget)));
    }

    [Test]
    public void Objects_can_be_named()
    {
        var data = DataSet.Write(_folder.File("data"), train: 4);
        Train(data, "--supervision", "sparse", "--known-objects", "cell1:2,cell3:1,cell1:1").AssertSuccess();
        Assert.That(Known(), Is.EqualTo(new[] { 2, 1 }));
    }

    [Test]
    public void A_dense_budget_is_one_image_with_all_its_objects()
    {
        var data = DataSet.Write(_folder.File("data"), train: 4);
        var first = InputFile.ReadLabels(Path.Combine(data, "train", "labels", "cell0.png")).Data.Distinct().Count(l => l > 0);
        Train(data, "--budget", $"{first}", "--budget-kind", "dense").AssertSuccess();
        Assert.That(Known(), Is.EqualTo(new[] { first }));
        Train(data, "--budget", "999", "--budget-kind", "dense", "--out", _folder.File("other")).AssertBadInput("no image has exactly 999 objects");
    }

    [TestCase("--budget", "0")]
    [TestCase("--budget", "2", "--budget-kind", "sparse", "--supervision", "full")]
    [TestCase("--budget", "2", "--instance-ratio", "0.5", "--supervision", "sparse")]
    [TestCase("--budget", "999", "--supervision", "sparse")]
    [TestCase("--self-supervised", "true", "--instance-ratio", "0.5", "--supervision", "sparse")]
    [TestCase("--self-supervised", "true", "--consistency-weight", "0")]
    [TestCase("--known-objects", "cell0:1")]
    [TestCase("--known-objects", "cell0:1", "--supervision", "sparse", "--budget", "2")]
    [TestCase("--known-objects", "cell9:1", "--supervision", "sparse")]
    [TestCase("--background-label", "9")]
    [TestCase("--background-label", "0", "--supervision", "sparse")]
    [TestCase("--background-label", "9", "--ignore-label", "9", "--supervision", "sparse")]
    [TestCase("--foreground-share", "0.2")]
    [TestCase("--foreground-share", "1", "--supervision", "sparse")]
    [TestCase("--validation-labels", "sparse")]
    [TestCase("--labels-are", "partial")]
    [TestCase("--labels-are", "partial", "--self-supervised", "true")]
    [TestCase("--labels-are", "partial", "--supervision", "sparse", "--adversarial", "true", "--adversarial-warmup", "0")]
    [TestCase("--free-patches", "1.1")]
    [TestCase("--free-patches", "-0.1")]
    [TestCase("--held-out", "1")]
    [TestCase("--class", "tree")]
    [TestCase("--from", "/no/such/model")]
    [TestCase("--scale", "1")]
    [TestCase("--scale", "2,1")]
    [TestCase("--scale", "a,b")]
    [TestCase("--poisson-probability", "2")]
    [TestCase("--milestones", "2", "--schedule", "multistep")]
    [TestCase("--memory", "-1")]
    [TestCase("--adversarial", "true", "--adversarial-warmup", "2")]
    [TestCase("--adversarial", "true", "--adversarial-warmup", "0", "--critic-maps", "4,4,4,4,4,4")]
    [TestCase("--adversarial", "true", "--adversarial-warmup", "0", "--critic-masks", "0")]
    [TestCase("--adversarial", "true", "--adversarial-warmup", "0", "--zeta", "-1")]
    [TestCase("--adversarial", "true", "--adversarial-warmup", "0", "--self-supervised", "true")]
    [TestCase("--channels", "2")]
    [TestCase("--beta1", "1")]
    [TestCase("--loader-threads", "0")]
    public void Impossible_choices_are_one_line(params string[] options) => Train(DataSet.Write(_folder.File("data")), options).AssertBadInput();

    /// <summary>Table 6: the discriminative loss, with L_obj, with L_Ucon, with both.</summary>
    [TestCase("0", "0")]
    [TestCase("1", "0")]
    [TestCase("0", "1")]
    [TestCase("1", "1")]
    public void Full_supervision_with_terms_added(string instance, string consistency)
    {
        Train(DataSet.Write(_folder.File("data")), "--instance-weight", instance, "--consistency-weight", consistency, "--no-foreground", "true").AssertSuccess();
        var terms = Terms();
        Assert.That((terms["instance"] > 0, terms["consistency"] > 0), Is.EqualTo((instance == "1", consistency == "1")));
        Assert.That((terms["pull"] > 0, terms["unlabelled_push"]), Is.EqualTo((true, 0.0)));
    }

    /// <summary>Table 5: sparse supervision without one of its terms.</summary>
    [TestCase("0", "1")]
    [TestCase("1", "0")]
    public void Sparse_supervision_with_terms_left_out(string push, string consistency)
    {
        Train(DataSet.Write(_folder.File("data")), "--supervision", "sparse", "--instance-ratio", "0.4", "--unlabelled-push-weight", push, "--consistency-weight", consistency)
            .AssertSuccess();
        var terms = Terms();
        Assert.That((terms["unlabelled_push"] > 0, terms["consistency"] > 0), Is.EqualTo((push == "1", consistency == "1")));
    }

    [Test]
    public void Sparse_supervision_learns_a_foreground_and_estimates_its_share()
    {
        var data = DataSet.Write(_folder.File("data"));
        var run = Train(data, "--supervision", "sparse", "--instance-ratio", "0.4", "--iterations", "8").AssertSuccess();
        Assert.That(run.Error.Split("(estimated; --foreground-share sets it)"), Has.Length.EqualTo(5), "at the start, after 1, 2 and 4 steps");
        Assert.That(run.Error, Does.Match(@"in the learned foreground \(p >= 0\.\d+, joined below [0-9.]+\); as spoco segment: AP@0\.5"));
        Assert.That(Terms()["foreground"], Is.Positive);
        CommandLineRun.Of("segment", "--model", Out, "--input", Path.Combine(data, "val", "images"), "--foreground", "learned", "--out", _folder.File("result"), "--device", "cpu")
            .AssertSuccess();

        var given = Train(data, "--supervision", "sparse", "--foreground-share", "0.3", "--out", _folder.File("given")).AssertSuccess();
        Assert.That(given.Error, Does.Not.Contain("estimated"));
        var paper = Train(data, "--supervision", "sparse", "--no-foreground", "true", "--out", _folder.File("paper")).AssertSuccess();
        Assert.That(paper.Error, Does.Not.Contain("estimated"));
        Assert.That(Checkpoint.ReadOptions("paper", SafeTensors.Open(Path.Combine(_folder.File("paper"), "last.safetensors"))).Foreground, Is.False);
    }

    [Test]
    public void A_scribble_of_background_is_no_object_and_is_learned()
    {
        var data = DataSet.Write(_folder.File("data"));
        Train(data, "--supervision", "sparse").AssertSuccess();
        var (known, without) = (Known(), Terms()["foreground"]);
        foreach (var path in Directory.GetFiles(data, "*.png", SearchOption.AllDirectories).Where(path => path.Contains("labels", StringComparison.Ordinal)))
        {
            var labels = InputFile.ReadLabels(path);
            for (var i = 0; i < labels.Data.Length; i++)
                labels.Data[i] = labels.Data[i] == 0 && i % 3 == 0 ? 200 : labels.Data[i];
            PngFile.WriteLabels(path, labels);
        }

        var scribbled = _folder.File("scribbled");
        var run = Train(data, "--supervision", "sparse", "--background-label", "200", "--out", scribbled).AssertSuccess();
        Assert.That(run.Output, Does.Contain("% of the labelled background is segmented"));
        Assert.That(File.ReadAllLines(Path.Combine(scribbled, "data.csv")).Where(l => l.StartsWith("train", StringComparison.Ordinal))
            .Select(l => int.Parse(l.Split(',')[^1], CultureInfo.InvariantCulture)), Is.EqualTo(known));
        Assert.That(Terms(scribbled)["foreground"], Is.Not.EqualTo(without));
        Train(data, "--supervision", "sparse", "--background-label", "200", "--instance-ratio", "0.5", "--out", _folder.File("half")).AssertSuccess();
    }

    /// <summary>A.1: the critic begins after the warm-up; a training that was interrupted ends with the same bits.</summary>
    [Test]
    public void A_critic_judges_the_masks([Values("full", "sparse")] string supervision)
    {
        var data = DataSet.Write(_folder.File("data"));
        Train(data, "--supervision", supervision, "--adversarial", "true", "--adversarial-warmup", "1", "--critic-maps", "3,4", "--critic-steps", "2", "--critic-masks", "3",
            "--iterations", "4", "--validate-every", "2").AssertSuccess();
        var rows = File.ReadAllLines(Path.Combine(Out, "log.csv"));
        var column = System.Array.IndexOf(rows[0].Split(','), "adversarial");
        Assert.That(rows.Skip(1).Select(row => double.Parse(row.Split(',')[column], CultureInfo.InvariantCulture) != 0), Is.EqualTo(new[] { false, true, true, true }));

        var last = Path.Combine(Out, "last.safetensors");
        var expected = File.ReadAllBytes(last);
        InterruptedTraining.Leave(Out);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
        Assert.That(File.ReadAllBytes(last), Is.EqualTo(expected));
        Assert.That(File.ReadAllLines(Path.Combine(Out, "log.csv")), Is.EqualTo(rows));
    }

    /// <summary>The variants of g resume with the same bits.</summary>
    [Test]
    public void G_may_be_another_network([Values] GNetwork g)
    {
        Train(DataSet.Write(_folder.File("data")), "--supervision", "sparse", "--g-network", $"{g}", "--iterations", "4", "--validate-every", "2").AssertSuccess();
        var last = Path.Combine(Out, "last.safetensors");
        var expected = File.ReadAllBytes(last);
        InterruptedTraining.Leave(Out);
        CommandLineRun.Of("train", "--out", Out, "--resume", "--device", "cpu").AssertSuccess();
        Assert.That(File.ReadAllBytes(last), Is.EqualTo(expected));
    }

    [Test]
    public void A_model_of_grey_images_may_take_colour()
    {
        Train(DataSet.Write(_folder.File("grey")), "--channels", "3", "--no-foreground", "true").AssertSuccess();
        Train(PublishedDataSets.Cvppp(_folder.File("colour")), "--from", Out, "--subsets", "A1", "--out", _folder.File("next")).AssertSuccess();
    }

    [Test]
    public void Self_supervision_needs_no_label()
    {
        var data = DataSet.Write(_folder.File("data"));
        Directory.Delete(Path.Combine(data, "train", "labels"), recursive: true);
        Directory.Delete(Path.Combine(data, "val"), recursive: true);
        Train(data, "--self-supervised", "true").AssertSuccess();
        var terms = Terms();
        Assert.That(terms["consistency"], Is.Positive);
        Assert.That(terms["pull"] + terms["push"] + terms["instance"] + terms["unlabelled_push"] + terms["foreground"], Is.Zero);

        // What was learned is where the next training starts.
        Train(DataSet.Write(_folder.File("labelled")), "--from", Path.Combine(Out, "last.safetensors"), "--out", _folder.File("next"), "--iterations", "1", "--learning-rate", "1e-12", "--schedule", "constant").AssertSuccess();
        var (before, after) = (Array(Out), Array(_folder.File("next")));
        Assert.That(after, Is.EqualTo(before).Within(1e-6f));
    }

    [Test]
    public void A_training_starts_from_the_parameters_of_another()
    {
        var data = DataSet.Write(_folder.File("data"));
        Train(data).AssertSuccess();
        Train(data, "--from", Path.Combine(Out, "last.safetensors"), "--supervision", "sparse", "--out", _folder.File("next"), "--iterations", "1", "--learning-rate", "1e-12", "--schedule", "constant").AssertSuccess();
        Assert.That(Array(_folder.File("next")), Is.EqualTo(Array(Out)).Within(1e-6f), "the foreground channel is left out");
        Train(data, "--from", Out, "--maps", "4,16", "--out", _folder.File("wide")).AssertBadInput("feature maps", "4,8", "4,16");
        var colour = PublishedDataSets.Cvppp(_folder.File("colour"));
        Train(colour, "--from", Out, "--subsets", "A1", "--out", _folder.File("colourful")).AssertBadInput("channels of the image: the model has 1, this training has 3");
    }

    [Test]
    public void Ignored_voxels_are_neither_object_nor_background([Values("full", "sparse")] string supervision)
    {
        var path = PublishedDataSets.Volume(_folder.File("a.h5"), 12, 40, 40, seed: 3, ignored: -1);
        Train(path, "--supervision", supervision).AssertBadInput("-1", "is no label");
        Train(path, "--supervision", supervision, "--ignore-label", "-1", "--patch", "24,24").AssertSuccess();
        Assert.That(Terms()["pull"], Is.Positive);
    }

    [Test]
    public void The_schedule_may_have_steps()
    {
        Train(DataSet.Write(_folder.File("data")), "--schedule", "multistep", "--milestones", "0.5", "--learning-rate", "0.001", "--iterations", "4").AssertSuccess();
        var rates = File.ReadAllLines(Path.Combine(Out, "log.csv")).Skip(1).Select(l => double.Parse(l.Split(',')[1], CultureInfo.InvariantCulture));
        Assert.That(rates, Is.EqualTo(new[] { 1e-3, 1e-3, 1e-4, 1e-4 }).Within(1e-9));
    }

    private CommandLineRun Train(string data, params string[] options)
    {
        var all = new Dictionary<string, string>
        {
            ["--data"] = data, ["--out"] = Out, ["--patch"] = "32,32", ["--iterations"] = "2", ["--device"] = "cpu",
        };
        if (!options.Contains("--from"))
            (all["--maps"], all["--embedding"]) = ("4,8", "4");
        for (var i = 0; i < options.Length; i += 2)
            all[options[i]] = options[i + 1];
        return CommandLineRun.Of(["train", .. all.SelectMany(o => new[] { o.Key, o.Value })]);
    }

    /// <summary>Known objects of every training image.</summary>
    private int[] Known() => [.. File.ReadAllLines(Path.Combine(Out, "data.csv")).Where(l => l.StartsWith("train,", StringComparison.Ordinal))
        .Select(l => int.Parse(l.Split(',')[^1], CultureInfo.InvariantCulture))];

    /// <summary>The unweighted terms of the first step.</summary>
    private Dictionary<string, double> Terms(string? folder = null)
    {
        var lines = File.ReadAllLines(Path.Combine(folder ?? Out, "log.csv"));
        return lines[0].Split(',').Zip(lines[1].Split(','))
            .ToDictionary(p => p.First, p => double.TryParse(p.Second, CultureInfo.InvariantCulture, out var value) ? value : 0);
    }

    private static float[] Array(string model)
    {
        var file = SafeTensors.Open(Path.Combine(model, "last.safetensors"));
        return file.Read(file.Entries.Keys.Where(k => k.StartsWith("net_f.", StringComparison.Ordinal) && k.EndsWith("conv.weight", StringComparison.Ordinal)).Order().First());
    }
}
