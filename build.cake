// dotnet tool exec cake.tool@7.0.0 --yes -- --target=Test
// Targets: Clean, Build, Test, TestAll, Bench (--filter, --device, --job), Demo, Kernels, Pack, Publish (--runtime).
using System.Formats.Tar;
using System.IO.Compression;
using System.Xml.Linq;

const string Solution = "./Spoco.sln";
const string Configuration = "Release";
var target = Argument("target", "Test");
var artifacts = Directory("./artifacts");
TestCounts tests = null;

// What every kernel takes on an NVIDIA GPU: the tests write it where they find an assembler, `SPOCO_PTXAS=$(build/ptxas.sh)`.
var kernelTable = MakeAbsolute(artifacts).CombineWithFilePath("kernels.md").FullPath;

// What Publish makes kits for.
var Runtimes = new[] { "linux-x64", "linux-arm64", "win-x64" };

// A process each: the file tests end thousands of damaged reads, the OpenCL driver on the CPU keeps every kernel of a process, and a race may end
// the process of its test.
var TestParts = new TestPart[]
{
    new("Files", "FullyQualifiedName~Spoco.Tests.Files"),
    new("Losses", "FullyQualifiedName~Spoco.Tests.Losses"),
    new("Operations", "FullyQualifiedName~Spoco.Tests.Ops"),
    new("Threads", "FullyQualifiedName~Spoco.Tests.Threads"),
    new("Kernels", "FullyQualifiedName~Spoco.Tests.Kernels|FullyQualifiedName~Spoco.Tests.SelfTests"),
    new("Rest", "FullyQualifiedName!~Spoco.Tests.Files&FullyQualifiedName!~Spoco.Tests.Losses&FullyQualifiedName!~Spoco.Tests.Ops"
        + "&FullyQualifiedName!~Spoco.Tests.Cuda.&FullyQualifiedName!~Spoco.Tests.Threads&FullyQualifiedName!~Spoco.Tests.Kernels&FullyQualifiedName!~Spoco.Tests.SelfTests"),
    // Kernels as they are given to NVIDIA's driver, by one that interprets them: docs/gpu.md.
    new("Cuda", "FullyQualifiedName~Spoco.Tests.Cuda.", IsInterpreted: true),
    // The kernels of the simulator once more, their threads taking turns as a seed has it: docs/concurrency.md.
    new("PlayedOperations", "FullyQualifiedName~Spoco.Tests.Ops&Name~ilgpu-cpu", Play: 1),
    new("PlayedLosses", "FullyQualifiedName~Spoco.Tests.Losses&Name~ilgpu-cpu", Play: 1, IsLong: true),
};

Task("Clean").Does(() => CleanDirectories(GetDirectories("./Spoco.*/{bin,obj}").Append(artifacts)));

Task("Build").Does(() => DotNetBuild(Solution, new DotNetBuildSettings
{
    Configuration = Configuration,
    NoLogo = true,
    MSBuildSettings = new DotNetMSBuildSettings { NodeReuse = false }.TreatAllWarningsAs(MSBuildTreatAllWarningsAs.Error),
}));

// Failing tests go on to the last line of this script, which sets the exit code.
Task("Test").IsDependentOn("Build").ContinueOnError().Does(() => RunTests(all: false));

Task("TestAll").IsDependentOn("Build").ContinueOnError().Does(() => RunTests(all: true));

Task("Bench").IsDependentOn("Build").Does(() =>
{
    var arguments = new ProcessArgumentBuilder().Append("--filter").AppendQuoted(Argument("filter", "*"));
    foreach (var option in new[] { "device", "job" })
        if (HasArgument(option))
            arguments.Append("--" + option).AppendQuoted(Argument<string>(option));
    DotNetRun("./Spoco.Bench", arguments, new DotNetRunSettings { Configuration = Configuration, NoBuild = true });
});

Task("Demo").IsDependentOn("Build").Does(() =>
    DotNetRun("./Spoco.Cli", "demo", new DotNetRunSettings { Configuration = Configuration, NoBuild = true }));

Task("Kernels").IsDependentOn("Build").Does(() =>
{
    PrepareKernelTable();
    DotNetTest("./Spoco.Tests", new DotNetTestSettings
    {
        Configuration = Configuration,
        NoBuild = true,
        NoLogo = true,
        Filter = "FullyQualifiedName~Spoco.Tests.Kernels",
        EnvironmentVariables = new Dictionary<string, string> { ["SPOCO_KERNEL_TABLE"] = kernelTable },
    });
    if (!System.IO.File.Exists(kernelTable))
        throw new CakeException("No table of the kernels: they were not assembled; SPOCO_PTXAS=$(build/ptxas.sh) says where the assembler is.");
    Information(kernelTable);
});

