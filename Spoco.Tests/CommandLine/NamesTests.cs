using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Tests.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>What files and folders are called, and what lies among images.</summary>
public sealed class NamesTests : FolderTests
{
    private string Data => PathOf("data");

    [SetUp]
    public void WriteData() => DataSet.Write(Data, train: 2);

    [Test]
    public void Images_of_other_formats_and_labels_without_an_image_are_said()
    {
        File.WriteAllText(Path.Combine(Data, "train", "images", "photo.jpg"), "x");
        File.Copy(Path.Combine(Data, "train", "labels", "cell0.png"), Path.Combine(Data, "train", "labels", "photo.png"));
        var error = Train().AssertSuccess().Error;
        Assert.That(error, Does.Contain("images: one file is passed over: .jpg is not read."));
        Assert.That(error, Does.Contain("labels: one label image belongs to no image: photo."));
        Assert.That(error, Does.Not.Contain("note:"), "nothing is wrong with the others");

        var images = Path.Combine(Data, "train", "images");
        Assert.That(Segment(images).AssertSuccess().Output, Does.StartWith("2 images"));
        foreach (var image in Directory.GetFiles(images, "*.png"))
            File.Delete(image);
        Segment(images).AssertBadInput("holds no PNG, TIFF or HDF5 file", "one file is passed over: .jpg is not read");
    }

    [Test]
    public void Hidden_files_thumbnails_and_capitals_do_not_matter()
    {
        var images = Path.Combine(Data, "train", "images");
        foreach (var name in new[] { "._cell0.png", ".DS_Store", "Thumbs.db", "desktop.ini", "cell0.png~", "cell0.xml" })
            File.WriteAllText(Path.Combine(images, name), "x");
        Directory.CreateDirectory(Path.Combine(images, "folder.png"));
        File.Move(Path.Combine(images, "cell0.png"), Path.Combine(images, "cell0.PNG"));
        Assert.That(Train().AssertSuccess().Error, Does.Contain("2 training and 1 validation images").And.Not.Contain("passed over"));
    }

    [Test]
    public void Masks_of_cellpose_beside_images_are_their_labels_and_no_images()
    {
        foreach (var (folder, name) in new[] { ("images", "cell0"), ("labels", "cell0_cp_masks"), ("images", "cell1"), ("labels", "cell1_masks") })
        {
            Directory.CreateDirectory(PathOf("flat"));
            File.Copy(Path.Combine(Data, "train", folder, name[..5] + ".png"), PathOf($"flat/{name}.png"));
        }

        Assert.That(Train("--data", PathOf("flat")).AssertSuccess().Error, Does.Contain("1 training and 1 validation images"));
        Assert.That(Segment(PathOf("flat")).AssertSuccess().Output, Does.StartWith("2 images"));
    }

    [Test]
    public void Names_with_quotes_commas_and_line_ends_are_one_cell_of_a_table()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Such names cannot be given to files.");
        foreach (var folder in new[] { "images", "labels" })
        {
            File.Move(Path.Combine(Data, "train", folder, "cell0.png"), Path.Combine(Data, "train", folder, "a\"b,c.png"));
            File.Move(Path.Combine(Data, "train", folder, "cell1.png"), Path.Combine(Data, "train", folder, "d\ne.png"));
        }

        Train().AssertSuccess();
        var list = File.ReadAllText(PathOf("model/data.csv"));
        Assert.That(list, Does.Contain("train,\"a\"\"b,c\",").And.Contain("train,\"d\ne\","));
    }

    [TestCase("a[red]b[.png")]
    [TestCase("{0}{name}.png")]
    [TestCase("%s %n.png")]
    [TestCase("-dash ünïcode 細胞.png")]
    public void Names_that_mean_something_to_formats_and_consoles_are_names(string name)
    {
        Train().AssertSuccess();
        Directory.CreateDirectory(PathOf("odd"));
        File.Copy(Path.Combine(Data, "val", "images", "cell0.png"), Path.Combine(PathOf("odd"), name));
        var stem = Path.GetFileNameWithoutExtension(name);
        Assert.That(Segment(PathOf("odd")).AssertSuccess().Error, Does.Contain($"{stem}: "));
        Assert.That(File.Exists(PathOf($"out/{stem}_overlay.png")), Is.True);
        var run = CommandLineRun.Of("evaluate", "--prediction", PathOf("out"), "--labels", PathOf("out")).AssertSuccess();
        Assert.That(run.Output, Does.Contain(stem));
    }

    [TestCase("the same files")]
    [TestCase("copies")]
    public void A_validation_on_images_of_the_training_is_noted(string how)
    {
        Assert.That(Train().AssertSuccess().Error, Does.Not.Contain("note:"));
        Directory.Delete(PathOf("model"), recursive: true);
        if (how == "copies")
        {
            foreach (var folder in new[] { "images", "labels" })
                File.Copy(Path.Combine(Data, "train", folder, "cell1.png"), Path.Combine(Data, "val", folder, "copied.png"));
            Assert.That(Train().AssertSuccess().Error, Does.Contain("note: the validation has an image of the training (copied)"));
            return;
        }

        Assert.That(Train("--val", Path.Combine(Data, "train")).AssertSuccess().Error,
            Does.Contain("note: the validation has 2 images of the training (cell0)"));
    }

    [Test]
    public void Coloured_labels_are_evaluated_as_they_are_trained_on()
    {
        // Two objects whose colours differ in one channel.
        var pixels = new int[3 * 64];
        (pixels[0], pixels[3 * 9 + 1], pixels[3 * 9 + 2]) = (200, 7, 1);
        Directory.CreateDirectory(PathOf("truth"));
        Directory.CreateDirectory(PathOf("found"));
        File.WriteAllBytes(PathOf("truth/a.png"), TestPng.Encode(pixels, 8, 8, 2, 8));
        var labels = new Volume<int>(1, 8, 8);
        (labels.Data[0], labels.Data[9]) = (1, 2);
        PngFile.WriteLabels(PathOf("found/a.png"), labels);
        var run = CommandLineRun.Of("evaluate", "--prediction", PathOf("found"), "--labels", PathOf("truth")).AssertSuccess();
        Assert.That(run.Output, Does.Contain("precision 1.000, recall 1.000"));
        CommandLineRun.Of("evaluate", "--prediction", PathOf("truth"), "--labels", PathOf("found")).AssertSuccess();
    }

    private CommandLineRun Train(params string[] options) => CommandLineRun.Of(["train", "--out", PathOf("model"), "--patch", "32,32",
        "--maps", "4,8", "--embedding", "4", "--iterations", "2", "--device", "cpu",
        .. options.Contains("--data") ? [] : new[] { "--data", Data }, .. options]);

    private CommandLineRun Segment(string input) =>
        CommandLineRun.Of("segment", "--model", PathOf("model"), "--input", input, "--out", PathOf("out"), "--device", "cpu", "--orientations", "1");
}
