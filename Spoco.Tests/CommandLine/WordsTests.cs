using Spoco.Cli;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

namespace Spoco.Tests.CommandLine;

/// <summary>What a file says reaches the terminal spelled out and short, and what is wrong is said in our own words.</summary>
public sealed class WordsTests : FolderTests
{
    // The title of the window, colours, the alarm, a C1 escape, text from right to left, a line separator, half a surrogate pair.
    private const string Hostile = "\u001b]0;x\u0007\u001b[31m\u009b5m\u202edetrevni\u2066\u2028\ud800\b\r\n\t";

    private static readonly string Many = string.Join(',', Enumerable.Repeat("1", 35));

    [Test]
    public void No_character_that_a_terminal_obeys_is_printed()
    {
        foreach (var text in new[] { Terminal.Line(Hostile), Terminal.Name(Hostile) })
        {
            AssertSafe(text);
            Assert.That(text, Does.StartWith("\\u001b]0;x\\u0007\\u001b[31m\\u009b5m\\u202edetrevni"));
        }

        AssertSafe(Terminal.Lines(Hostile).Replace("\n", "", StringComparison.Ordinal));
        Assert.That(Terminal.Line("zelle_µm_日本_🔬.tif: 5 %"), Is.EqualTo("zelle_µm_日本_🔬.tif: 5 %"), "what can be shown stays");
        Assert.That(Terminal.Line("a\r\nb\nc"), Is.EqualTo("a b c"));
    }

    [Test]
    public void Long_texts_are_cut_in_their_middle()
    {
        var line = Terminal.Line("begin" + new string('x', 12_000) + "end");
        Assert.That(line, Has.Length.LessThanOrEqualTo(500).And.StartsWith("begin").And.EndsWith("end"));
        Assert.That(Terminal.Name(new string('x', 12_000)), Has.Length.LessThanOrEqualTo(80));
        for (var shift = 0; shift < 4; shift++)
            AssertSafe(Terminal.Line(new string('x', shift) + string.Concat(Enumerable.Repeat("🔬", 5_000))));
    }

    [Test]
    public void Names_of_datasets_are_spelled_out_and_cut()
    {
        var file = PathOf("a.h5");
        Hdf5File.WriteEmbeddings(file, [(new string('y', 5_000), new Volume<float>(1, 4, 4)), ("\u001b]0;owned\u0007", new Volume<float>(1, 4, 4))]);
        var run = CommandLineRun.Of("evaluate", "--prediction", file, "--labels", file, "--label-name", "\u001b[2J");
        run.AssertBadInput("a.h5", "no dataset", "\\u001b]0;owned\\u0007");
        AssertSafe(run.Error.TrimEnd());
        Assert.That(run.Error, Has.Length.LessThan(600));
    }

    [Test]
    public void Names_of_files_are_spelled_out_in_tables_and_lines()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Such names cannot be given to files.");
        Directory.CreateDirectory(PathOf("t"));
        var labels = new Volume<int>(1, 8, 8);
        labels.Data[3] = 1;
        PngFile.WriteLabels(PathOf("t/\u001b[31mred\u0007.png"), labels);
        var run = CommandLineRun.Of("evaluate", "--prediction", PathOf("t"), "--labels", PathOf("t")).AssertSuccess();
        Assert.That(run.Output, Does.Contain("\\u001b[31mred\\u0007").And.Not.Contain("\u001b").And.Not.Contain("\u0007"));
        var missing = CommandLineRun.Of("evaluate", "--prediction", PathOf("\u001b[5mgone.png"), "--labels", PathOf("t"), "--verbose");
        Assert.That((missing.ExitCode, missing.Error.Contains('\u001b', StringComparison.Ordinal)), Is.EqualTo((2, false)));
    }

    [Test]
    public void No_text_of_a_library_or_of_the_runtime_is_shown()
    {
        var model = PathOf("m.safetensors");
        string[] descriptions =
        [
            "{", "[1]", "null", """{"Network":null}""", """{"Network":{"FeatureMaps":[]}}""", """{"Network":{"FeatureMaps":[""" + Many + "]}}",
        ];
        foreach (var json in descriptions)
        {
            var metadata = new Dictionary<string, string> { ["spoco.format"] = "1", ["spoco.model"] = json, ["spoco.settings"] = json };
            SafeTensors.Write(model, [new SafeTensorSource("w", [1], () => [1])], metadata);
            foreach (var command in new[] { "predict", "segment" })
            {
                var run = CommandLineRun.Of(command, "--model", model, "--input", WriteImage(), "--out", PathOf("out"), "--device", "cpu");
                run.AssertBadInput("m.safetensors");
                AssertOwnWords(run.Error);
            }
        }

        File.WriteAllText(PathOf("c.json"), "{\"data\": ]}");
        var config = CommandLineRun.Of("train", "--config", PathOf("c.json"), "--data", Folder, "--out", PathOf("model"));
        config.AssertBadInput("c.json", "line 1");
        AssertOwnWords(config.Error);
        (string, byte[])[] cut =
        [
            ("x.tif", [0x49, 0x49, 42, 0, 8, 0, 0, 0, 255, 255]), ("y.tif", [0x49, 0x49, 42, 0]), ("z.png", [1]), ("u.h5", [0x89]),
        ];
        foreach (var (name, bytes) in cut)
        {
            File.WriteAllBytes(PathOf(name), bytes);
            var run = CommandLineRun.Of("evaluate", "--prediction", PathOf(name), "--labels", PathOf(name));
            run.AssertBadInput(name);
            AssertOwnWords(run.Error);
        }

        var maps = CommandLineRun.Of("train", "--data", DataSet.Write(PathOf("data")), "--out", PathOf("model"), "--device", "cpu",
            "--patch", "32,32", "--maps", Many);
        maps.AssertBadInput("2 to 16 levels");
        AssertOwnWords(maps.Error);
    }

    private string WriteImage()
    {
        DataSet.WriteImage(PathOf("images/i.png"), new Volume<float>(1, 32, 32));
        return PathOf("images/i.png");
    }

    private static void AssertOwnWords(string error)
    {
        string[] words =
        [
            "(Parameter", "Index was", "Sequence contains", "Insufficient", "internal error", "BytePosition", "Exception", "System.", "Arithmetic",
        ];
        foreach (var foreign in words)
            Assert.That(error, Does.Not.Contain(foreign));
    }

    private static void AssertSafe(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else
                Assert.That(char.IsControl(text[i]) || char.IsSurrogate(text[i]) || text[i] is '\u202e' or '\u2066' or '\u2028', Is.False, $"at {i}");
        }
    }
}
