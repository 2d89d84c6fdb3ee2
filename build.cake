// dotnet tool exec cake.tool@7.0.0 --yes -- --target=Test
// Targets: Clean, Build, Test, TestAll, Bench (--filter, --device, --job), Demo, Kernels, Pack.
using System.Xml.Linq;

const string Solution = "./Spoco.sln";
const string Configuration = "Release";
var target = Argument("target", "Test");
var artifacts = Directory("./artifacts");
TestCounts tests = null;

// What every kernel takes on an NVIDIA GPU: the tests write it where they find an assembler, `SPOCO_PTXAS=$(build/ptxas.sh)`.
var kernelTable = MakeAbsolute(artifacts).CombineWithFilePath("kernels.md").FullPath;

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
        + "&FullyQualifiedName!~Spoco.Tests.Threads&FullyQualifiedName!~Spoco.Tests.Kernels&FullyQualifiedName!~Spoco.Tests.SelfTests"),
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

Task("Pack").IsDependentOn("Build").Does(() =>
{
    CleanDirectory(artifacts);
    DotNetPack(Solution, new DotNetPackSettings { Configuration = Configuration, NoBuild = true, NoLogo = true, OutputDirectory = artifacts });
    foreach (var package in GetFiles("./artifacts/*.nupkg"))
        Information(package.GetFilename());
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
            EnvironmentVariables = part.Play is { } seed
                ? new Dictionary<string, string> { ["SPOCO_PLAY"] = $"{seed}" } : new Dictionary<string, string> { ["SPOCO_KERNEL_TABLE"] = kernelTable },
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

/// <summary>Tests that run in one process. Play: the seed with which kernels of the simulator are played.</summary>
record TestPart(string Name, string Filter, int? Play = null, bool IsLong = false);

/// <summary>What a test run came to. Succeeded only when tests ran, none failed, and the run itself ended well.</summary>
record TestCounts(int Passed, int Failed, int Skipped, int ExitCode)
{
    public bool Succeeded => Passed > 0 && Failed == 0 && ExitCode == 0;
    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}
