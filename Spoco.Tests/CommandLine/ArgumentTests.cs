using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary>Values of options that people type, or that a script leaves empty.</summary>
public sealed class ArgumentTests : FolderTests
{
    // The parser of options takes a comma for a separator of thousands: a learning rate of 0,001 was one of 1.
    [TestCase("train", "--learning-rate", "0,001")]
    [TestCase("train", "--learning-rate", "2,5e-4")]
    [TestCase("train", "--momentum", "0,999")]
    [TestCase("train", "--pull-margin", "0,5")]
    [TestCase("train", "--instance-ratio", "0,5")]
    [TestCase("train", "--held-out", "0,2")]
    [TestCase("segment", "--threshold", "0,5")]
    [TestCase("segment", "--merge-distance", "1,5")]
    public void A_decimal_comma_is_no_separator_of_thousands(string command, string option, string value) =>
        Run(command, option, value).AssertBadInput(option, $"'{value}'", "behind a point");

    [TestCase("segment", "--merge-distance", "NaN")]
    [TestCase("segment", "--merge-distance", "1e999")]
    [TestCase("segment", "--threshold", "50%")]
    [TestCase("train", "--weight-decay", "Infinity")]
    [TestCase("train", "--learning-rate", "fast")]
    public void Numbers_are_finite_and_nothing_else(string command, string option, string value) =>
        Run(command, option, value).AssertBadInput(option, $"'{value}'", "expected a number");

    [TestCase("train", "--iterations", "1,000")]
    [TestCase("train", "--iterations", "1e3")]
    [TestCase("train", "--iterations", "99999999999")]
    [TestCase("train", "--seed", "1.5")]
    [TestCase("segment", "--threads", "all")]
    [TestCase("suggest", "--count", "many")]
    [TestCase("segment", "--size-floor", "40px")]
    [TestCase("evaluate", "--ignore-label", "none")]
    public void Whole_numbers_are_asked_for_in_our_own_words(string command, string option, string value)
    {
        var run = Run(command, option, value);
        run.AssertBadInput(option, $"'{value}'", "expected a whole number");
        Assert.That(run.Error, Does.Not.Contain("System."));
    }

    [TestCase("segment", "--out")]
    [TestCase("segment", "--input")]
    [TestCase("segment", "--model")]
    [TestCase("segment", "--foreground")]
    [TestCase("predict", "--out")]
    [TestCase("predict", "--raw-name")]
    [TestCase("train", "--data")]
    [TestCase("train", "--out")]
    [TestCase("train", "--val")]
    [TestCase("evaluate", "--json")]
    public void An_empty_value_is_not_the_current_folder(string command, string option)
    {
        foreach (var empty in new[] { "", " " })
            Run(command, option, empty).AssertBadInput(option, "its value is empty");
    }

    [TestCase("-0.5")]
    [TestCase("5E-1")]
    [TestCase("+1")]
    [TestCase(".5")]
    public void Other_ways_to_write_a_number_stay(string value) =>
        Assert.That(Run("segment", "--merge-distance", value).Error, Does.Not.Contain("expected a number"));

    [Test]
    public void Several_values_are_all_looked_at()
    {
        PngFile.WriteLabels(PathOf("a.png"), new Volume<int>(1, 8, 8));
        CommandLineRun.Of("evaluate", "--prediction", PathOf("a.png"), "", "--labels", PathOf("a.png"))
            .AssertBadInput("--prediction", "its value is empty");
    }

    private static CommandLineRun Run(string command, string option, string value)
    {
        var options = command switch
        {
            "segment" or "predict" or "suggest" => new Dictionary<string, string> { ["--model"] = "nowhere", ["--input"] = "nowhere", ["--out"] = "nowhere" },
            "train" => new Dictionary<string, string> { ["--data"] = "nowhere", ["--out"] = "nowhere" },
            _ => new Dictionary<string, string> { ["--prediction"] = "nowhere", ["--labels"] = "nowhere" },
        };
        options[option] = value;
        return CommandLineRun.Of([command, .. options.SelectMany(o => new[] { o.Key, o.Value })]);
    }
}
