using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Cli.Suggestions;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco suggest</c>, as a user would call it, on models that have learned next to nothing.</summary>
public sealed class SuggestTests : FolderTests
{
    private static readonly string Models = Directory.CreateTempSubdirectory("spoco-").FullName;

    private static string Data => Path.Combine(Models, "data");

    private string Out => PathOf("out");

    private string Csv => Path.Combine(Out, "suggestions.csv");

    [OneTimeSetUp]
    public void TrainModels()
    {
        // Small margins: what is hardly trained already falls apart.
        DataSet.Write(Data, train: 4);
        foreach (var (name, options) in new[] { ("paper", new[] { "--no-foreground", "true" }), ("learned", []), ("resized", ["--scale-of", "image"]) })
            CommandLineRun.Of(["train", "--data", Data, "--out", Path.Combine(Models, name), "--patch", "32,32", "--maps", "4,8", "--embedding", "4", "--supervision", "sparse",
                "--pull-margin", "0.002", "--push-margin", "0.006", "--iterations", "4", "--device", "cpu", .. options]).AssertSuccess();
    }

    [OneTimeTearDown]
    public void DeleteModels() => Directory.Delete(Models, recursive: true);

    [TestCase("paper")]
    [TestCase("learned")]
    [TestCase("resized")]
    public void From_images_to_a_table_and_pictures(string model)
    {
        var images = Path.Combine(Data, "train", "images");
        var run = Suggest(model, "--input", images, "--count", "6").AssertSuccess();
        var rows = Rows();
        Assert.That(run.Output, Does.Contain($"{rows.Length} suggestions: {Out}").And.Contain("score"));
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.That(rows[i][0], Is.EqualTo($"{i + 1}"));
            Assert.That(rows[i][2], Is.AnyOf("segment", "missed"));
            Assert.That((int.Parse(rows[i][3], CultureInfo.InvariantCulture), int.Parse(rows[i][4], CultureInfo.InvariantCulture) is >= 0 and < 64, int.Parse(rows[i][5], CultureInfo.InvariantCulture) is >= 0 and < 64),
                Is.EqualTo((0, true, true)));
            Assert.That(rows[i][9] == "", Is.EqualTo(model == "paper"), "a model without a foreground has no doubt about it");
        }

        AssertScores(rows, images, model);
        Assert.That(Pictures(), Is.EquivalentTo(rows.Select(row => $"{row[1]}_suggestions.png").Distinct()));
        Assert.That(PngFile.Read<float>(Path.Combine(Out, Pictures()[0])) is { Width: 512, Height: 512 });
        Assert.That(ResultMark.IsOn(Path.Combine(Out, Pictures()[0]), ResultMark.Picture));

