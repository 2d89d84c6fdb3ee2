using Spoco.Bench.Reports;
using Spoco.Engine;
using Spoco.Kernels;
using Spoco.Tests.CommandLine;

namespace Spoco.Tests.Bench;

/// <summary>Reports as files, and two of them beside each other.</summary>
public sealed class BenchFileTests : FolderTests
{
    [Test]
    public void What_is_written_is_read()
    {
        var report = Report();
        Write("a.json", report);
        var read = BenchFile.Read(PathOf("a.json"));
        Assert.That(read.Results, Is.EqualTo(report.Results));
        Assert.That(read.Steps.Single().Kernels, Is.EqualTo(report.Steps.Single().Kernels));
        Assert.That(read with { Results = report.Results, Steps = report.Steps }, Is.EqualTo(report));
        Assert.That(ReportText.Lines(read), Is.EqualTo(ReportText.Lines(report)));
        Assert.That(BenchFile.IsReport(PathOf("a.json")));
    }

    [Test]
    public void Tables_give_rates_and_shares_of_the_peak()
    {
        var lines = ReportText.Lines(Report()).ToList();
        Assert.That(lines, Has.Some.EqualTo("| fp32 | multiply-adds | 2.00 | 1.00 | 3.00 | 5 | 4.00 |"));
        Assert.That(lines, Has.Some.EqualTo("| 3D | forward | 4.00 | 2.00 | 6.00 | 5 | 1.00 | 13 % |"));
        Assert.That(lines, Has.Some.EqualTo("| 3D | weight gradient | not measured: no memory |"));
        Assert.That(lines, Has.Some.EqualTo("| K.A | 3 | 7.50 | 75.0 % |"));
        Assert.That(lines, Has.Some.EqualTo("| between kernels: copies, launches, waiting for the host | | 2.50 | 25.0 % |"));
    }

    [Test]
    public void Texts_stay_within_their_cells() =>
        Assert.That(ReportText.Lines(Report() with { Hardware = "a|b\nc" }), Has.Some.EqualTo("- cuda:0: a\\|b c"));

