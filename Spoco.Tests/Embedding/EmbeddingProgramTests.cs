using System.Diagnostics;
using System.Runtime.InteropServices;
using Spoco.Engine.Checkpoints;
using Spoco.Kernels;

namespace Spoco.Tests.Embedding;

/// <summary>The program of docs/embedding.md is the one that is compiled here; it learns what it says, also trimmed and compiled ahead of time.</summary>
[NonParallelizable]
public sealed class EmbeddingProgramTests : FolderTests
{
    [Test]
    public void It_is_what_the_document_shows() => ShownProgram.AssertIsIn(Path.Combine("docs", "embedding.md"), Program);

    [Test]
    public void It_trains_and_segments()
    {
        var here = Directory.GetCurrentDirectory();
        try
        {
            var (report, segments) = EmbeddingProgram.Run(Folder);
            Assert.That((report.Iterations, report.Losses.Count, report.Validations.Count), Is.EqualTo((500, 500, 10)));
            Assert.That(report.Losses.TakeLast(50).Average(), Is.LessThan(report.Losses.Take(50).Average() / 2));
            Assert.That(report.ExpectedScore, Is.GreaterThan(0.6), "of the two images that were held out");
            Assert.That(segments.Data.Max(), Is.InRange(4, 8), "6 cells, some of which touch");
            using var device = ComputeDevice.Open("cpu");
            using var kept = Checkpoint.Load(PathOf("cells.safetensors"), device);
            var best = report.Validations.Last(validation => validation.IsBest);
            Assert.That((kept.Options.ForegroundThreshold, kept.Options.Segmentation.MergeDistance), Is.EqualTo((best.ForegroundThreshold, best.MergeDistance)), "the best model, not the last one");
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
        }
    }

    [TestCase("PublishTrimmed", Category = "Long")]
    [TestCase("PublishAot", Category = "Long")]
    public void It_runs_without_what_reflection_needs(string property)
    {
        if (!OperatingSystem.IsLinux() || (property == "PublishAot" && !File.Exists("/usr/bin/clang") && !File.Exists("/usr/bin/gcc")))
            Assert.Ignore("Compiling ahead of time needs a linker: clang or gcc.");
        File.WriteAllText(PathOf("Program.cs"), Program);
        File.WriteAllText(PathOf("Cells.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <InvariantGlobalization>true</InvariantGlobalization>
                <{property}>true</{property}>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="{Path.Combine(ShownProgram.Project, "Spoco.Engine", "Spoco.Engine.csproj")}" />
              </ItemGroup>
            </Project>
            """);
        var artifacts = Directory.CreateTempSubdirectory("spoco-published-").FullName;
        try
        {
            var built = Run("dotnet", "publish", PathOf("Cells.csproj"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "--artifacts-path", artifacts, "-nodeReuse:false");
            Assert.That(built.Split('\n').Where(line => line.Contains("warning IL", StringComparison.Ordinal)), Is.Not.Empty.And.All.Match(@"ILGPU(\.Algorithms)?\.dll : warning IL|warning IL\d+: ILGPU\."),
                "only ILGPU, which the cpu device does not use, cannot be trimmed");
            var program = Directory.GetFiles(Path.Combine(artifacts, "publish"), "Cells", SearchOption.AllDirectories).Single();
            Assert.That(Run(program), Does.Contain("500 steps: loss").And.Contain("cells in the first image"));
            Assert.That(File.Exists(PathOf("cells.safetensors")));
        }
        finally
        {
            Directory.Delete(artifacts, recursive: true);
        }
    }

    private static string Program => ShownProgram.TextOf("Spoco.Tests", "Embedding", "EmbeddingProgram.cs");

    private string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, output);
        return output;
    }
}
