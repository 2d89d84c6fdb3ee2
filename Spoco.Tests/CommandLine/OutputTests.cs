using System.Diagnostics;
using System.Security.Cryptography;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary>No output replaces an input or a file of somebody else; what is refused is said before anything is computed or written.</summary>
public sealed class OutputTests : FolderTests
{
    private static readonly string Models = Directory.CreateTempSubdirectory("spoco-").FullName;

    private static string Model => Path.Combine(Models, "model");

    private string Images => PathOf("images");

    [OneTimeSetUp]
    public void TrainAModel()
    {
        var data = DataSet.Write(Path.Combine(Models, "data"));
        CommandLineRun.Of("train", "--data", data, "--out", Model, "--patch", "32,32", "--maps", "4,8", "--embedding", "4",
            "--iterations", "2", "--device", "cpu").AssertSuccess();
    }

    [OneTimeTearDown]
    public void DeleteTheModel() => Directory.Delete(Models, recursive: true);

    [SetUp]
    public void CopyImages()
    {
        Directory.CreateDirectory(Images);
        foreach (var name in new[] { "a", "b" })
            File.Copy(Path.Combine(Models, "data", "val", "images", "cell0.png"), Path.Combine(Images, $"{name}.png"));
    }

    [TestCase("images")]
    [TestCase("./images/")]
    [TestCase("images/../images")]
    [TestCase("link")]
    public void The_folder_that_is_read_takes_no_results(string output)
    {
        Directory.CreateSymbolicLink(PathOf("link"), Images);
        var before = Contents();
        foreach (var extra in new[] { Array.Empty<string>(), ["--overwrite"] })
        {
            Segment(["--input", Images, "--out", PathOf(output), .. extra]).AssertBadInput("images");
            Segment(["--input", PathOf("link"), "--out", PathOf(output), .. extra]).AssertBadInput("which is read");
            Predict(["--input", Images, "--out", PathOf(output), .. extra]).AssertBadInput("is the folder that is read");
        }

        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void A_result_never_replaces_the_file_that_it_comes_from()
    {
        var volume = Path.Combine(Folder, "g.h5");
        Hdf5File.WriteEmbeddings(volume, new Volume<float>(1, 32, 32), "raw");
        var image = Path.Combine(Images, "a.png");
        File.CreateSymbolicLink(PathOf("soft.png"), image);
        using (var link = Process.Start("ln", [image, PathOf("hard.png")]))
            link.WaitForExit();
        var before = Contents();
        Segment("--input", volume, "--out", Folder).AssertBadInput("g.h5", "would replace");
        Predict("--input", volume, "--out", Folder).AssertBadInput("g.h5", "would replace");
        foreach (var other in new[] { "images/./a.png", "images/../images/a.png", "soft.png", "hard.png" }.Select(PathOf))
        {
            Segment("--input", image, "--out", other, "--overwrite").AssertBadInput("would replace");
            Segment("--input", other, "--out", image, "--overwrite").AssertBadInput("would replace");
        }

        Segment("--input", image, "--out", PathOf("x.png"), "--foreground", PathOf("hard.png")).AssertSuccess();
        File.Delete(PathOf("x.png"));
        File.Delete(PathOf("x_overlay.png"));
        Segment("--input", Path.Combine(Images, "b.png"), "--out", PathOf("hard.png"), "--foreground", image, "--overwrite")
            .AssertBadInput("would replace");
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void Affinities_and_embeddings_are_not_replaced_either()
    {
        var affinities = PathOf("a.h5");
        Hdf5File.WriteEmbeddings(affinities, new Volume<float>(1, 16, 16, 8), "affinities");
        Predict("--input", Images, "--out", PathOf("e")).AssertSuccess();
        var before = Contents();
        CommandLineRun.Of("segment", "--affinities", affinities, "--out", affinities, "--device", "cpu").AssertBadInput("would replace");
        CommandLineRun.Of("segment", "--affinities", affinities, "--memory", "100MiB", "--out", affinities).AssertBadInput("would replace");
        CommandLineRun.Of("segment", "--embeddings", PathOf("e"), "--memory", "100MiB", "--out", PathOf("e")).AssertBadInput("would replace");
        Segment("--embeddings", PathOf("e"), "--out", PathOf("e")).AssertBadInput("would replace");
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void Files_of_others_are_replaced_only_when_asked_and_earlier_results_always()
    {
        var truth = Path.Combine(Models, "data", "val", "labels", "cell0.png");
        Directory.CreateDirectory(PathOf("out"));
        File.Copy(truth, PathOf("out/a.png"));
        var before = Contents();
        Segment("--input", Images, "--out", PathOf("out")).AssertBadInput("a.png", "--overwrite");
        Assert.That(Contents(), Is.EqualTo(before));
        Segment("--input", Images, "--out", PathOf("out"), "--overwrite").AssertSuccess();
        Segment("--input", Images, "--out", PathOf("out")).AssertSuccess();

        // Labels, embeddings, and whatever somebody has added to a file of ours are not the same kind.
        Predict("--input", Images, "--out", PathOf("e")).AssertSuccess();
        Predict("--input", Images, "--out", PathOf("e")).AssertSuccess();
        Segment("--input", Path.Combine(Images, "a.png"), "--out", PathOf("e/a.h5")).AssertBadInput("e/a.h5", "--overwrite");
        Segment("--input", Path.Combine(Images, "a.png"), "--out", PathOf("l.h5")).AssertSuccess();
        Segment("--input", Path.Combine(Images, "a.png"), "--out", PathOf("l.h5")).AssertSuccess();
        Segment("--input", Path.Combine(Images, "a.png"), "--out", PathOf("l.h5"), "--label-name", "other").AssertBadInput("l.h5", "--overwrite");
        Segment("--input", Path.Combine(Images, "a.png"), "--out", PathOf("l.tif")).AssertSuccess();
        Segment("--input", Path.Combine(Images, "a.png"), "--out", PathOf("l.tif")).AssertSuccess();
    }

    [Test]
    public void Results_of_one_run_never_collide()
    {
        File.Copy(Path.Combine(Images, "a.png"), Path.Combine(Images, "a_overlay.png"));
        var before = Contents();
        Segment("--input", Images, "--out", PathOf("out")).AssertBadInput("a_overlay.png", "the overlay of", "the labels of");
        Directory.CreateDirectory(PathOf("more"));
        File.Copy(Path.Combine(Images, "a.png"), PathOf("more/a.png"));
        Segment("--input", Path.Combine(Images, "a.png"), PathOf("more/a.png"), "--out", PathOf("out")).AssertBadInput("same name");
        Directory.Delete(PathOf("more"), recursive: true);
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void Pictures_beside_results_are_passed_over_and_images_that_are_only_called_so_are_not()
    {
        Predict("--input", Images, "--out", PathOf("e")).AssertSuccess();
        var run = Segment("--embeddings", PathOf("e"), "--out", PathOf("out")).AssertSuccess();
        Assert.That(run.Output, Does.StartWith("2 images"));
        Segment("--input", Images, "--out", PathOf("labels")).AssertSuccess();
        Assert.That(Predict("--input", PathOf("labels"), "--out", PathOf("again")).AssertSuccess().Output, Does.StartWith("2 images"));

        File.Copy(Path.Combine(Images, "a.png"), PathOf("c_overlay.png"));
        File.Copy(Path.Combine(Images, "a.png"), Path.Combine(Images, "a_pca.png"));
        Assert.That(Predict("--input", Images, "--out", PathOf("three")).AssertSuccess().Output, Does.StartWith("3 images"));
        var named = Predict("--input", PathOf("out/a_overlay.png"), "--out", PathOf("four"));
        Assert.That(named.Error, Does.Contain("colour image"), "named, it is read");
    }

    [Test]
    public void A_pipe_among_the_images_stops_the_run_before_it_begins()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Pipes are known on Linux only.");
        using (var pipe = Process.Start("mkfifo", [Path.Combine(Images, "z.png")]))
            pipe.WaitForExit();
        Segment("--input", Images, "--out", PathOf("out")).AssertBadInput("z.png", "a pipe");
        Predict("--input", Images, "--out", PathOf("out")).AssertBadInput("z.png", "a pipe");
        Assert.That(Directory.Exists(PathOf("out")), Is.False);
    }

    [Test]
    public void Scores_replace_scores_alone()
    {
        Directory.CreateDirectory(PathOf("out"));
        File.Copy(Path.Combine(Models, "data", "val", "labels", "cell0.png"), PathOf("out/a.png"));
        string[] evaluate = ["evaluate", "--prediction", PathOf("out"), "--labels", PathOf("out"), "--json"];
        CommandLineRun.Of([.. evaluate, PathOf("scores.json")]).AssertSuccess();
        CommandLineRun.Of([.. evaluate, PathOf("scores.json")]).AssertSuccess();
        File.WriteAllText(PathOf("notes.json"), "{\"mine\": 1}");
        var before = Contents();
        CommandLineRun.Of([.. evaluate, PathOf("notes.json")]).AssertBadInput("notes.json", "--overwrite");
        CommandLineRun.Of([.. evaluate, PathOf("out/a.png")]).AssertBadInput("the folder that is read");
        CommandLineRun.Of([.. evaluate, PathOf("out/a.png"), "--overwrite"]).AssertBadInput("the folder that is read");
        CommandLineRun.Of([.. evaluate, "/dev/null", "--overwrite"]).AssertBadInput("/dev/null", "a device");
        CommandLineRun.Of([.. evaluate, PathOf("out"), "--overwrite"]).AssertBadInput("a folder");
        CommandLineRun.Of([.. evaluate, PathOf("notes.json/x.json"), "--overwrite"]).AssertBadInput("is no folder");
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void A_training_replaces_no_file_of_another_program()
    {
        var data = Path.Combine(Models, "data");
        foreach (var name in new[] { "data.csv", "log.csv", "best.safetensors", "spoco-notes.txt" })
        {
            var folder = PathOf(name + ".folder");
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, name), "mine");
            var run = CommandLineRun.Of(
                "train", "--data", data, "--out", folder, "--patch", "32,32", "--maps", "4,8", "--iterations", "1", "--device", "cpu");
            if (name == "spoco-notes.txt")
                run.AssertSuccess();
            else
                run.AssertBadInput(name);
            Assert.That(File.ReadAllText(Path.Combine(folder, name)), Is.EqualTo("mine"));
        }
    }

    [Test]
    public void What_a_killed_run_has_left_is_removed_at_the_next_and_nothing_else()
    {
        Directory.CreateDirectory(PathOf("out"));
        string[] ours = ["out/a.png.tmp-0123abcd", "out/a_overlay.png.tmp-ffffffff"];
        string[] others = ["out/a.png.tmp-mine", "out/c.png.tmp-0123abcd", "out/a.png.tmp-0123abcd9", "out/notes.tmp"];
        foreach (var name in ours.Concat(others))
            File.WriteAllText(PathOf(name), "x");
        using (new FileStream(PathOf("out/b.png.tmp-00000000"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
        {
            Segment("--input", Images, "--out", PathOf("out")).AssertSuccess();
            Assert.That(ours.Select(name => File.Exists(PathOf(name))), Is.All.False);
            Assert.That(others.Append("out/b.png.tmp-00000000").Select(name => File.Exists(PathOf(name))), Is.All.True);
        }
    }

    [TestCase("segment")]
    [TestCase("predict")]
    public void Names_that_are_too_long_for_results_are_said_before_anything_is_computed(string command)
    {
        // As a file's name it fits; with "_overlay", or while it is written, it does not.
        var name = new string('x', 246);
        File.Copy(Path.Combine(Images, "a.png"), Path.Combine(Images, $"{name}.png"));
        var run = CommandLineRun.Of(command, "--model", Model, "--device", "cpu", "--input", Images, "--out", PathOf("out"));
        run.AssertBadInput("is too long", "240");
        Assert.That(run.Error, Does.Not.Contain(".tmp-"));
        Assert.That(Directory.Exists(PathOf("out")), Is.False);
        var folder = CommandLineRun.Of(
            command, "--model", Model, "--device", "cpu", "--input", Path.Combine(Images, "a.png"), "--out", PathOf(new string('ü', 130)));
        folder.AssertBadInput("260 bytes is too long");
    }

    [TestCase("/")]
    [TestCase(".")]
    [TestCase("a/../b")]
    public void Names_that_no_dataset_can_have_are_said_before_anything_is_computed(string name)
    {
        Segment("--input", Images, "--out", PathOf("out"), "--label-name", name).AssertBadInput($"'{name}'", "no name for a dataset");
        Assert.That(Directory.Exists(PathOf("out")), Is.False);
    }

    private static CommandLineRun Segment(params string[] arguments) =>
        CommandLineRun.Of(["segment", "--model", Model, "--device", "cpu", "--orientations", "1", .. arguments]);

    private static CommandLineRun Predict(params string[] arguments) =>
        CommandLineRun.Of(["predict", "--model", Model, "--device", "cpu", .. arguments]);

    /// <summary>All files with their bytes, and all folders.</summary>
    private string[] Contents()
    {
        var everything = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 };
        return [.. Directory.EnumerateFileSystemEntries(Folder, "*", everything)
            .Where(path => !Directory.Exists(path) || new FileInfo(path).LinkTarget is null)
            .Order(StringComparer.Ordinal)
            .Select(path => Directory.Exists(path) ? path : $"{path} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}")];
    }
}
