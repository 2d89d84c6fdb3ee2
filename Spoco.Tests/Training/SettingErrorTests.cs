using System.Text.RegularExpressions;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Training;

namespace Spoco.Tests.Training;

/// <summary>Errors about settings name properties in the engine and options on the command line.</summary>
public sealed partial class SettingErrorTests
{
    private static readonly LabelSettings Sparse = new() { Supervision = Supervision.Sparse };

    private static IEnumerable<TestCaseData> WrongSettings =>
    [
        Case("Labels.InstanceRatio", "--instance-ratio", s => s with { Labels = Sparse with { InstanceRatio = 0 } }),
        Case("Labels.InstanceRatio", "--instance-ratio", s => s with { Labels = new() { InstanceRatio = 0.5 } }),
        Case("Labels.Budget", "--budget", s => s with { Labels = Sparse with { Budget = 0 } }),
        Case("Labels.Budget", "--budget", s => s with { Labels = Sparse with { Budget = 3, InstanceRatio = 0.5 } }),
        Case("Labels.Budget", "--budget", s => s with { Labels = new() { Budget = 3 } }),
        Case("Labels.KnownObjects", "--known-objects", s => s with { Labels = Sparse with { KnownObjects = ["a:1"], Budget = 3 } }),
        Case("Labels.SelfSupervised", "--self-supervised", s => s with { Labels = Sparse with { SelfSupervised = true, Budget = 3 } }),
        Case("Labels.SelfSupervised", "--self-supervised", s => s with { Labels = Sparse with { SelfSupervised = true }, Loss = new() { ConsistencyWeight = 0 } }),
        Case("Labels.BackgroundLabel", "--background-label", s => s with { Labels = new() { BackgroundLabel = 255 } }),
        Case("Labels.BackgroundLabel", "--background-label", s => s with { Labels = Sparse with { BackgroundLabel = 0 } }),
        Case("Labels.Extent", "--labels-are", s => s with { Labels = new() { Extent = LabelExtent.Partial } }),
        Case("Critic.Enabled", "--adversarial", s => s with { Labels = Sparse with { Extent = LabelExtent.Partial }, Critic = new() { Enabled = true } }),
        Case("Critic.Enabled", "--adversarial", s => s with { Labels = Sparse with { SelfSupervised = true }, Critic = new() { Enabled = true } }),
        Case("Critic.WarmUp", "--adversarial-warmup", s => s with { Critic = new() { Enabled = true, WarmUp = 10 }, Optimiser = new() { Iterations = 10 } }),
        Case("Loss.ForegroundShare", "--foreground-share", s => s with { Loss = new() { ForegroundShare = 0.5 } }),
        Case("Loss.ForegroundShare", "--foreground-share", s => s with { Labels = Sparse, Loss = new() { ForegroundShare = 1 } }),
        Case("Validation.Labels", "--validation-labels", s => s with { Validation = new() { Labels = ValidationLabels.Sparse } }),
        Case("Augmentation.ScaleOf", "--scale-of", s => s with { Network = new() { Dimensions = 3 }, Augmentation = new() { ScaleOf = ScaleReference.Image } }),
        Case("Optimiser.Iterations", "--iterations", s => s with { Optimiser = new() { Iterations = 0 } }),
        Case("Data.FreePatches", "--free-patches", s => s with { Data = new() { FreePatches = 1.5 } }),
        Case("Data.BatchSize", "--batch-size", s => s with { Data = new() { BatchSize = 0 } }),
        Case("Validation.Every", "--validate-every", s => s with { Validation = new() { Every = 0 } }),
        Case("Data.Patch", "--patch", s => s with { Data = new() { Patch = [32] } }),
        Case("Data.Normalise", "--normalise", s => s with { Data = new() { Normalise = "percentile(9,1)" } }),
    ];

