using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Spoco.Cli.Commands;

namespace Spoco.Tests.Packages;

/// <summary>The README that a package brings is shown on a page of its own: a relative link leads nowhere there.</summary>
public sealed partial class PackageReadmeTests
{
    [Test]
    public void The_packages_are_those_that_are_looked_at() => Assert.That(
        Directory.GetDirectories(ShownProgram.Project, "Spoco.*").SelectMany(folder => Directory.GetFiles(folder, "*.csproj"))
            .Where(path => XDocument.Load(path).Descendants("IsPackable").Any(packable => packable.Value == "true")).Select(path => Path.GetFileNameWithoutExtension(path)),
        Is.EquivalentTo(new[] { "Spoco.Cli", "Spoco.Engine", "Spoco.Kernels" }));

    [TestCase("Spoco.Cli")]
    [TestCase("Spoco.Engine")]
    [TestCase("Spoco.Kernels")]
    public void What_is_packed_has_no_relative_link(string package)
    {
        var readme = Packed(package);
        Assert.That(File.ReadLines(readme).First(), Does.StartWith("# Spoco"));
        Assert.That(RelativeLinks(File.ReadAllText(readme)), Is.Empty, readme);
    }

    [Test]
    public void Relative_links_are_found_in_all_their_forms()
    {
        const string text = "[a](docs/a.md) [b](https://b.org) ![c](../c.png \"c\") [d](#d) <https://e.org>\n[f]: f.md\n[g]: http://g.org\n<img src=\"h.png\"> <a href='https://i.org'>\n    var x = y[0](z);";
        Assert.That(RelativeLinks(text), Is.EqualTo(new[] { "docs/a.md", "../c.png", "#d", "f.md", "h.png" }));
        Assert.That(RelativeLinks(File.ReadAllText(Path.Combine(ShownProgram.Project, "README.md"))), Does.Contain("docs/gpu.md#the-kit").And.Contain("LICENSE"));
    }

    [Test]
    public void That_of_the_engine_shows_the_program_of_the_README() =>
        ShownProgram.AssertIsIn(Path.Combine("Spoco.Engine", "README.md"), ShownProgram.TextOf("Spoco.Tests", "CommandLine", "ReadmeProgram.cs"));

    [Test]
    public void That_of_the_command_names_every_command() => Assert.That(
        Row().Matches(File.ReadAllText(Path.Combine(ShownProgram.Project, "Spoco.Cli", "README.md"))).Select(row => row.Groups[1].Value),
        Is.EquivalentTo(RootCommandFactory.Create().Subcommands.Select(command => command.Name)));

    /// <summary>The README that the project packs, as the build has it.</summary>
    private static string Packed(string package)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["msbuild", Path.Combine(ShownProgram.Project, package, $"{package}.csproj"), "-getItem:None", "-getProperty:PackageReadmeFile", "-nodeReuse:false"])
        {
            RedirectStandardOutput = true, UseShellExecute = false,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, output);
        using var project = JsonDocument.Parse(output);
        var name = project.RootElement.GetProperty("Properties").GetProperty("PackageReadmeFile").GetString();
        return project.RootElement.GetProperty("Items").GetProperty("None").EnumerateArray()
            .Where(item => item.TryGetProperty("Pack", out var pack) && pack.GetString() == "true" && $"{item.GetProperty("Filename")}{item.GetProperty("Extension")}" == name)
            .Select(item => item.GetProperty("FullPath").GetString()!).Single();
    }

    /// <summary>The targets of links and pictures that are no addresses on the web: in text, as definitions, and in HTML. Code is indented.</summary>
    private static IEnumerable<string> RelativeLinks(string markdown) => markdown.Split('\n').Where(line => !line.StartsWith("    ", StringComparison.Ordinal))
        .SelectMany(line => Link().Matches(line)).Select(link => link.Groups.Values.Skip(1).Single(group => group.Success).Value)
        .Where(target => !target.StartsWith("https://", StringComparison.Ordinal) && !target.StartsWith("http://", StringComparison.Ordinal));

    [GeneratedRegex("""\]\(\s*([^\s)]+)|^\s*\[[^\]]+\]:\s*(\S+)|(?:href|src)\s*=\s*["']([^"']+)""")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\| `spoco ([a-z-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