        // The same again, to the bit.
        var before = Directory.GetFiles(Out).Order().Select(File.ReadAllBytes).ToArray();
        Suggest(model, "--input", images, "--count", "6").AssertSuccess();
        Assert.That(Directory.GetFiles(Out).Order().Select(File.ReadAllBytes), Is.EqualTo(before));
    }

    [Test]
    public void What_is_labelled_is_not_suggested_again_and_stale_pictures_go()
    {
        var data = CopyOfData();
        foreach (var path in Directory.GetFiles(Path.Combine(data, "train", "labels")))
            PngFile.WriteLabels(path, new Volume<int>(1, 64, 64));
        Suggest("learned", "--data", data, "--count", "4").AssertSuccess();
        var first = Rows()[0][1];
        Assert.That(Pictures(), Does.Contain($"{first}_suggestions.png"));

        var all = new Volume<int>(1, 64, 64);
        all.Data.AsSpan().Fill(3);
        PngFile.WriteLabels(Path.Combine(data, "train", "labels", $"{first}.png"), all);
        Suggest("learned", "--data", data, "--count", "4").AssertSuccess();
        Assert.That(Rows(), Is.Not.Empty);
        Assert.That(Rows().Select(row => row[1]), Does.Not.Contain(first));
        Assert.That(Pictures(), Does.Not.Contain($"{first}_suggestions.png"));

        foreach (var path in Directory.GetFiles(Path.Combine(data, "train", "labels")))
            PngFile.WriteLabels(path, all);
        var run = Suggest("learned", "--data", data).AssertSuccess();
        Assert.That(run.Output, Does.Contain("0 suggestions"));
        Assert.That(run.Error, Does.Contain("4 images have 0 regions that are not labelled"));
        Assert.That((Rows().Length, Pictures().Length), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Data_are_the_training_images_and_not_all_need_labels()
    {
        var data = CopyOfData();
        Directory.Delete(Path.Combine(data, "val"), recursive: true);
        foreach (var path in Directory.GetFiles(Path.Combine(data, "train", "labels")))
            File.Delete(path);
        var run = Suggest("learned", "--data", data, "--count", "40").AssertSuccess();
        Assert.That(run.Error, Does.Contain("looking at images 3/3"), "the last fifth is held out, as in the training");
        Assert.That(Rows().Select(row => row[1]).Distinct(), Is.EquivalentTo(new[] { "cell0", "cell1", "cell2" }));
        run = Suggest("learned", "--data", data, "--val", Path.Combine(Data, "val"), "--count", "40").AssertSuccess();
        Assert.That(run.Error, Does.Contain("looking at images 4/4"));
    }

    [Test]
    public void A_volume_shows_the_slices_through_the_middles()
    {
        var random = new Random(2);
        var (volume, labels) = (new Volume<float>(8, 32, 32), new Volume<int>(8, 32, 32));
        for (var i = 0; i < volume.Data.Length; i++)
            labels.Data[i] = (volume.Data[i] = (i / 1024 / 4 + i / 256 % 4 % 2 + random.NextSingle()) * 50) > 60 ? 1 + i / 4096 : 0;
        var data = PathOf("volumes");
        Directory.CreateDirectory(data);
        Hdf5File.WriteEmbeddings(Path.Combine(data, "v.h5"), [("raw", volume)]);
        foreach (var part in new[] { "images", "labels" })
            Directory.CreateDirectory(Path.Combine(data, "train", part));
        OutputFile.WriteLabels(Path.Combine(data, "train", "images", "v.tif"), new Volume<int>([.. volume.Data.Select(v => (int)v)], 8, 32, 32), "v.tif");
        OutputFile.WriteLabels(Path.Combine(data, "train", "labels", "v.tif"), labels, "v.tif");
        CommandLineRun.Of("train", "--data", Path.Combine(data, "train"), "--out", PathOf("model"), "--dim", "3", "--patch", "8,16,16", "--maps", "8,16", "--embedding", "4",
            "--supervision", "sparse", "--no-foreground", "true", "--pull-margin", "0.01", "--push-margin", "0.03", "--iterations", "2", "--device", "cpu").AssertSuccess();

        CommandLineRun.Of("suggest", "--model", PathOf("model"), "--input", Path.Combine(data, "v.h5"), "--out", Out, "--count", "5", "--device", "cpu").AssertSuccess();
        var slices = Rows().Select(row => int.Parse(row[3], CultureInfo.InvariantCulture)).ToArray();
        Assert.That(slices, Is.Not.Empty.And.All.InRange(0, 7));
        var picture = PngFile.Read<float>(Path.Combine(Out, "v_suggestions.png"));
        var columns = Math.Min(3, slices.Distinct().Count());
        Assert.That(picture.Width, Is.EqualTo(columns * 256 + 6 * (columns + 1)), "slices of 32x32, eight times as large, side by side");
    }

    [TestCase("--count", "0")]
    [TestCase("--count", "1001")]
    [TestCase("--orientations", "3")]
    [TestCase("--val", "x")]
    public void Impossible_choices_are_one_line(string option, string value)
    {
        Suggest("paper", "--input", Path.Combine(Data, "train", "images"), option, value).AssertBadInput(option);
        Assert.That(Directory.Exists(Out), Is.False);
    }

    [Test]
    public void What_cannot_be_read_is_one_line()
    {
        Suggest("paper").AssertBadInput("--data", "--input");
        Suggest("paper", "--data", Data, "--input", Data).AssertBadInput("--data", "--input");
        Suggest("paper", "--data", PathOf("nowhere")).AssertBadInput("nowhere");
        Suggest("nothing", "--data", Data).AssertBadInput("nothing", "no such model");
        var data = CopyOfData();
        PngFile.WriteLabels(Path.Combine(data, "train", "labels", "cell1.png"), new Volume<int>(1, 60, 64));
        Suggest("paper", "--data", data).AssertBadInput("cell1.png", "60x64", "64x64");
        File.WriteAllBytes(Path.Combine(data, "train", "images", "cell0.png"), [1, 2, 3]);
        Suggest("paper", "--data", data).AssertBadInput("cell0.png");
        DataSet.WriteImage(PathOf("small.png"), new Volume<float>(1, 1, 1));
        Suggest("paper", "--input", PathOf("small.png")).AssertBadInput("small.png", "too small");
        Assert.That(Directory.Exists(Out), Is.False, "nothing is written before all images were looked at");
    }

    [Test]
    public void No_file_of_others_is_replaced()
    {
        var data = CopyOfData();
        var images = Path.Combine(data, "train", "images");
        Run("--data", data, "--out", images).AssertBadInput("is the folder that is read");
        Run("--data", data, "--out", Path.Combine(images, "cell0.png")).AssertBadInput("is no folder");
        Directory.CreateDirectory(Out);
        foreach (var (name, what) in new[] { ("suggestions.csv", "the suggestions"), ("cell2_suggestions.png", "the suggestions of") })
        {
            File.WriteAllText(Path.Combine(Out, name), "mine");
            Suggest("paper", "--data", data).AssertBadInput(name, what, "--overwrite");
            Assert.That(File.ReadAllText(Path.Combine(Out, name)), Is.EqualTo("mine"));
            File.Delete(Path.Combine(Out, name));
        }

        File.WriteAllText(Csv, "mine");
        Suggest("paper", "--data", data, "--overwrite").AssertSuccess();
        Assert.That(File.ReadLines(Csv).First(), Is.EqualTo(SuggestionTable.Header));

        // Beside an image that was named its picture is none of the images.
        Run("--input", Path.Combine(images, "cell0.png"), "--out", images, "--count", "1").AssertSuccess();
        Assert.That(CommandLineRun.Of("segment", "--model", Path.Combine(Models, "paper"), "--input", images, "--out", PathOf("labels"), "--device", "cpu").AssertSuccess().Output,
            Does.StartWith("4 images"));

        CommandLineRun Run(params string[] options) => CommandLineRun.Of(["suggest", "--model", Path.Combine(Models, "paper"), "--device", "cpu", .. options]);
    }

    private CommandLineRun Suggest(string model, params string[] options) =>
        CommandLineRun.Of(["suggest", "--model", Path.Combine(Models, model), "--out", Out, "--device", "cpu", .. options]);

    /// <summary>
    /// All regions in their order: the shorter list is its beginning, nothing speaks more for any than for the first, and the score of each is the mean of its ranks in
    /// what was measured, as parts of all regions. Measures are printed with three digits: where they are equal, the rank lies between those of the first and the last of the equal ones.
    /// </summary>
    private void AssertScores(string[][] first, string images, string model)
    {
        var path = PathOf("all");
        CommandLineRun.Of("suggest", "--model", Path.Combine(Models, model), "--out", path, "--device", "cpu", "--input", images, "--count", "1000").AssertSuccess();
        var all = Rows(Path.Combine(path, "suggestions.csv"));
        Assert.That(first, Is.Not.Empty.And.EqualTo(all.Take(6)));
        var scores = all.Select(row => double.Parse(row[7], CultureInfo.InvariantCulture)).ToArray();
        Assert.That((scores.Max(), scores.Average()), Is.EqualTo((scores[0], 0.5)).Within(0.0006));
        var measures = Enumerable.Range(8, 3).Where(column => all[0][column] != "").Select(column => all.Select(row => double.Parse(row[column], CultureInfo.InvariantCulture)).ToArray()).ToArray();
        for (var i = 0; i < all.Length; i++)
        {
            var least = measures.Average(of => (of.Count(value => value < of[i]) + 0.5) / all.Length);
            var most = measures.Average(of => (of.Count(value => value <= of[i]) - 0.5) / all.Length);
            Assert.That(scores[i], Is.InRange(least - 0.0006, most + 0.0006), string.Join(',', all[i]));
        }
    }

    private string[][] Rows(string? path = null)
    {
        var lines = File.ReadAllLines(path ?? Csv);
        Assert.That(lines[0], Is.EqualTo(SuggestionTable.Header));
        return [.. lines.Skip(1).Select(line => line.Split(','))];
    }

    private string[] Pictures() => [.. Directory.GetFiles(Out, "*.png").Select(path => Path.GetFileName(path)!)];

    private string CopyOfData()
    {
        foreach (var path in Directory.GetFiles(Data, "*.png", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(PathOf("data"), Path.GetRelativePath(Data, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        return PathOf("data");
    }
}