    [Test]
    public void The_same_device_has_ratios()
    {
        Write("a.json", Report());
        Write("b.json", Report() with { Driver = "other", Results = [.. Report().Results.Select(r => r with { Median = r.Median / 2, Fastest = r.Fastest / 2, Flops = r.Flops / 2 }), New("Norm", "2D", "x", 1)] });
        var output = CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("b.json")).AssertSuccess().Output;
        Assert.That(output, Does.Contain("The same device").And.Contain("The drivers differ.").And.Not.Contain("no ratios").And.Not.Contain("peaks differ"));
        Assert.That(output, Does.Contain("| Convolution | 3D | forward | 4.00 (2.00 .. 6.00) | 2.00 (1.00 .. 6.00) | 0.50 |\n"));
        Assert.That(output, Does.Contain("| Convolution | 3D | weight gradient | not measured | not measured |  |\n"));
        Assert.That(output, Does.Contain("| Norm | 2D | x | - | 1.00 (0.500 .. 1.50) |  |\n"));
    }

    [Test]
    public void Other_peaks_are_mentioned()
    {
        var b = Report() with { Results = [.. Report().Results.Select(r => r with { Fastest = r.Fastest * 2 })] };
        Assert.That(Comparison.Lines(Report(), b), Has.Some.EqualTo(
            "The measured peaks differ: 8.00 and 4.00 TFLOP/s. One of the runs was disturbed, or ran at other clocks."));
    }

    [TestCase("devices")]
    [TestCase("processors")]
    [TestCase("devices and the processors")]
    public void Another_machine_has_none(string differing)
    {
        var b = Report();
        if (differing.Contains("devices", StringComparison.Ordinal))
            b = b with { Hardware = "Other GPU" };
        if (differing.Contains("processors", StringComparison.Ordinal))
            b = b with { Processors = 7 };
        var lines = Comparison.Lines(Report(), b).ToList();
        Assert.That(lines, Has.Some.EqualTo($"The {differing} differ: ratios against times of another machine are no ratios, so there are none here."));
        Assert.That(lines, Has.Some.EqualTo("| Convolution | 3D | forward | 4.00 (2.00 .. 6.00) | 4.00 (2.00 .. 6.00) |"));
        Assert.That(lines, Has.None.Contains("B / A"));
    }

    [Test]
    public void The_same_card_through_another_interface_is_another_device() =>
        Assert.That(Comparison.Lines(Report(), Report() with { Device = "opencl:0" }), Has.Some.StartWith("The devices differ"));

    [TestCase("")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{}")]
    [TestCase("{\"format\": \"spoco-bench\"}")]
    [TestCase("{\"format\": 3, \"version\": 1}")]
    [TestCase("{\"format\": \"other\", \"version\": 1}")]
    [TestCase("{\"format\": \"spoco-bench\", \"version\": 1}")]
    [TestCase("{\"format\": \"spoco-bench\", \"version\": 1e99}")]
    [TestCase("\u00ff\u0000")]
    public void What_is_no_report_is_one_line(string text)
    {
        File.WriteAllText(PathOf("a.json"), text);
        CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("a.json")).AssertBadInput("a.json", "is no report of spoco-bench");
    }

    [TestCase("\"median\": 2,", "\"median\": -2,")]
    [TestCase("\"median\": 2,", "\"median\": 0,")]
    [TestCase("\"median\": 2,", "\"median\": 1e999,")]
    [TestCase("\"median\": 2,", "\"median\": \"2\",")]
    [TestCase("\"median\": 2,", "")]
    [TestCase("\"what\": \"forward\",", "\"what\": null,")]
    [TestCase("\"results\": [", "\"results\": [ null,")]
    [TestCase("\"results\": [", "\"results\": [[[[[[[[[[ 1 ]]]]]]]]]], \"more\": [")]
    [TestCase("\"steps\": [", "\"steps\": null, \"more\": [")]
    [TestCase("\"kernels\": [", "\"kernels\": [ null,")]
    [TestCase("\"measured\": \"", "\"measured\": \"x")]
    public void A_damaged_report_is_one_line(string what, string instead)
    {
        Write("a.json", Report());
        var text = File.ReadAllText(PathOf("a.json"));
        Assert.That(text, Does.Contain(what));
        File.WriteAllText(PathOf("a.json"), text.Replace(what, instead, StringComparison.Ordinal));
        CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("a.json")).AssertBadInput("a.json", "is no report of spoco-bench");
    }

    [Test]
    public void Names_without_end_are_refused()
    {
        Write("a.json", Report() with { Hardware = new string('x', 600) });
        CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("a.json")).AssertBadInput("more than 500 letters");
    }

    [Test]
    public void A_huge_file_is_not_read()
    {
        using (var stream = File.Create(PathOf("a.json")))
            stream.SetLength(1L << 40);
        CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("a.json")).AssertBadInput("a.json", "1099511627776 bytes");
    }

    [Test]
    public void A_report_of_another_version_says_so()
    {
        Write("a.json", Report() with { Version = 2 });
        CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("a.json")).AssertBadInput("is a report of version 2; this spoco-bench reads version 1");
        Assert.That(BenchFile.IsReport(PathOf("a.json")), "it may be replaced");
    }

    [Test]
    public void A_file_that_is_not_there_is_bad_input() => CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("b.json")).AssertBadInput("a.json");

    [Test]
    public void What_a_terminal_would_obey_is_spelled_out()
    {
        Write("a.json", Report() with { Hardware = "\u001b[2J" });
        Assert.That(CommandLineRun.OfBench("compare", PathOf("a.json"), PathOf("a.json")).AssertSuccess().Output, Does.Contain("\\u001b[2J").And.Not.Contain("\u001b"));
    }

    [Test]
    public void The_notices_of_the_kit_name_every_package()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Spoco.sln")))
            folder = folder.Parent;
        string Text(string path) => File.ReadAllText(Path.Combine(folder!.FullName, path));
        var notices = Text("build/third-party-notices.txt");
        foreach (var project in new[] { "Spoco.Kernels", "Spoco.Engine", "Spoco.Cli" })
            foreach (var package in System.Xml.Linq.XDocument.Parse(Text($"{project}/{project}.csproj")).Descendants("PackageReference"))
            {
                // What only the compiler uses is not in the kit.
                if (package.Attribute("PrivateAssets")?.Value != "all")
                    Assert.That(notices, Does.Contain($"  {package.Attribute("Include")!.Value} "), project);
            }
    }

    private static BenchReport Report() => new()
    {
        Measured = new DateTime(2026, 11, 28, 8, 0, 0, DateTimeKind.Utc), Software = "Spoco 1", Processor = "CPU", Processors = 16,
        Device = "cuda:0", Hardware = "GPU", Driver = "580", Clock = "events", Plan = "full", IsComplete = true,
        Results =
        [
            New("Peak", "fp32", "multiply-adds", 2, 8e9), New("Convolution", "3D", "forward", 4, 4e9),
            new("Convolution", "3D", "weight gradient", 0, 0, 0, 0, 0, 0, 0, 0, "no memory"),
        ],
        Steps = [new("UNet", "alone", 10, [new("K.A", 3, 7.5)])],
    };

    private static BenchResult New(string section, string name, string what, double median, double flops = 0) =>
        new(section, name, what, 5, 1, median, median / 2, median * 1.5, flops, 0, 0, null);

    private void Write(string name, BenchReport report)
    {
        using var stream = File.Create(PathOf(name));
        BenchFile.Write(stream, report);
    }
}
