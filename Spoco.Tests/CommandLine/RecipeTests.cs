using System.Text.Json.Nodes;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Tests.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>Every recipe starts on its data set as published, and says what the appendix says.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Appendix A.1, Tables 1 to 3, line by line.</summary>
    [TestCase("cvppp", "dim 2", "maps 16,32,64,128,256,512", "order bcr", "patch 448,448", "batch-size 4", "embedding 16", "iterations 80000", "learning-rate 0.0002",
        "weight-decay 1E-05", "schedule reduceonplateau", "flips all", "scale-of image", "scale 0.7,1", "jitter-probability 0.5", "blur-probability 0.5",
        "noise-probability 0", "rotation 0", "elastic 0", "no-foreground true", "momentum 0.999", "subsets A1")]
    [TestCase("cityscapes", "dim 2", "maps 16,32,64,128,256,512", "order bcr", "patch 384,768", "batch-size 16", "embedding 8", "iterations 90000", "learning-rate 0.0002",
        "schedule reduceonplateau", "flips horizontal", "scale 0.5,2", "greyscale-probability 0.2", "blur-probability 1", "no-foreground true")]
    [TestCase("ovules", "dim 3", "maps 64,128,256,512", "order gcr", "patch 40,64,64", "batch-size 8", "embedding 16", "iterations 200000", "learning-rate 0.0002",
        "schedule reduceonplateau", "flips all", "quarter-turns true", "rotation 45", "elastic 2", "noise-probability 1", "jitter-probability 0", "anisotropic false")]
    [TestCase("ovules-adversarial", "dim 3", "learning-rate 0.0001", "adversarial true", "zeta 0.1", "critic-steps 5", "penalty-weight 10",
        "adversarial-warmup 50000", "critic-maps 64,128,256,512", "critic-rate 0.0001")]
    [TestCase("stem", "dim 3", "maps 64,128,256,512", "patch 40,64,64", "batch-size 8", "iterations 100000", "learning-rate 2E-05", "schedule constant")]
    [TestCase("vnc", "dim 2", "order gcr", "maps 16,32,64,128,256,512", "patch 448,448", "batch-size 4", "embedding 16", "iterations 100000", "learning-rate 0.0002",
        "flips all", "quarter-turns true", "rotation 45", "elastic 8", "noise-probability 1")]
    [TestCase("mitoem", "dim 2", "order gcr", "patch 448,448", "iterations 100000", "learning-rate 2E-05", "schedule constant")]
    public void The_printed_configuration_is_the_appendix(string recipe, params string[] expected)
    {
        var lines = CommandLineRun.Of("recipes", recipe).AssertSuccess().Output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length > 1).Select(w => $"{w[0].TrimStart('-')} {w[1]}").ToList();
        Assert.That(expected, Is.SubsetOf(lines));
    }

    [Test]
    public void All_recipes_are_listed()
    {
        var run = CommandLineRun.Of("recipes").AssertSuccess();
        foreach (var name in new[] { "cvppp", "cityscapes", "ovules", "stem", "vnc", "mitoem", "dsb2018" })
            Assert.That(run.Output, Does.Contain($"{name} "));
        CommandLineRun.Of("recipes", "imagenet").AssertBadInput("imagenet", "cvppp, cityscapes, ovules, ovules-adversarial, stem, vnc, mitoem, dsb2018");
    }

    [TestCase("cvppp")]
    [TestCase("cityscapes")]
    [TestCase("ovules")]
    [TestCase("ovules-adversarial")]
    [TestCase("stem")]
    [TestCase("vnc")]
    [TestCase("mitoem")]
    [TestCase("dsb2018")]
    public void Ten_steps_on_the_published_layout(string recipe)
    {
        string[] small = ["--batch-size", "2", "--maps", "8,16", "--iterations", "10", "--validate-every", "5", "--device", "cpu", "--out", _folder.File("model")];
        string[] data = recipe switch
        {
            "cvppp" => ["--data", PublishedDataSets.Cvppp(_folder.File("training")), "--patch", "48,48", "--instance-ratio", "0.4"],
            "cityscapes" => ["--data", PublishedDataSets.Cityscapes(_folder.File("data")), "--patch", "24,48", "--class", "car", "--instance-ratio", "0.8"],
            "ovules" => ["--data", PublishedDataSets.Tissue(_folder.File("data")), "--patch", "8,16,16"],
            "ovules-adversarial" => ["--data", PublishedDataSets.Tissue(_folder.File("data")), "--patch", "8,16,16", "--adversarial-warmup", "8", "--critic-maps", "4,8"],
            "stem" => ["--data", PublishedDataSets.Tissue(_folder.File("data")), "--patch", "8,16,16", "--instance-ratio", "0.1", "--from", Source("3", "8,16,16")],
            "vnc" => ["--data", PublishedDataSets.Vnc(_folder.File("data")), "--patch", "40,40"],
            "mitoem" => ["--data", PublishedDataSets.MitoEm(_folder.File("data")), "--patch", "40,40", "--instance-ratio", "0.1", "--from", Source("2", "40,40")],
            _ => ["--data", PublishedDataSets.Dsb2018(_folder.File("data")), "--patch", "40,40"],
        };
        CommandLineRun.Of(["train", "--recipe", recipe, .. small, .. data]).AssertSuccess();
        Assert.That(File.ReadAllLines(_folder.File("model/log.csv")), Has.Length.EqualTo(11));
        var stored = StoredSettings.Of(_folder.File("model/best.safetensors"))!;
        Assert.That((stored.Source.Recipe, stored.Optimiser.Iterations, stored.Optimiser.LearningRate), Is.EqualTo((recipe, 10, Recipe.Named(recipe).Settings.Optimiser.LearningRate)));
        Assert.That(stored.Augmentation, Is.EqualTo(Recipe.Named(recipe).Settings.Augmentation), "stored as a whole");
    }

    [Test]
    public void Fine_tuning_recipes_need_a_model()
    {
        CommandLineRun.Of("train", "--recipe", "stem", "--data", "x", "--out", _folder.File("m")).AssertBadInput("--from");
        CommandLineRun.Of("train", "--recipe", "none", "--data", "x", "--out", _folder.File("m")).AssertBadInput("no recipe 'none'");
    }

    /// <summary>A model that sees whole images resized: its segmentations have the image's own size, with and without a mask, and are scored.</summary>
    [Test]
    public void Cityscapes_from_training_to_scores()
    {
        var data = PublishedDataSets.Cityscapes(_folder.File("data"));
        var (model, result) = (_folder.File("model"), _folder.File("result"));
        CommandLineRun.Of("train", "--recipe", "cityscapes", "--data", data, "--class", "car", "--patch", "24,48", "--batch-size", "2", "--maps", "4,8", "--iterations", "2",
            "--device", "cpu", "--out", model).AssertSuccess();
        var list = File.ReadAllLines(Path.Combine(model, "data.csv"));
        Assert.That(list[0], Is.EqualTo("part,image,objects,known"));
        Assert.That(list.Count(l => l.StartsWith("train,aachen", StringComparison.Ordinal)), Is.EqualTo(3), "Bremen has no car");
        Assert.That(list.Any(l => l.Contains("bremen", StringComparison.Ordinal)), Is.False);

        CommandLineRun.Of("segment", "--model", model, "--input", Path.Combine(data, "leftImg8bit", "val"), "--out", result, "--device", "cpu",
            "--foreground", Path.Combine(data, "gtFine", "val")).AssertSuccess();
        var labels = InputFile.ReadLabels(Path.Combine(result, "lindau_000000_000019_leftImg8bit.png"));
        Assert.That((labels.Height, labels.Width), Is.EqualTo((48, 96)));
        var run = CommandLineRun.Of("evaluate", "--prediction", result, "--labels", Path.Combine(data, "gtFine", "val"), "--class", "car",
            "--foreground", Path.Combine(data, "gtFine", "val")).AssertSuccess();
        Assert.That(run.Output, Does.Contain("lindau_000000"));
        CommandLineRun.Of("evaluate", "--prediction", result, "--labels", Path.Combine(data, "gtFine", "val"), "--class", "bus").AssertBadInput("bus");
        CommandLineRun.Of("predict", "--model", model, "--input", Path.Combine(data, "leftImg8bit", "val"), "--out", _folder.File("e"), "--device", "cpu").AssertSuccess();
        Assert.That(InputFile.ReadImage(_folder.File("e/lindau_000000_000019_leftImg8bit.h5"), "embeddings_f").Height, Is.EqualTo(24));
    }

    [Test]
    public void Cvppp_is_segmented_within_its_foreground()
    {
        var data = PublishedDataSets.Cvppp(_folder.File("data"));
        var (model, result) = (_folder.File("model"), _folder.File("result"));
        CommandLineRun.Of("train", "--recipe", "cvppp", "--data", data, "--patch", "48,48", "--batch-size", "2", "--maps", "4,8", "--iterations", "2", "--device", "cpu", "--out", model)
            .AssertSuccess();
        var plants = Path.Combine(data, "A1");
        CommandLineRun.Of("segment", "--model", model, "--input", plants, "--out", result, "--foreground", plants, "--device", "cpu", "--orientations", "1").AssertSuccess();
        Assert.That(Directory.GetFiles(result, "*_rgb.png"), Has.Length.EqualTo(5), "labels and masks are no images");
        var run = CommandLineRun.Of("evaluate", "--prediction", result, "--labels", plants).AssertSuccess();
        Assert.That(run.Output, Does.Contain("plant004_rgb"));
    }

    [Test]
    public void A_recipe_as_a_file_is_the_recipe([Values("cvppp", "cityscapes", "ovules", "dsb2018")] string recipe)
    {
        var options = new TrainSettingOptions();
        var path = _folder.File("recipe.json");
        File.WriteAllText(path, CommandLineRun.Of("recipes", recipe, "--json").AssertSuccess().Output);
        Assert.That(options.Describe(options.ReadFile(path, new TrainSettings())), Is.EqualTo(options.Describe(Recipe.Named(recipe).Settings)));
    }

    [Test]
    public void Options_override_the_file_and_the_file_the_recipe()
    {
        var path = _folder.File("mine.json");
        File.WriteAllText(path, """{ "iterations": 7, "batch-size": 3, "maps": [4, 8], "patch": [32, 32], "validate-every": 7, "noise": [0, 0.5], "flips": "none" }""");
        CommandLineRun.Of("train", "--recipe", "dsb2018", "--config", path, "--batch-size", "1", "--data", PublishedDataSets.Dsb2018(_folder.File("data")),
            "--out", _folder.File("model"), "--device", "cpu").AssertSuccess();
        var settings = StoredSettings.Of(_folder.File("model/last.safetensors"))!;
        Assert.That((settings.Optimiser.Iterations, settings.Data.BatchSize, settings.Network.Order, settings.Source.Recipe), Is.EqualTo((7, 1, "bcr", "dsb2018")));
        Assert.That(settings.Augmentation.NoiseDeviation.To, Is.EqualTo(0.5));
        CommandLineRun.Of("train", "--resume", "--config", path, "--out", _folder.File("model"), "--device", "cpu").AssertBadInput("--resume");
    }

    [TestCase("{ \"iteration\": 7 }", "no setting 'iteration'")]
    [TestCase("{ \"iterations\": \"many\" }", "iterations", "\"many\"")]
    [TestCase("{ \"flips\": \"sideways\" }", "flips")]
    [TestCase("{ \"noise\": [1] }", "noise")]
    [TestCase("{ \"maps\": null }", "maps")]
    [TestCase("[1, 2]", "not a JSON object")]
    [TestCase("{ \"iterations\": ", "not a JSON object")]
    public void A_wrong_file_is_named(string text, params string[] parts)
    {
        var path = _folder.File("mine.json");
        File.WriteAllText(path, text);
        CommandLineRun.Of("train", "--config", path, "--data", "x", "--out", _folder.File("model")).AssertBadInput(["mine.json", .. parts]);
        CommandLineRun.Of("train", "--config", _folder.File("none.json"), "--data", "x", "--out", _folder.File("model")).AssertBadInput("none.json", "no such file");
    }

    /// <summary>A model to start from, trained on other images.</summary>
    private string Source(string dimensions, string patch)
    {
        var data = dimensions == "3" ? PublishedDataSets.Tissue(_folder.File("source-data")) : PublishedDataSets.Vnc(_folder.File("source-data"));
        CommandLineRun.Of("train", "--recipe", dimensions == "3" ? "ovules" : "vnc", "--data", data, "--patch", patch, "--batch-size", "1", "--maps", "8,16", "--iterations", "2",
            "--device", "cpu", "--out", _folder.File("source")).AssertSuccess();
        return _folder.File("source");
    }
}
