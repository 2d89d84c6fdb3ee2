using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

namespace Spoco.Tests.CommandLine;

/// <summary>What is wrong is said in one line, the exit code is 2, and nothing that was there is lost.</summary>
public sealed class BadInputTests : FolderTests
{
    private string Data => Path.Combine(Folder, "data");

    private string Out => Path.Combine(Folder, "out");

    [SetUp]
    public void WriteData() => DataSet.Write(Data);

    [Test]
    public void Labels_of_another_size()
    {
        PngFile.WriteLabels(Path.Combine(Data, "train", "labels", "cell1.png"), new Volume<int>(1, 60, 64));
        Train().AssertBadInput("cell1.png", "60x64", "64x64");
        Assert.That(File.Exists(Path.Combine(Out, "last.safetensors")), Is.False);
    }

    [Test]
    public void Missing_files_andFolders()
    {
        CommandLineRun.Of("train", "--data", Path.Combine(Folder, "nowhere"), "--out", Out).AssertBadInput("nowhere");
        File.Delete(Path.Combine(Data, "train", "labels", "cell2.png"));
        Train().AssertBadInput("1 of 3 images have no labels: cell2");
        CommandLineRun.Of("segment", "--model", Path.Combine(Folder, "none"), "--input", Data, "--out", Out).AssertBadInput("none");
        CommandLineRun.Of("evaluate", "--prediction", Path.Combine(Folder, "gone.png"), "--labels", Path.Combine(Data, "val", "labels")).AssertBadInput("gone.png");
    }

