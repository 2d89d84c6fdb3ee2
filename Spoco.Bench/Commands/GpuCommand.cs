using System.CommandLine;
using Spoco.Bench.Reports;
using Spoco.Bench.Runs;
using Spoco.Cli;
using Spoco.Cli.Commands;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Bench.Commands;

/// <summary><c>spoco-bench gpu</c></summary>
internal static class GpuCommand
{
    public static Command Create()
    {
        var quick = new Option<bool>("--quick")
        {
            Description = "Fewer repetitions: less than a minute on a GPU. On a processor (cpu, PoCL) also smaller inputs: about three minutes on two cores.",
        };
        var text = new Option<string?>("--out") { Description = "Also write the tables to this file (Markdown).", HelpName = "file" };
        var json = new Option<string?>("--json") { Description = "Also write all numbers to this file, for spoco-bench compare.", HelpName = "file" };
        var common = new CommonOptions();
        var command = new Command("gpu",
            "Measure a device within three minutes on a GPU: its peaks, every convolution of the networks in each direction, norms, losses, a training step of the paper's two "
            + "networks with and without the loss, that step by kernel, the Mutex Watershed and the clusterings. Prints Markdown tables. Ctrl-C ends the measurement; what was measured until then "
            + "is printed and written.") { quick, text, json, common.Overwrite }
            .WithExamples("spoco-bench gpu", "spoco-bench gpu --device opencl:0 --quick", "spoco-bench gpu --out before.md --json before.json");
        common.AddComputing(command);
        var algorithms = new AlgorithmOptions();
        algorithms.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            var (textPath, jsonPath) = (result.GetValue(text), result.GetValue(json));
            OutputPlan.Check([],
            [
                .. textPath is null ? Array.Empty<PlannedOutput>() : [new PlannedOutput(textPath, "the tables", path => ResultMark.BeginsWith(path, ReportText.Title))],
                .. jsonPath is null ? Array.Empty<PlannedOutput>() : [new PlannedOutput(jsonPath, "the numbers", BenchFile.IsReport)],
            ], result.GetValue(common.Overwrite));
            var request = algorithms.Of(result);
            using var device = common.OpenDevice(result, profiling: true, request.Forced);
            if (device.Kind == DeviceKind.IlgpuCpu)
                throw new InputException($"--device: {device.Name} simulates a GPU for tests; its times say nothing.");
            Run(new BenchRun(request.Watch(device), BenchPlan.Of(device, result.GetValue(quick))), textPath, jsonPath, cancellation);
            request.Report(device);
            return Task.FromResult(Cli.Program.Success);
        });
        return command;
    }

    /// <summary>Measures, and prints and writes what was measured, however it ends.</summary>
    /// <exception cref="OperationCanceledException">It was ended; all is written.</exception>
    internal static void Run(BenchRun run, string? textPath, string? jsonPath, CancellationToken cancellation)
    {
        try
        {
            ProgressDisplay.Run("measuring", 0, run.Cost, display =>
            {
                run.Run(new ProgressShare(display), Save, cancellation);
                return true;
            });
        }
        finally
        {
            Save();
            foreach (var line in ReportText.Lines(run.Report))
                Terminal.Result(line);
        }

        void Save()
        {
            // After every case: what a driver ends the process over remains.
            if (textPath is not null)
                Write(textPath, stream => WriteText(stream, run.Report));
            if (jsonPath is not null)
                Write(jsonPath, stream => BenchFile.Write(stream, run.Report));
        }
    }

    private static void Write(string path, Action<Stream> write)
    {
        OutputPlan.MakeFolder(path);
        AtomicFile.Write(path, write);
    }

    private static void WriteText(Stream stream, BenchReport report)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (var line in ReportText.Lines(report))
            writer.WriteLine(line);
    }
}
