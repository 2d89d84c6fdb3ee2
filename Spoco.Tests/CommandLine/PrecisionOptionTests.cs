using System.Text.Json.Nodes;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Kernels;

namespace Spoco.Tests.CommandLine;

/// <summary><c>--precision</c> of every command that runs a network.</summary>
public sealed class PrecisionOptionTests : FolderTests
{
    private static readonly Capabilities None = new(false, false, 1024, 32, 48 << 10, true, true, MatrixUnits.None);
    private static readonly Capabilities Units = None with { MatrixUnits = MatrixUnits.Float16 | MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32 };

    private string Data => PathOf("data");

    private string Model => PathOf("model");

    private string Last => Path.Combine(Model, "last.safetensors");

    private string Best => Path.Combine(Model, "best.safetensors");

    [TestCase("train", "--out", "o", "--data", "d")]
    [TestCase("predict", "--model", "m", "--input", "i", "--out", "o")]
    [TestCase("segment", "--model", "m", "--input", "i", "--out", "o")]
    [TestCase("suggest", "--model", "m", "--input", "i", "--out", "o")]
    [TestCase("compare-clusterings", "--model", "m", "--data", "d")]
    [TestCase("demo")]
    public void Other_words_are_one_line(params string[] command)
    {
        foreach (var word in (string[])["half", "FP32", "f32", "16", "0"])
            CommandLineRun.Of([.. command, "--precision", word]).AssertBadInput($"--precision: expected fp32, tf32, bf16 or auto, got '{word}'.");
        CommandLineRun.Of([.. command, "--precision", ""]).AssertBadInput("--precision: its value is empty");
        Assert.That(CommandLineRun.Of([.. command, "--help"]).Output, Does.Contain("--precision <fp32|tf32|bf16|auto>").And.Contain("[default: auto]"));
    }

    [Test]
    public void Studies_and_measurements_have_it_too()
    {
        CommandLineRun.Of("experiment", "ablation", "--out", "o", "--data", "d", "--precision", "half").AssertBadInput("--precision: expected fp32, tf32, bf16 or auto, got 'half'.");
    }

    [TestCase(null, "auto")]
    [TestCase(Precision.F32, "fp32")]
    [TestCase(Precision.TF32, "tf32")]
    [TestCase(Precision.BF16, "bf16")]
    public void Every_precision_has_a_word(Precision? precision, string word)
    {
        Assert.That(PrecisionWords.Of(precision), Is.EqualTo(word));
        Assert.That(PrecisionWords.Parse(word), Is.EqualTo(precision));
    }

    /// <summary>Devices that have the choice say what was chosen; of the others only those that were asked for what they do not do.</summary>
    [Test]
    public void What_was_chosen_is_one_line()
    {
        Assert.That(PrecisionWords.Line("cuda:0 (A)", Units, Precision.TF32), Is.EqualTo("precision: tf32 on cuda:0 (A)"));
        Assert.That(PrecisionWords.Line("cuda:0 (A)", Units, Precision.F32), Is.EqualTo("precision: fp32 on cuda:0 (A)"));
        Assert.That(PrecisionWords.Line("opencl:0 (B)", None, Precision.F32), Is.Null);
        Assert.That(PrecisionWords.Line("opencl:0 (B)", None, Precision.BF16), Is.EqualTo("precision: opencl:0 (B) has no matrix units for bf16; it convolves in single precision."));
    }

    /// <summary>It is stored whether or not the device rounds; the numbers are the same where it does not.</summary>
    [Test]
    public void A_training_keeps_what_was_asked_for()
    {
        DataSet.Write(Data);
        var silent = Train("--iterations", "2").AssertSuccess();
        Assert.That(silent.Error, Does.Not.Contain("precision:"));
        Assert.That(StoredSettings.Of(Last)!.Optimiser.Precision, Is.Null);
        var arrays = Arrays(Last);
        var said = Train("--iterations", "2", "--precision", "tf32", "--out", PathOf("other")).AssertSuccess();
        Assert.That(Lines(said.Error, "precision:"), Is.EqualTo(new[] { $"precision: {TestDevices.Open("cpu")} has no matrix units for tf32; it convolves in single precision." }));
        foreach (var file in (string[])["other/last.safetensors", "other/best.safetensors"])
            Assert.That(StoredSettings.Of(PathOf(file))!.Optimiser.Precision, Is.EqualTo(Precision.TF32), file);
        Assert.That(Arrays(PathOf("other/last.safetensors")), Is.EqualTo(arrays));
        using var device = ComputeDevice.Open("cpu");
        using var model = Checkpoint.Load(PathOf("other/best.safetensors"), device);
        Assert.That(model.Precision, Is.EqualTo(Precision.F32), "predictions have a precision of their own");
    }

    [Test]
    public void A_configuration_file_and_recipes_name_it()
    {
        DataSet.Write(Data);
        File.WriteAllText(PathOf("c.json"), "{ \"precision\": \"bf16\" }");
        Train("--iterations", "1", "--config", PathOf("c.json")).AssertSuccess();
        Assert.That(StoredSettings.Of(Last)!.Optimiser.Precision, Is.EqualTo(Precision.BF16));
        File.WriteAllText(PathOf("c.json"), "{ \"precision\": \"half\" }");
        Train("--config", PathOf("c.json"), "--out", PathOf("other")).AssertBadInput("precision: \"half\" is no value of this setting");
        Assert.That(JsonNode.Parse(CommandLineRun.Of("recipes", "cvppp", "--json").AssertSuccess().Output)!["precision"]!.GetValue<string>(), Is.EqualTo("auto"));
    }

