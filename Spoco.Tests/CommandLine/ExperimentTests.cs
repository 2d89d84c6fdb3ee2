using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Spoco.Cli.Experiments;
using Spoco.Cli.Training;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;
using Spoco.Kernels;
using Spoco.Tests.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>The studies of the paper's appendix on a few small images.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExperimentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out");

    public void Dispose() => _folder.Dispose();

    [TestCase("ablation", 4, "--ratios", "0.5")]
    [TestCase("loss", 4, "--foreground", "embedding", "--orientations", "2")]
    [TestCase("g-network", 4)]
    [TestCase("order", 6, "--ratios", "0.5")]
    [TestCase("precision", 3)]
    [TestCase("momentum", 2, "--values", "0.9,0.99")]
    [TestCase("kernel-threshold", 4, "--ratios", "0.1,0.5", "--values", "0.5,0.9")]
    [TestCase("transfer", 3, "--ratios", "0.2")]
    [TestCase("loss", 4, "--clustering", "hdbscan", "--min-size", "20", "--fill", "true")]
    [TestCase("momentum", 1, "--values", "0.9", "--clustering", "consistency")]
    public void A_study_writes_its_table_and_its_plot(string study, int rows, params string[] options)
    {
        var data = DataSet.Write(_folder.File("data"), train: 2, size: 96);
        if (study == "transfer")
        {
            CommandLineRun.Of("train", "--data", data, "--out", _folder.File("source"), "--patch", "32,32", "--maps", "4,8", "--embedding", "4",
                "--iterations", "1", "--device", "cpu").AssertSuccess();
            options = [.. options, "--from", _folder.File("source")];
        }

        // Small margins: what is hardly trained falls apart, in every row in another way.
        Run(study, data, seeds: 1, [.. options, "--pull-margin", "0.002", "--push-margin", "0.006"]).AssertSuccess();
        AssertFiles(rows, data, options);
    }

    [Test]
    public void A_budget_is_spent_in_one_image_or_in_many()
    {
        var data = DataSet.Write(_folder.File("data"), train: 3, size: 48);
        var first = Cli.Files.InputFile.ReadLabels(Path.Combine(data, "train", "labels", "cell0.png")).Data.Distinct().Count(l => l > 0);
        Run("budget", data, seeds: 1, "--budget", $"{first}").AssertSuccess();
        AssertFiles(rows: 2, data);
    }

    /// <summary>The second and third row have as many objects as each other; those that were suggested are not asked for again when a run goes on.</summary>
    [Test]
    public void Suggested_objects_are_added_to_those_of_the_budget()
    {
        var data = DataSet.Write(_folder.File("data"), train: 4, size: 48);
        string[] options = ["--budget", "2", "--validate-every", "1"];
        var run = Run("suggest", data, seeds: 1, options).AssertSuccess();
        Assert.That(run.Error, Does.Contain("regions suggested until 2 showed an object"));
        AssertFiles(rows: 3, data);
        var stored = Study.All.Single(s => s.Name == "suggest").Rows([], [], new TrainSettings { Labels = new() { Budget = 2 } })
            .Select(row => StoredSettings.OfFolder(Path.Combine(Out, "runs", $"{row.Name}-seed1"))).ToArray();
        Assert.That((stored[0].Labels.Budget, stored[0].Labels.KnownObjects.Length), Is.EqualTo(((int?)2, 0)));
        Assert.That(stored.Skip(1).Select(s => (s.Labels.Budget, s.Labels.KnownObjects.Distinct().Count())), Is.All.EqualTo(((int?)null, 4)));
        Assert.That(stored[1].Labels.KnownObjects.Intersect(stored[2].Labels.KnownObjects).Count(), Is.GreaterThanOrEqualTo(2), "those of the budget");

        var (results, last) = (Path.Combine(Out, "results.csv"), Path.Combine(Out, "runs", "2-2-suggested-seed1"));
        var expected = File.ReadAllLines(results);
        InterruptedTraining.Leave(last);
        File.WriteAllLines(results, expected[..3]);
        run = Run("suggest", data, seeds: 1, options).AssertSuccess();
        Assert.That(File.ReadAllLines(results), Is.EqualTo(expected));
        Assert.That(run.Error, Does.Not.Contain("regions suggested"));
    }

    /// <summary>Finished runs are not repeated, an interrupted one goes on, and both end as if nothing had happened.</summary>
    [Test]
    public void A_study_goes_on_where_it_was()
    {
        var data = DataSet.Write(_folder.File("data"), train: 2, size: 48);
        string[] options = ["--ratios", "0.5", "--validate-every", "1"];
        Run("g-network", data, seeds: 2, options).AssertSuccess();
        var results = Path.Combine(Out, "results.csv");
        var (expected, table) = (File.ReadAllLines(results), File.ReadAllText(Path.Combine(Out, "table.md")));
        Assert.That(expected, Has.Length.EqualTo(9));
        var untouched = Path.Combine(Out, "runs", "shared-seed1", "last.safetensors");
        var written = File.GetLastWriteTimeUtc(untouched);

        // The last run but one was interrupted at once, the last was killed before its first checkpoint.
        var half = Path.Combine(Out, "runs", "trained-seed2");
        var whole = SafeTensors.Open(Path.Combine(half, "last.safetensors"));
        var values = whole.Read("net_f.final_conv.weight");
        InterruptedTraining.Leave(half);
        File.Delete(Path.Combine(Out, "runs", "momentum-seed2", "last.safetensors"));
        Assert.That(File.Exists(Path.Combine(Out, "runs", "momentum-seed2", "best.safetensors")));
        File.WriteAllLines(results, expected[..7]);
        Run("g-network", data, seeds: 2, options).AssertSuccess();
        Assert.That(File.ReadAllLines(results), Is.EqualTo(expected));
        Assert.That(File.ReadAllText(Path.Combine(Out, "table.md")), Is.EqualTo(table));
        Assert.That(File.GetLastWriteTimeUtc(untouched), Is.EqualTo(written));
        Assert.That(SafeTensors.Open(Path.Combine(half, "last.safetensors")).Read("net_f.final_conv.weight"), Is.EqualTo(values));

        // Another mask: all runs are scored again, none is trained.
        Run("g-network", data, seeds: 2, [.. options, "--foreground", "none"]).AssertSuccess();
        Assert.That(File.ReadAllLines(results), Has.Length.EqualTo(17));
        Assert.That(File.GetLastWriteTimeUtc(untouched), Is.EqualTo(written));

        // Another clustering, and with other numbers: the same.
        foreach (var (size, rows) in new[] { ("20", 25), ("20", 25), ("10", 33) })
        {
            Run("g-network", data, seeds: 2, [.. options, "--clustering", "hdbscan", "--min-size", size]).AssertSuccess();
            Assert.That(File.ReadAllLines(results), Has.Length.EqualTo(rows));
            Assert.That(File.ReadAllText(Path.Combine(Out, "table.md")), Does.Contain($"clustering: hdbscan --min-size {size}."));
        }

        Assert.That(File.GetLastWriteTimeUtc(untouched), Is.EqualTo(written));
        Run("g-network", data, seeds: 2, [.. options, "--embedding", "5"]).AssertBadInput("--embedding 4", "choose another --out");
    }

    [TestCase("ablation", "--ratios", "0")]
    [TestCase("ablation", "--ratios", "a")]
    [TestCase("ablation", "--ratios", "0.1,0.1")]
    [TestCase("ablation", "--supervision", "full")]
    [TestCase("ablation", "--unlabelled-push-weight", "1")]
    [TestCase("ablation", "--seeds", "0")]
    [TestCase("ablation", "--orientations", "3")]
    [TestCase("ablation", "--ratios", "0.5", "--foreground", "nowhere")]
    [TestCase("g-network", "--g-network", "trained")]
    [TestCase("order", "--ratios", "0.1,2")]
    [TestCase("order", "--ratios", "0.1,,0.4")]
    [TestCase("order", "--ratios", "0.4,0.4")]
    [TestCase("order", "--g-network", "shared")]
    [TestCase("order", "--consistency-weight", "1")]
    [TestCase("order", "--iterations", "0")]
    [TestCase("order", "--iterations", "3000 steps")]
    [TestCase("order", "--seeds", "five")]
    [TestCase("order", "--seeds", "1001")]
    [TestCase("precision", "--precision", "tf32")]
    [TestCase("precision", "--values", "tf32")]
    [TestCase("g-network", "--clustering", "consistency")]
    [TestCase("loss", "--min-size", "20")]
    [TestCase("loss", "--clustering", "hdbscan", "--min-size", "1")]
    [TestCase("loss", "--clustering", "mean-shift", "--orientations", "2")]
    [TestCase("kernel-threshold", "--values", "1")]
    [TestCase("transfer")]
    [TestCase("budget", "--budget", "999")]
    [TestCase("suggest", "--budget", "999")]
    [TestCase("suggest", "--supervision", "full")]
    public void Impossible_choices_are_one_line(string study, params string[] options) =>
        Run(study, DataSet.Write(_folder.File("data"), train: 2, size: 48), seeds: 1, options).AssertBadInput();

    [Test]
    public void Models_without_a_foreground_are_refused_before_any_is_trained()
    {
        Run("ablation", DataSet.Write(_folder.File("data"), train: 2, size: 48), seeds: 1, "--ratios", "0.5", "--foreground", "learned").AssertBadInput("--foreground: learned needs");
        Assert.That(Directory.Exists(Path.Combine(Out, "runs")), Is.False);
    }

    [Test]
    public void A_mean_has_a_deviation_and_a_diverged_run_is_named()
    {
        var study = Study.All.Single(s => s.Name == "loss");
        StudyRow row = new("DL + L_obj", "", null, s => s), other = new("DL", "", null, s => s);
        FinishedRow[] rows =
        [
            new(row, [new("a", 1, "", 0.5, 1, 0.1, 0.05), new("a", 2, "", 0.7, 2, 0.2, 0.05), new("a", 3, "", 0.9, 6, 0.3, 0.05)]),
            new(other, [RunResult.OfDiverged("b", 1, ""), new("b", 2, "", 0.25, 1, 1, 1)]),
        ];
        var table = StudyTable.Markdown(study, rows, "note");
        Assert.That(table, Does.Contain("| Loss function | SBD | \\|DiC\\| | AP@0.5 | mAP |"));
        Assert.That(table, Does.Contain("| DL + L_obj | 0.700 ± 0.200 | 3.000 ± 2.646 | 0.200 ± 0.100 | 0.050 ± 0.000 |"));
        Assert.That(table, Does.Contain("| DL (1 of 2 diverged) | 0.250 | 1.000 | 1.000 | 1.000 |"));
        var plot = XDocument.Parse(StudyPlot.Draw(study, rows));
        Assert.That(plot.Descendants().Count(e => e.Name.LocalName == "path"), Is.EqualTo(2), "an error bar in both panels");
    }

    [Test]
    public void Every_row_of_every_study_has_a_name_of_its_own()
    {
        foreach (var study in Study.All)
        {
            var rows = study.Rows(study.Ratios, study.Values, new TrainSettings { Network = new() { From = "x" } }).ToList();
            Assert.That(rows.Select(r => r.Name), Is.Unique);
            Assert.That(rows.Select(r => r.Name),
                Has.All.Matches<string>(name => name!.Length > 0 && name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0));
            Assert.That(rows.Select(r => r.X is not null), Has.All.EqualTo(study.IsCurve));
        }
    }

    /// <summary>The rows of both tables; that of the slow copy is the first.</summary>
    [Test]
    public void The_order_is_asked_of_the_variants_of_the_paper()
    {
        var (study, common) = (Study.All.Single(s => s.Name == "order"), new TrainSettings());
        var rows = study.Rows(study.Ratios, study.Values, common).Select(row => (row.Label, row.Apply(common))).ToArray();
        var loss = new[] { 0.1, 0.4, 0.8 }.SelectMany(ratio => new (string Label, double Ratio, double Push, double? Consistency, GNetwork G)[]
        {
            (FormattableString.Invariant($"@{ratio}"), ratio, 1, null, GNetwork.Momentum), (FormattableString.Invariant($"@{ratio} w/o L_Upush"), ratio, 0, null, GNetwork.Momentum),
            (FormattableString.Invariant($"@{ratio} w/o L_Ucon"), ratio, 1, 0, GNetwork.Momentum),
        });
        (string, double, double, double?, GNetwork)[] g =
        [
            ("@0.1 g shared", 0.1, 1, null, GNetwork.Shared), ("@0.1 g dropout", 0.1, 1, null, GNetwork.Dropout), ("@0.1 g trained", 0.1, 1, null, GNetwork.Trained),
        ];
        Assert.That(rows.Select(row => (row.Label, row.Item2.Labels.InstanceRatio, row.Item2.Loss.UnlabelledPushWeight, row.Item2.Loss.ConsistencyWeight, row.Item2.Optimiser.GNetwork)),
            Is.EqualTo(loss.Concat(g)));
        Assert.That(rows.Select(row => row.Item2.Labels.Supervision), Is.All.EqualTo(Supervision.Sparse));
        foreach (var name in new[] { "ablation", "g-network" })
        {
            var alone = Study.All.Single(s => s.Name == name);
            var settings = alone.Rows(alone.Ratios, alone.Values, common).Select(row => Described(row.Apply(common))).Where(text => !text.Contains("supervision=Full", StringComparison.OrdinalIgnoreCase));
            Assert.That(settings, Is.SubsetOf(rows.Select(row => Described(row.Item2))), name);
        }

        static string Described(TrainSettings settings) => string.Join(' ', new TrainSettingOptions().Describe(settings).Select(s => $"{s.Name}={s.Value}"));
    }

    [Test]
    public void Every_precision_is_trained_with_all_other_settings_the_same()
    {
        var common = new TrainSettings();
        var applied = Study.All.Single(s => s.Name == "precision").Rows([], [], common).Select(row => (row.Label, row.Apply(common))).ToArray();
        Assert.That(applied.Select(row => (row.Label, row.Item2.Optimiser.Precision)),
            Is.EqualTo(new (string, Precision?)[] { ("fp32", Precision.F32), ("tf32", Precision.TF32), ("bf16", Precision.BF16) }));
        Assert.That(applied.Select(row => row.Item2 with { Optimiser = row.Item2.Optimiser with { Precision = null } }), Is.All.EqualTo(common));
    }

    /// <summary>Means over the steps of a line and over the seeds; the last line may be of fewer steps, and a run that diverged is left out.</summary>
    [Test]
    public void Losses_of_all_rows_stand_beside_each_other()
    {
        foreach (var (run, factor) in new[] { ("a-seed1", 1), ("a-seed2", 3), ("b-seed1", 10) })
        {
            Directory.CreateDirectory(_folder.File(run));
            File.WriteAllLines(_folder.File($"{run}/log.csv"), Enumerable.Range(0, 25).Select(i => $"{i},0.1,{i * factor},0").Prepend(TrainingLog.Header));
        }

        FinishedRow[] rows =
        [
            new(new("a", "", null, s => s), [Of("a", 1), Of("a", 2)]), new(new("b", "", null, s => s), [Of("b", 1), RunResult.OfDiverged("b", 2, "")]), new(new("c", "", null, s => s), []),
        ];
        new StudyLosses(_folder.Path, iterations: 25).Write(_folder.File("losses.csv"), rows);
        var lines = File.ReadAllLines(_folder.File("losses.csv"));
        Assert.That(lines, Has.Length.EqualTo(10));
        Assert.That(lines[..3].Concat(lines[^1..]), Is.EqualTo(new[] { "up_to_iteration,a,b,c", "3,2,10,NaN", "6,8,40,NaN", "25,48,240,NaN" }));

        static RunResult Of(string run, long seed) => new(run, seed, "", 1, 1, 1, 1);
    }

    /// <summary>The seed changes objects, weights and patches, not which images are held out.</summary>
    [Test]
    public void Every_seed_is_scored_on_the_same_images()
    {
        var data = DataSet.Write(_folder.File("data"), train: 6, size: 48);
        Directory.Delete(Path.Combine(data, "val"), recursive: true);
        Run("loss", data, seeds: 3, "--held-out", "0.5").AssertSuccess();
        var lists = Enumerable.Range(1, 3).Select(seed => File.ReadAllLines(Path.Combine(Out, "runs", $"dl-seed{seed}", "data.csv"))).ToArray();
        Assert.That(lists[1], Is.EqualTo(lists[0]));
        Assert.That(lists[2], Is.EqualTo(lists[0]));
        var weights = Enumerable.Range(1, 2).Select(seed =>
            SafeTensors.Open(Path.Combine(Out, "runs", $"dl-seed{seed}", "last.safetensors")).Read("net_f.final_conv.weight")).ToArray();
        Assert.That(weights[1], Is.Not.EqualTo(weights[0]));
    }

    /// <summary>Of a study with one seed: every run has the scores that <c>spoco segment</c> and <c>spoco evaluate</c> give its model, and the table says the same.</summary>
    private void AssertFiles(int rows, string data, params string[] options)
    {
        var results = File.ReadAllLines(Path.Combine(Out, "results.csv")).Skip(1).Select(line => line.Split(',')).ToArray();
        Assert.That(results, Has.Length.EqualTo(rows));
        foreach (var result in results)
            Assert.That(result[2..6].Select(Number), Is.EqualTo(Scores(result[0], data, options)).Within(1e-5), result[0]);
        Assert.That(File.ReadAllLines(Path.Combine(Out, "table.md")).Count(line => line.StartsWith('|')), Is.EqualTo(2 + rows));
        Assert.That(File.ReadAllLines(Path.Combine(Out, "table.csv")).Skip(1).Select(line => string.Join(',', line.Split(',')[1..])),
            Is.EqualTo(results.Select(result => $"1,0,{string.Join(',', result[2..6].Select(score => $"{score},0"))}")), "one run that did not diverge: its scores, without a deviation");
        Assert.That(XDocument.Load(Path.Combine(Out, "plot.svg")).Root!.Name.LocalName, Is.EqualTo("svg"));
        Assert.That(Directory.GetDirectories(Path.Combine(Out, "runs")), Has.Length.EqualTo(rows));
        var losses = File.ReadAllLines(Path.Combine(Out, "losses.csv")).Skip(1).Select(line => line.Split(',')[1..].Select(Number));
        var logs = results.Select(result => File.ReadAllLines(Path.Combine(Out, "runs", $"{result[0]}-seed1", "log.csv")).Skip(1).Select(line => Number(line.Split(',')[2])).ToArray()).ToArray();
        Assert.That(losses, Is.EqualTo(new[] { 0, 1 }.Select(step => logs.Select(log => log[step]))).Within(1e-3), "two steps, a line each");
    }

    /// <summary>SBD, |DiC|, AP at 0.5 and mAP of a run's model on the validation images; the labels are the mask of the true foreground.</summary>
    private double[] Scores(string run, string data, string[] options)
    {
        var labels = Path.Combine(data, "val", "labels");
        string[] division = ["--clustering", "--min-size", "--fill"];
        CommandLineRun.Of(["segment", "--model", Path.Combine(Out, "runs", $"{run}-seed1", "last.safetensors"), "--input", Path.Combine(data, "val", "images"), "--out", _folder.File(run),
            "--foreground", Value("--foreground") ?? labels, "--orientations", Value("--orientations") ?? "1", "--device", "cpu",
            .. division.Where(options.Contains).SelectMany(option => new[] { option, Value(option)! })]).AssertSuccess();
        CommandLineRun.Of("evaluate", "--prediction", _folder.File(run), "--labels", labels, "--json", _folder.File($"{run}.json")).AssertSuccess();
        using var json = JsonDocument.Parse(File.ReadAllBytes(_folder.File($"{run}.json")));
        var mean = json.RootElement.GetProperty("mean");
        return [.. new[] { "symmetric_best_dice", "difference_in_count", "average_precision50", "mean_average_precision" }.Select(score => mean.GetProperty(score).GetDouble())];

        string? Value(string option) => Array.IndexOf(options, option) is >= 0 and var at ? options[at + 1] : null;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private CommandLineRun Run(string study, string data, int seeds, params string[] options)
    {
        var all = new Dictionary<string, string>
        {
            ["--data"] = data, ["--out"] = Out, ["--patch"] = "32,32", ["--iterations"] = "2", ["--device"] = "cpu", ["--seeds"] = $"{seeds}",
        };
        if (!options.Contains("--from"))
            (all["--maps"], all["--embedding"]) = ("4,8", "4");
        for (var i = 0; i < options.Length; i += 2)
            all[options[i]] = options[i + 1];
        return CommandLineRun.Of(["experiment", study, .. all.SelectMany(o => new[] { o.Key, o.Value })]);
    }
}
