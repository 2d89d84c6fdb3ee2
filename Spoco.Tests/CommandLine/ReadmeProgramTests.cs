using Spoco.Cli.Files;

namespace Spoco.Tests.CommandLine;

/// <summary>The README's program is the one that is compiled here, and gives the labels of <c>spoco segment</c> for every kind of model.</summary>
public sealed class ReadmeProgramTests : FolderTests
{
    [Test]
    public void It_is_what_the_README_shows()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Spoco.sln")))
            folder = folder.Parent;
        if (folder is null)
            Assert.Ignore("The README is not here: the tests run outside the project's folder.");
        var shown = File.ReadAllText(Path.Combine(folder!.FullName, "README.md"));
        var compiled = File.ReadAllLines(Path.Combine(folder.FullName, "Spoco.Tests", "CommandLine", "ReadmeProgram.cs"));
        var usings = compiled.TakeWhile(line => line.StartsWith("using ", StringComparison.Ordinal)).Select(line => "    " + line);
        var body = compiled.SkipWhile(line => !line.Contains("program begins")).Skip(1).TakeWhile(line => !line.Contains("It ends"))
            .Select(line => line.Length > 0 ? line[4..] : line);
        Assert.That(shown, Does.Contain(string.Join('\n', [.. usings, "", .. body])));
    }

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