    [TestCaseSource(nameof(WrongSettings))]
    public void A_setting_is_named_by_its_path_and_as_an_option(string path, string option, Func<TrainingSettings, TrainingSettings> change) =>
        AssertNamed(path, option, change(new TrainingSettings()).Validate);

    [Test]
    public void So_is_one_that_does_not_fit_the_objects()
    {
        IReadOnlyList<int>[] objects = [[1, 2], [1, 2, 3]];
        AssertNamed("Labels.InstanceRatio", "--instance-ratio", () => InstanceSelection.OfSet(objects, 2, seed: 1));
        AssertNamed("Labels.Budget", "--budget", () => InstanceSelection.OfBudget(objects, 0, dense: false, exactly: false, seed: 1));
        AssertNamed("Labels.Budget", "--budget", () => InstanceSelection.OfBudget(objects, 6, dense: false, exactly: false, seed: 1));
        AssertNamed("Labels.Budget", "--budget", () => InstanceSelection.OfBudget(objects, 4, dense: true, exactly: false, seed: 1));
        AssertNamed("Labels.Budget", "--budget", () => InstanceSelection.OfBudget(objects, 4, dense: true, exactly: true, seed: 1));
        foreach (var known in (string[])["a", "c:1", "a:3"])
            AssertNamed("Labels.KnownObjects", "--known-objects", () => InstanceSelection.OfNames(["a", "b"], objects, [known]));
    }

    [Test]
    public void Every_option_has_the_path_of_its_property()
    {
        var names = new TrainSettingOptions().NamesByPath;
        Assert.That(names.Keys.Where(path => !Exists(typeof(TrainSettings), path)), Is.Empty);
        Assert.That((names["Labels.Extent"], names["Network.Dimensions"], names["Augmentation.Scale"], names["Critic.Maps"]), Is.EqualTo(("--labels-are", "--dim", "--scale", "--critic-maps")));
    }

    [Test]
    public void What_is_not_about_a_setting_keeps_its_words() =>
        Assert.That(SettingErrors.Message(new InputException("Labels.Budget: no such file.")), Is.EqualTo("Labels.Budget: no such file."));

    /// <summary>Neither texts nor documentation of the engine speak of options.</summary>
    [TestCase("Spoco.Engine")]
    [TestCase("Spoco.Kernels")]
    public void The_engine_knows_no_options(string project)
    {
        var files = Directory.GetFiles(Path.Combine(ShownProgram.Project, project), "*.cs", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.GreaterThan(50));
        Assert.That(files.SelectMany(file => File.ReadLines(file).Where(line => Option().IsMatch(line)).Select(line => $"{Path.GetFileName(file)}: {line.Trim()}")), Is.Empty);
    }

    private static void AssertNamed(string path, string option, Action wrong)
    {
        var error = Assert.Throws<InputException>(() => wrong())!;
        Assert.That(error.Setting, Is.EqualTo(path));
        Assert.That(error.Message, Does.StartWith($"{path}: ").And.Not.Contain("--"));
        Assert.That(SettingPath().Matches(error.Message).Select(name => name.Value).Where(name => !Exists(typeof(TrainingSettings), name)), Is.Empty, error.Message);
        var shown = SettingErrors.Message(error);
        Assert.That(shown, Does.StartWith($"{option}: ").And.Not.Match(SettingPath().ToString()));
        Assert.That(shown.Length - shown.Replace("--", "").Length, Is.EqualTo(2 * SettingPath().Count(error.Message)), shown);
    }

    private static bool Exists(Type settings, string path) =>
        path.Split('.').Aggregate((Type?)settings, (type, name) => type?.GetProperty(name)?.PropertyType) is not null;

    private static TestCaseData Case(string path, string option, Func<TrainingSettings, TrainingSettings> change) => new(path, option, change);

    [GeneratedRegex(@"\b[A-Z]\w*\.[A-Z]\w*")]
    private static partial Regex SettingPath();

    [GeneratedRegex("""("|//)[^"]*--[a-z]""")]
    private static partial Regex Option();
}