Task("Pack").Does(() =>
{
    CleanDirectory(artifacts);
    // ContinuousIntegrationBuild: what is packed names no folder of the machine that packs it.
    var settings = new DotNetMSBuildSettings().WithProperty("ContinuousIntegrationBuild", "true");
    DotNetPack(Solution, new DotNetPackSettings { Configuration = Configuration, NoLogo = true, OutputDirectory = artifacts, MSBuildSettings = settings });
    foreach (var package in GetFiles("./artifacts/*.nupkg"))
    {
        CheckPackage(package);
        Information(package.GetFilename());
    }
});

/// <summary>A package brings README, icon and symbols; one that uses internals of another requires the same version of it.</summary>
void CheckPackage(FilePath package)
{
    using var zip = System.IO.Compression.ZipFile.OpenRead(package.FullPath);
    foreach (var name in new[] { "README.md", "icon.png" }.Where(name => zip.GetEntry(name) == null))
        throw new CakeException($"Pack: {package.GetFilename()} lacks {name}.");
    if (!FileExists(package.ChangeExtension("snupkg")))
        throw new CakeException($"Pack: {package.GetFilename()} comes without symbols.");
    using var reader = new StreamReader(zip.Entries.Single(e => e.FullName.EndsWith(".nuspec")).Open());
    if (reader.ReadToEnd() is var nuspec && nuspec.Contains("<dependency id=\"Spoco.") && !nuspec.Contains("<dependency id=\"Spoco.Kernels\" version=\"["))
        throw new CakeException($"Pack: {package.GetFilename()} takes other versions of Spoco.Kernels, too.");
}

Task("Publish").Does(() =>
{
    var chosen = HasArgument("runtime") ? new[] { Argument<string>("runtime") } : Runtimes;
    if (chosen.Except(Runtimes).FirstOrDefault() is { } unknown)
        throw new CakeException($"--runtime: expected {string.Join(", ", Runtimes)}, got '{unknown}'.");
    if (chosen.Any(runtime => !IsWindows(runtime)) && Context.Tools.Resolve(new[] { "xz", "xz.exe" }) == null)
        throw new CakeException("Publish: xz is not on the PATH; it packs the kits for Linux.");
    foreach (var runtime in chosen)
        Publish(runtime);
});

RunTarget(target);

// After Cake's own closing table, so that the counts are the last line; an exception would print after them.
if (tests != null)
{
    if (tests.Failed == 0 && tests.ExitCode != 0)
        Console.WriteLine("The test run did not end as it should: see above.");
    Console.WriteLine(tests);
    Environment.Exit(tests.Succeeded ? 0 : 1);
}

bool IsWindows(string runtime) => runtime.StartsWith("win");

/// <summary>Builds spoco and spoco-bench with one runtime between them, apart from what other targets build, and packs them.</summary>
void Publish(string runtime)
{
    var name = $"spoco-{runtime}";
    var folder = artifacts.Path.Combine("kit").Combine(name);
    CleanDirectory(folder);
    DotNetPublish("./Spoco.Bench", new DotNetPublishSettings
    {
        Configuration = Configuration,
        Runtime = runtime,
        SelfContained = true,
        OutputDirectory = folder,
        NoLogo = true,
        MSBuildSettings = new DotNetMSBuildSettings { NodeReuse = false }.WithProperty("Kit", "true").TreatAllWarningsAs(MSBuildTreatAllWarningsAs.Error),
        ArgumentCustomization = arguments => arguments.Append("--artifacts-path").AppendQuoted(MakeAbsolute(artifacts).Combine("kit/build").FullPath),
    });
    var suffix = IsWindows(runtime) ? ".exe" : "";
    // BenchmarkDotNet asks for an assembly that is called like its project. The program that starts it may be called otherwise.
    MoveFile(folder.CombineWithFilePath($"Spoco.Bench{suffix}"), folder.CombineWithFilePath($"spoco-bench{suffix}"));
    var archive = artifacts.Path.CombineWithFilePath(name + (IsWindows(runtime) ? ".zip" : ".tar.xz"));
    var root = MakeAbsolute(folder).FullPath;
    var files = System.IO.Directory.GetFiles(root, "*", System.IO.SearchOption.AllDirectories)
        .Select(path => (Path: path, Entry: $"{name}/{System.IO.Path.GetRelativePath(root, path).Replace('\\', '/')}")).OrderBy(file => file.Entry, StringComparer.Ordinal).ToList();
    var target = MakeAbsolute(archive).FullPath;
    System.IO.File.Delete(target);
    if (IsWindows(runtime))
        PackZip(target, files);
    else
        PackTar(target, files, new HashSet<string> { $"{name}/spoco", $"{name}/spoco-bench" });
    Information($"{archive.GetFilename()}  {new System.IO.FileInfo(target).Length / 1e6:0.0} MB, {files.Count} files");
}

// Archives of the same files are the same: sorted names, one owner, one time.
DateTimeOffset PackedAt() => new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