    /// <summary>As a training may go on on another device, it may in another precision.</summary>
    [Test]
    public void A_resumed_training_may_have_another_precision()
    {
        DataSet.Write(Data);
        Train("--iterations", "2", "--schedule", "constant").AssertSuccess();
        Assert.That(Resume(4).AssertSuccess().Error, Does.Not.Contain("precision:").And.Not.Contain("so far this training"));
        Assert.That(Resume(6, "--precision", "bf16").AssertSuccess().Error, Does.Contain("has no matrix units for bf16"));
        Assert.That(StoredSettings.Of(Last)!.Optimiser.Precision, Is.EqualTo(Precision.BF16), "and it stays until another one is asked for");
        Assert.That(Resume(8).AssertSuccess().Error, Does.Contain("has no matrix units for bf16"));
        CommandLineRun.Of("train", "--out", Model, "--resume", "--device", "cpu", "--learning-rate", "1").AssertBadInput("--learning-rate: the training to be resumed was started with");

        var device = TestDevices.Open("cpu").ToString();
        Rewrite(Last, metadata => metadata["spoco.computer"] = $"{device} in TF32");
        Assert.That(Resume(10).AssertSuccess().Error, Does.Contain($"so far this training was computed on {device} in TF32, now on {device};"));
    }

    /// <summary>Files of versions that knew single precision alone.</summary>
    [Test]
    public void A_training_that_does_not_say_it_goes_on_in_single_precision()
    {
        DataSet.Write(Data);
        Train("--iterations", "2", "--precision", "tf32").AssertSuccess();
        foreach (var file in (string[])[Last, Best])
        {
            Rewrite(file, metadata =>
            {
                metadata["spoco.settings"] = Without(metadata["spoco.settings"]);
                metadata["spoco.model"] = Without(metadata["spoco.model"]);
            });
            Assert.That(StoredSettings.Of(file)!.Optimiser.Precision, Is.EqualTo(Precision.F32));
            using var device = ComputeDevice.Open("cpu");
            using var model = Checkpoint.Load(file, device);
            Assert.That(model.Precision, Is.EqualTo(Precision.F32));
        }

        Assert.That(Resume(4).AssertSuccess().Error, Does.Not.Contain("precision:"));

        static string Without(string json)
        {
            var settings = JsonNode.Parse(json)!.AsObject();
            Assert.That(settings.Remove("Precision"));
            return settings.ToJsonString();
        }
    }

    /// <summary>What was asked for, else what the model says.</summary>
    [Test]
    public void Predictions_take_that_of_the_model_where_none_is_asked_for()
    {
        DataSet.Write(Data);
        Train("--iterations", "1").AssertSuccess();
        Assert.That(Notes(), Is.Empty);
        Assert.That(Notes("--precision", "bf16"), Does.StartWith("precision: cpu").And.Contain("no matrix units for bf16"));
        using (var device = ComputeDevice.Open("cpu"))
        {
            using var model = Checkpoint.Load(Best, device);
            model.Precision = Precision.TF32;
            Checkpoint.Save(Best, model);
        }

        Assert.That(Notes(), Does.Contain("no matrix units for tf32"));
        Assert.That(Notes("--precision", "auto"), Does.Contain("no matrix units for tf32"));
        Assert.That(Notes("--precision", "fp32"), Is.Empty);

        string Notes(params string[] options)
        {
            var images = Path.Combine(Data, "val", "images");
            string[][] commands =
            [
                ["predict", "--input", images, "--out", PathOf("embeddings")], ["segment", "--input", images, "--out", PathOf("labels")],
                ["segment", "--input", images, "--out", PathOf("parts"), "--memory", "1GiB"], ["suggest", "--input", images, "--out", PathOf("next"), "--count", "1"],
                ["compare-clusterings", "--data", Data, "--clustering", "mws"],
            ];
            var notes = commands.Select(command =>
                string.Join('\n', Lines(CommandLineRun.Of([.. command, "--model", Best, "--device", "cpu", .. options]).AssertSuccess().Error, "precision:"))).Distinct().ToArray();
            Assert.That(notes, Has.Length.EqualTo(1), "all commands say the same");
            return notes[0];
        }
    }

    private static float[][] Arrays(string path)
    {
        var file = SafeTensors.Open(path);
        return [.. file.Entries.Values.Where(entry => entry.Type == SafeTensorType.F32).OrderBy(entry => entry.Begin).Select(entry => file.Read(entry.Name))];
    }

    private static string[] Lines(string text, string start) => [.. text.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal)).Select(line => line.TrimEnd('\r'))];

    private static void Rewrite(string path, Action<Dictionary<string, string>> change)
    {
        var file = SafeTensors.Open(path);
        var metadata = file.Metadata.ToDictionary(m => m.Key, m => m.Value);
        change(metadata);
        var arrays = file.Entries.Values.OrderBy(e => e.Begin).Where(e => e.Type == SafeTensorType.F32).Select(e => new SafeTensorSource(e.Name, e.Shape, () => SafeTensors.Open(path).Read(e.Name)));
        SafeTensors.Write(path, [.. arrays], metadata);
    }

    private CommandLineRun Train(params string[] options) => CommandLineRun.Of(
    [
        "train", "--data", Data, "--maps", "4,8", "--patch", "32,32", "--embedding", "4", "--device", "cpu", .. options.Contains("--out") ? Array.Empty<string>() : ["--out", Model], .. options,
    ]);

    /// <summary>Makes a training that has ended go on to more iterations.</summary>
    private CommandLineRun Resume(int iterations, params string[] options)
    {
        Rewrite(Last, metadata =>
        {
            var settings = JsonNode.Parse(metadata["spoco.settings"])!.AsObject();
            settings["Iterations"] = iterations;
            metadata["spoco.settings"] = settings.ToJsonString();
        });
        return CommandLineRun.Of(["train", "--out", Model, "--resume", "--device", "cpu", .. options]);
    }
}
