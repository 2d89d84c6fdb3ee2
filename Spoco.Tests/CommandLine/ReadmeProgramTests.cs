using Spoco.Cli.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>The README's program is the one that is compiled here, and gives the labels of <c>spoco segment</c> for every kind of model.</summary>
public sealed class ReadmeProgramTests : FolderTests
{
    [Test]
    public void It_is_what_the_README_shows() => ShownProgram.AssertIsIn("README.md", ShownProgram.TextOf("Spoco.Tests", "CommandLine", "ReadmeProgram.cs"));

    [Test]
    public void It_gives_the_labels_of_the_command([Values("full", "sparse")] string supervision)
    {
        var data = DataSet.Write(PathOf("data"));
        var image = Path.Combine(data, "val", "images", "cell0.png");
        CommandLineRun.Of("train", "--data", data, "--out", PathOf("model"), "--supervision", supervision, "--patch", "32,32", "--maps", "4,8",
            "--embedding", "4", "--learning-rate", "0.02", "--iterations", "150", "--validate-every", "150", "--device", "cpu").AssertSuccess();
        CommandLineRun.Of("segment", "--model", PathOf("model"), "--input", image, "--out", PathOf("labels.png"), "--device", "auto").AssertSuccess();
        var pixels = InputFile.ReadImage(image, "raw", 1);

        var here = Directory.GetCurrentDirectory();
        try
        {
            var labels = ReadmeProgram.Run(Folder, pixels.Data, pixels.Depth, pixels.Height, pixels.Width, default);
            Assert.That(labels.Data, Is.EqualTo(InputFile.ReadLabels(PathOf("labels.png")).Data));
            Assert.That(labels.Data.Max(), Is.Positive);
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
        }
    }
}