void PackZip(string target, List<(string Path, string Entry)> files)
{
    using var zip = System.IO.Compression.ZipFile.Open(target, ZipArchiveMode.Create);
    foreach (var (path, name) in files)
    {
        var entry = zip.CreateEntry(name, CompressionLevel.SmallestSize);
        entry.LastWriteTime = PackedAt();
        using var source = System.IO.File.OpenRead(path);
        using var into = entry.Open();
        source.CopyTo(into);
    }
}

void PackTar(string target, List<(string Path, string Entry)> files, HashSet<string> programs)
{
    var tar = System.IO.Path.ChangeExtension(target, null);
    using (var stream = System.IO.File.Create(tar))
    using (var writer = new TarWriter(stream, TarEntryFormat.Ustar))
    {
        foreach (var (path, name) in files)
        {
            using var source = System.IO.File.OpenRead(path);
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = source,
                ModificationTime = PackedAt(),
                Mode = (UnixFileMode)(programs.Contains(name) ? 0b111_101_101 : 0b110_100_100),
            });
        }
    }

    // One thread: several cut the archive into blocks, by their number, and pack it worse.
    if (StartProcess("xz", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("-9e").Append("--threads=1").Append("--force").AppendQuoted(tar) }) != 0)
        throw new CakeException($"Publish: xz cannot pack {System.IO.Path.GetFileName(tar)}.");
}

void PrepareKernelTable()
{
    EnsureDirectoryExists(artifacts);
    if (System.IO.File.Exists(kernelTable))
        DeleteFile(kernelTable);
}

void RunTests(bool all)
{
    tests = new TestCounts(0, 0, 0, ExitCode: 1);
    var results = Directory("./TestResults");
    CleanDirectory(results);
    PrepareKernelTable();
    var exitCode = 0;
    XNamespace trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
    var outcomes = new List<XElement>();
    foreach (var part in TestParts.Where(part => all || !part.IsLong))
    {
        DotNetTest("./Spoco.Tests", new DotNetTestSettings
        {
            Configuration = Configuration,
            NoBuild = true,
            NoLogo = true,
            Filter = all ? part.Filter : $"({part.Filter})&TestCategory!=Long",
            EnvironmentVariables = part.Play is { } seed ? new Dictionary<string, string> { ["SPOCO_PLAY"] = $"{seed}" }
                : part.IsInterpreted ? new Dictionary<string, string> { ["SPOCO_PTX"] = "1" } : new Dictionary<string, string> { ["SPOCO_KERNEL_TABLE"] = kernelTable },
            ResultsDirectory = results,
            Loggers = { $"trx;LogFileName={part.Name}.trx", "console;verbosity=quiet" },
            // A test that hangs is named and ended by the tests' own watchdog (HangLimit). This limit is for what hangs between tests, and
            // above those of all tests: SPOCO_STRESS_MINUTES above 15 is for dotnet test.
            ArgumentCustomization = arguments => arguments.Append("--blame --blame-hang-timeout 20m --blame-hang-dump-type none"),
            HandleExitCode = code => { exitCode = Math.Max(exitCode, code); return true; },
        });
        var file = results.Path.CombineWithFilePath($"{part.Name}.trx").FullPath;
        if (System.IO.File.Exists(file))
            outcomes.AddRange(XDocument.Load(file).Root.Descendants(trx + "UnitTestResult"));
    }

    var byOutcome = outcomes.ToLookup(test => (string)test.Attribute("outcome") switch
    {
        "Passed" => "passed",
        "NotExecuted" or "Inconclusive" => "skipped",
        _ => "failed",
    });
    string Text(XElement test, string name) => test.Descendants(trx + name).FirstOrDefault()?.Value.Trim() ?? "";

    foreach (var test in byOutcome["failed"])
    {
        Console.WriteLine($"FAILED {test.Attribute("testName")?.Value}");
        foreach (var line in $"{Text(test, "Message")}\n{Text(test, "StackTrace")}".Split('\n'))
            Console.WriteLine("    " + line.TrimEnd());
    }
    foreach (var reason in byOutcome["skipped"].GroupBy(test => Text(test, "Message")).OrderByDescending(tests => tests.Count()))
        Console.WriteLine($"{reason.Count()} skipped: {(reason.Key == "" ? "no reason given" : reason.Key)}");

    tests = new TestCounts(byOutcome["passed"].Count(), byOutcome["failed"].Count(), byOutcome["skipped"].Count(), exitCode);
    if (!tests.Succeeded)
        throw new CakeException("Tests failed.");
}

/// <summary>Tests that run in one process. Play: the seed with which kernels of the simulator are played. IsInterpreted: cuda:0 is a driver that interprets kernels.</summary>
record TestPart(string Name, string Filter, int? Play = null, bool IsLong = false, bool IsInterpreted = false);

/// <summary>What a test run came to. Succeeded only when tests ran, none failed, and the run itself ended well.</summary>
record TestCounts(int Passed, int Failed, int Skipped, int ExitCode)
{
    public bool Succeeded => Passed > 0 && Failed == 0 && ExitCode == 0;
    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}
