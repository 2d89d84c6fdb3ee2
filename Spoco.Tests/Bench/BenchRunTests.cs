using Spoco.Bench;
using Spoco.Bench.Commands;
using Spoco.Bench.Reports;
using Spoco.Bench.Runs;
using Spoco.Kernels;
using Spoco.Tests.CommandLine;

namespace Spoco.Tests.Bench;

/// <summary>Measurements of <c>spoco-bench gpu</c>, on small problems.</summary>
public sealed class BenchRunTests : FolderTests
{
    [TestCaseSource(typeof(TestDevices), nameof(TestDevices.All))]
    public void Every_case_is_measured_and_gives_its_memory_back(string name)
    {
        TestDevices.Open(name);
        using var device = ComputeDevice.Open(name, new ComputeDeviceOptions { Profiling = true });
        var saved = new List<int>();
        var run = new BenchRun(device, TinyPlan.OfEachKind);
        run.Run(null, () => saved.Add(run.Report.Results.Count), default);
        var report = run.Report;

        Assert.That(report.IsComplete);
        Assert.That(report.Results.Select(r => r.Problem), Is.All.Null);
        Assert.That(report.Results.GroupBy(r => r.Section).Select(s => (s.Key, s.Count())), Is.EqualTo(new[]
        {
            ("Peak", 4), ("Convolution", 3), ("Norm", 4), ("Loss", 4), ("Training step", 2), ("Mutex Watershed", 1), ("Clustering", 2),
        }));
        foreach (var r in report.Results)
        {
            Assert.That(r.Samples, Is.EqualTo(2), $"{r}");
            Assert.That((r.Fastest, r.Slowest), Is.EqualTo((Math.Min(r.Fastest, r.Median), Math.Max(r.Median, r.Slowest))), $"{r}");
            Assert.That(r.Median, Is.Positive, $"{r}");
        }

        Assert.That(report.Peak(r => r.Teraflops), Is.Positive);
        Assert.That(report.Peak(r => r.Gigabytes), Is.Positive);
        Assert.That(saved, Is.EqualTo(new[] { 2, 5, 9, 11, 13, 15, 16, 18, 20 }), "after every case");
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero);
        Assert.That(report.Results.Where(r => r.Section == "Training step").Select(r => r.PeakBytes), Is.All.GreaterThan(1 << 14));
    }

    // The simulator's launches are timed as those of a GPU.
    [TestCase("cpu")]
    [TestCase("opencl:0")]
    [TestCase("cuda:0")]
    public void A_step_by_kernel_names_its_kernels_and_takes_no_longer_than_the_step(string name)
    {
        TestDevices.Open(name);
        using var device = ComputeDevice.Open(name, new ComputeDeviceOptions { Profiling = true });
        var run = new BenchRun(device, TinyPlan.Of(TinyPlan.OfEachKind.Cases.Where(c => c.Section == "Training step").ToList()));
        run.Run(null, () => { }, default);

        Assert.That(run.Report.Steps.Select(s => s.What), Is.EqualTo(new[] { "networks alone", "with the sparse SPOCO loss" }));
        foreach (var step in run.Report.Steps)
        {
            Assert.That(step.Kernels.Select(k => k.Kernel), Has.Some.StartWith(device.Capabilities.OnHost ? "ConvolutionHost" : "TileForward.").And.Some.StartWith("Adam"));
            Assert.That(step.Kernels.Sum(k => k.Milliseconds), Is.Positive.And.LessThanOrEqualTo(step.Milliseconds * 1.001));
            Assert.That(step.Kernels.Select(k => k.Launches), Is.All.Positive);
            Assert.That(step.Kernels.Select(k => k.Milliseconds), Is.Ordered.Descending);
        }

        var (alone, whole) = (run.Report.Steps[0].Kernels, run.Report.Steps[1].Kernels);
        Assert.That(whole.Sum(k => k.Launches), Is.GreaterThan(alone.Sum(k => k.Launches)));
        Assert.That(whole.Select(k => k.Kernel), Has.Some.StartWith("Embedding"));
        Assert.That(alone.Select(k => k.Kernel), Has.None.StartWith("Embedding"));
        Assert.That((device as IlgpuDevice)?.Loader, Is.Null, "launches are timed no longer");
        Assert.That((device as HostDevice)?.Workers.Profile, Is.Null);
    }

    [Test]
    public void The_clock_is_that_of_the_device_where_it_has_one()
    {
        TestDevices.Open("opencl:0");
        using var timed = ComputeDevice.Open("opencl:0", new ComputeDeviceOptions { Profiling = true });
        using var other = ComputeDevice.Open("opencl:0");
        using var host = ComputeDevice.Open("cpu");
        Assert.That(new[] { timed, other, host }.Select(d => new DeviceClock(d).Name),
            Is.EqualTo(new[] { "events of the device", "wall clock, the device idle before and after", "wall clock, the device idle before and after" }));
    }

    [Test]
    public void What_does_not_fit_is_a_line_and_the_rest_goes_on()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { MemoryLimit = 8 << 20 });
        var large = new BenchCase("Convolution", "large", 1, d => new ConvolutionCalls(d, new ConvolutionBench.Layer(new(1, 1, 512, 512, 16), 16)));
        var run = new BenchRun(device, TinyPlan.Of(
            large, TinyPlan.Doing("asks for more", () => device.Allocate<float>(1L << 30, "more").Memory.Dispose()), TinyPlan.Convolution));
        run.Run(null, () => { }, default);

        Assert.That(run.Report.IsComplete);
        var failed = run.Report.Results.Where(r => r.Samples == 0).ToList();
        Assert.That(failed.Select(r => (r.Name, r.What)), Is.EqualTo(new[] { ("large", ""), ("asks for more", "call") }));
        Assert.That(failed.Select(r => r.Problem), Is.All.Contains("out of memory"));
        Assert.That(run.Report.Results.Count(r => r.Section == "Convolution" && r.Samples > 0), Is.EqualTo(3));
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero, "what it had taken until then went back");
        Assert.That(ReportText.Lines(run.Report), Has.Some.StartWith("| large |  | not measured: ConvolutionCalls: device cpu is out of memory: "));
    }

    [Test]
    public void Ctrl_C_keeps_what_was_measured()
    {
        using var device = ComputeDevice.Open("cpu");
        using var cancellation = new CancellationTokenSource();
        var run = new BenchRun(device, TinyPlan.Of(TinyPlan.Convolution, TinyPlan.Doing("cancels", cancellation.Cancel), TinyPlan.Convolution));
        var (output, printed) = (Console.Out, new StringWriter());
        Console.SetOut(printed);
        try
        {
            Assert.That(() => GpuCommand.Run(run, PathOf("a/report.md"), PathOf("a/report.json"), cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        }
        finally
        {
            Console.SetOut(output);
        }

        var report = BenchFile.Read(PathOf("a/report.json"));
        Assert.That(report.IsComplete, Is.False);
        Assert.That(report.Results.Select(r => r.Section), Is.EqualTo(new[] { "Peak", "Peak", "Convolution", "Convolution", "Convolution" }));
        Assert.That($"{printed}", Does.Contain("**incomplete**").And.Contain("| 2D | weight gradient |"));
        Assert.That(File.ReadAllText(PathOf("a/report.md")), Is.EqualTo($"{printed}"));
    }

    [Test]
    public void Ctrl_C_ends_the_process_with_130()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Signals are sent on Linux only.");
        var json = PathOf("report.json");
        using var process = ProgramProcess.Start(typeof(BenchCommands).Assembly, ["gpu", "--device", "cpu", "--quick", "--json", json]);
        var output = process.StandardOutput.ReadToEndAsync();
        // Written after the first of many cases.
        for (var patience = 0; !File.Exists(json) && !process.HasExited && patience < 6000; patience++)
            Thread.Sleep(20);
        ProgramProcess.Signal(process, ProgramProcess.Sigint);
        Assert.That(process.WaitForExit(TimeSpan.FromMinutes(2)));
        Assert.That(process.ExitCode, Is.EqualTo(130));
        Assert.That(process.StandardError.ReadToEnd(), Does.EndWith("spoco-bench: interrupted.\n"));
        Assert.That(BenchFile.Read(json).IsComplete, Is.False);
        Assert.That(output.Result, Does.StartWith("# spoco-bench\n").And.Contain("**incomplete**").And.Contain("| copy |"));
    }

    [Test]
    public void The_work_of_a_small_layer_is_its_own()
    {
        var layer = ConvolutionBench.Layers.First(l => l.Input.C == 192);
        var small = layer with { Input = Extents.Small(layer.Input) };
        Assert.That($"{layer} {small}", Is.EqualTo("3D 192->64, 40x64x64 3D 192->64, 20x16x16"));
        Assert.That(small.Geometry.Operations, Is.EqualTo(layer.Geometry.Operations / 32));
        Assert.That(small.Geometry.Input, Is.EqualTo(small.Input));
    }

    [Test]
    public void The_plans_hold_what_they_should()
    {
        using var device = ComputeDevice.Open("cpu");
        foreach (var plan in new[] { BenchPlan.Of(device, quick: false), BenchPlan.Of(device, quick: true) })
        {
            Assert.That(plan.Cases.GroupBy(c => c.Section).Select(s => (s.Key, s.Count())), Is.EqualTo(new[]
            {
                ("Convolution", 14), ("Norm", 2), ("Loss", 5), ("Training step", 2), ("Mutex Watershed", 4), ("Clustering", 2),
            }));
            Assert.That(plan.Cases.Select(c => (c.Section, c.Name)), Is.Unique);
        }
    }

    [Test]
    public void A_simulator_is_refused() => CommandLineRun.OfBench("gpu", "--device", "ilgpu-cpu").AssertBadInput("--device", "ilgpu-cpu");

    [Test]
    public void A_device_that_is_not_there_is_bad_input() => CommandLineRun.OfBench("gpu", "--device", "cuda:77").AssertBadInput("cuda:77");

    [Test]
    public void A_file_of_others_is_not_replaced()
    {
        File.WriteAllText(PathOf("notes.md"), "mine");
        CommandLineRun.OfBench("gpu", "--device", "cpu", "--out", PathOf("notes.md")).AssertBadInput("notes.md", "--overwrite");
        Assert.That(File.ReadAllText(PathOf("notes.md")), Is.EqualTo("mine"));
    }

    [Test]
    public void Algorithms_are_forced_and_printed()
    {
        var output = CommandLineRun.OfBench("breakdown", "tiny", "1", "--algorithms", "Convolution=direct", "--print-algorithms").AssertSuccess().Output;
        var chosen = output.Split('\n').Where(l => l.StartsWith("| Convolution |", StringComparison.Ordinal)).ToList();
        Assert.That(chosen, Is.Not.Empty.And.All.EndsWith("| direct |"));
        Assert.That(output, Does.Contain("| Adam |"));
    }

    [TestCase("breakdown", "tiny", "1", "--algorithms", "Convolution=fast")]
    [TestCase("scaling", "tiny", "1", "--algorithms", "Convolution=fast")]
    [TestCase("convolutions", "1", "--algorithms", "Convolution=fast")]
    [TestCase("gpu", "--device", "cpu", "--algorithms", "Convolution=fast")]
    public void An_algorithm_that_is_not_there_is_bad_input(params string[] args) =>
        CommandLineRun.OfBench(args).AssertBadInput("Convolution has no algorithm 'fast'; it has winograd, direct, matrix, tiles");

    [TestCase]
    [TestCase("--help")]
    [TestCase("gpu", "--help")]
    public void Help_is_called_after_the_program(params string[] args) =>
        Assert.That(CommandLineRun.OfBench(args).AssertSuccess().Output, Does.Contain("Usage:\n  spoco-bench"));
}