    [TestCase("train/images/cell0.png")]
    [TestCase("train/labels/cell0.png")]
    public void Truncated_png(string name)
    {
        var path = Path.Combine(Data, name);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..200]);
        Train().AssertBadInput("cell0.png");
    }

    [Test]
    public void Truncated_tiff_and_hdf5()
    {
        var model = Model();
        var labels = new Volume<int>(4, 64, 64);
        foreach (var extension in new[] { "tif", "h5" })
        {
            var path = OutputFile.WriteLabels(Path.Combine(Folder, $"volume.{extension}"), labels, $"x.{extension}", "raw");
            var bytes = File.ReadAllBytes(path);
            File.WriteAllBytes(path, bytes[..(bytes.Length * 2 / 3)]);
            CommandLineRun.Of("segment", "--model", model, "--input", path, "--out", Out, "--device", "cpu").AssertBadInput($"volume.{extension}");
        }
    }

    [Test]
    public void Colour_image_for_a_grey_model()
    {
        var path = Path.Combine(Folder, "colour.png");
        var random = new Random(1);
        var rgb = new byte[3 * 64 * 64];
        random.NextBytes(rgb);
        PngFile.WriteRgb(path, rgb, 64, 64);
        CommandLineRun.Of("segment", "--model", Model(), "--input", path, "--out", Out, "--device", "cpu").AssertBadInput("colour.png", "a colour image, but the model takes 1 channel");
    }

    [Test]
    public void Checkpoint_that_is_none_or_damaged()
    {
        var model = Path.Combine(Model(), "last.safetensors");
        var bytes = File.ReadAllBytes(model);
        var image = Path.Combine(Data, "train", "images", "cell0.png");
        foreach (var length in new[] { 0, 7, 100, bytes.Length / 2, bytes.Length - 1 })
        {
            File.WriteAllBytes(model, bytes[..length]);
            CommandLineRun.Of("segment", "--model", model, "--input", image, "--out", Out).AssertBadInput("last.safetensors");
            CommandLineRun.Of("train", "--out", Path.GetDirectoryName(model)!, "--resume").AssertBadInput("last.safetensors");
        }

        Assert.That(File.ReadAllBytes(model), Has.Length.EqualTo(bytes.Length - 1), "the file was not touched");
        SafeTensors.Write(model, [new SafeTensorSource("w", [1], () => [1])], new Dictionary<string, string>());
        CommandLineRun.Of("segment", "--model", model, "--input", image, "--out", Out).AssertBadInput("is no Spoco checkpoint");
    }

    [Test]
    public void Checkpoint_of_another_architecture()
    {
        var folder = Model();
        var path = Path.Combine(folder, "last.safetensors");
        var file = SafeTensors.Open(path);
        var metadata = file.Metadata.ToDictionary(m => m.Key, m => m.Value.Replace("[4,8]", "[4,16]", StringComparison.Ordinal));
        SafeTensors.Write(path, [.. file.Entries.Values.Where(e => e.Type == SafeTensorType.F32).Select(e => new SafeTensorSource(e.Name, e.Shape, () => file.Read(e.Name)))],
            metadata);
        CommandLineRun.Of("segment", "--model", path, "--input", Path.Combine(Data, "train", "images"), "--out", Out).AssertBadInput("another architecture");
    }

    [TestCase("image.png", 3, 1)]
    [TestCase("image.tif", 1, 64)]
    public void An_image_too_small_for_the_network(string name, int height, int width)
    {
        var path = OutputFile.WriteLabels(Path.Combine(Folder, name), new Volume<int>(1, height, width), name);
        foreach (var command in new[] { "segment", "predict" })
        {
            var run = CommandLineRun.Of(command, "--model", Model(command), "--input", path, "--out", Out, "--device", "cpu");
            run.AssertBadInput(name, $"is {height}x{width}", "too small for this model");
            Assert.That(run.Error, Does.Not.Contain("UNet"));
        }
    }

    [Test]
    public void A_pointer_of_git_lfs_is_no_model()
    {
        var path = Path.Combine(Folder, "best.safetensors");
        File.WriteAllText(path, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
        CommandLineRun.Of("segment", "--model", path, "--input", Data, "--out", Out).AssertBadInput("best.safetensors", "git lfs pull");
    }

    [Test]
    public void Patch_larger_than_the_image() => Train("--patch", "128,128").AssertBadInput("128x128", "64x64");

    [Test]
    public void Patch_too_small_for_the_levels() => Train("--patch", "8,8", "--maps", "4,8,16,32,64").AssertBadInput("--patch", "16x16");

    [Test]
    public void Not_a_number_in_a_float_image()
    {
        var path = Path.Combine(Folder, "nan.h5");
        var image = new Volume<float>(1, 64, 64);
        image[0, 3, 5] = float.NaN;
        Hdf5File.WriteEmbeddings(path, image, "raw");
        CommandLineRun.Of("segment", "--model", Model(), "--input", path, "--out", Out, "--device", "cpu").AssertBadInput("nan.h5");
    }

    [Test]
    public void No_labelled_object_anywhere()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(Data, "train", "labels")))
            PngFile.WriteLabels(path, new Volume<int>(1, 64, 64));
        Train().AssertBadInput("no labelled object");
    }

    [Test]
    public void Devices_that_do_not_exist()
    {
        Train("--device", "cuda:9").AssertBadInput("cuda:9");
        Train("--device", "tpu").AssertBadInput("tpu");
        Train("--threads", "0").AssertBadInput("--threads");
    }

    [Test]
    public void Output_that_cannot_be_written()
    {
        File.WriteAllText(Out, "a file where the folder should be");
        Train().AssertBadInput("out");
        Assert.That(File.ReadAllText(Out), Is.EqualTo("a file where the folder should be"));
        CommandLineRun.Of("train", "--data", Data, "--out", "/proc/spoco", "--device", "cpu").AssertBadInput("/proc/spoco");
    }

    [Test]
    public void A_training_is_never_overwritten()
    {
        var model = Model();
        var before = File.ReadAllBytes(Path.Combine(model, "last.safetensors"));
        CommandLineRun.Of("train", "--data", Data, "--out", model, "--device", "cpu").AssertBadInput("holds a training already");
        Assert.That(File.ReadAllBytes(Path.Combine(model, "last.safetensors")), Is.EqualTo(before));
        CommandLineRun.Of("train", "--out", model, "--resume", "--learning-rate", "0.5", "--device", "cpu").AssertBadInput("--learning-rate");
    }

    [TestCase("--iterations", "0")]
    [TestCase("--iterations", "many")]
    [TestCase("--learning-rate", "-1")]
    [TestCase("--instance-ratio", "0.5")]
    [TestCase("--dim", "4")]
    [TestCase("--order", "xyz")]
    [TestCase("--maps", "16,x")]
    [TestCase("--maps", "16")]
    [TestCase("--kernel-threshold", "1")]
    [TestCase("--momentum", "2")]
    [TestCase("--supervision", "none")]
    [TestCase("--no-such-option", "1")]
    public void Impossible_options(string option, string value) => Train(option, value).AssertBadInput();

    [Test]
    public void No_command_and_no_arguments()
    {
        CommandLineRun.Of("dance").AssertBadInput();
        CommandLineRun.Of("train").AssertBadInput("--out");
        CommandLineRun.Of("segment", "--out", Out, "--model", Model()).AssertBadInput("--input");
    }

    /// <summary>A short training; options given here replace its own.</summary>
    private CommandLineRun Train(params string[] options)
    {
        var all = new Dictionary<string, string>
        {
            ["--data"] = Data, ["--out"] = Out, ["--patch"] = "32,32", ["--maps"] = "4,8", ["--iterations"] = "2", ["--device"] = "cpu",
        };
        for (var i = 0; i < options.Length; i += 2)
            all[options[i]] = options[i + 1];
        return CommandLineRun.Of(["train", .. all.SelectMany(o => new[] { o.Key, o.Value })]);
    }

    private string Model(string name = "model")
    {
        var folder = Path.Combine(Folder, name);
        CommandLineRun.Of("train", "--data", Data, "--out", folder, "--patch", "32,32", "--maps", "4,8", "--embedding", "4", "--iterations", "2", "--device", "cpu").AssertSuccess();
        return folder;
    }
}
