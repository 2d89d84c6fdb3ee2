using System.CommandLine;
using Spoco.Kernels;

namespace Spoco.Cli.Commands;

/// <summary>Options that several commands share; each command makes its own instances.</summary>
internal sealed class CommonOptions
{
    public Option<string> Device { get; } = new("--device")
    {
        Description = "Where to compute: cpu, cuda:N, opencl:N, ilgpu-cpu, or auto (the first CUDA device, else a GPU through OpenCL, else cpu).",
        DefaultValueFactory = _ => "auto",
        HelpName = "name",
    };

    public Option<int?> Threads { get; } = new("--threads")
    {
        Description = "Threads of the cpu device; one per core when not given (or what SPOCO_THREADS says).",
        HelpName = "count",
    };

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "After an error, print where it came from." };

    public Option<bool> Overwrite { get; } = new("--overwrite")
    {
        Description = "Replace files that are no earlier results. Without it a run replaces only what an earlier one of the same kind has written; "
            + "images, labels and models that are read are never replaced.",
    };

    public Option<string> RawName { get; } = new("--raw-name")
    {
        Description = "The image's dataset within HDF5 files.",
        DefaultValueFactory = _ => "raw",
        HelpName = "name",
    };

    public Option<string> LabelName { get; } = new("--label-name")
    {
        Description = "The labels' dataset within HDF5 files.",
        DefaultValueFactory = _ => "label",
        HelpName = "name",
    };

    /// <summary>Adds the options of every command that computes.</summary>
    public void AddComputing(Command command)
    {
        command.Options.Add(Device);
        command.Options.Add(Threads);
        command.Options.Add(Verbose);
    }

    /// <summary>What an option says, where it was given.</summary>
    public static string? Given(ParseResult result, Option<string> option) => result.GetResult(option) is { Implicit: false } ? result.GetValue(option) : null;

    public ComputeDevice OpenDevice(ParseResult result, bool profiling = false, string? algorithms = null) => ComputeDevice.Open(
        result.GetValue(Device)!, new ComputeDeviceOptions { Threads = ThreadsOf(result), Profiling = profiling, Algorithms = algorithms });

    public int? ThreadsOf(ParseResult result) => result.GetValue(Threads) is { } threads
        ? threads is >= 1 and <= 1024 ? threads : throw new DeviceException($"--threads: expected 1 to 1024, got {threads}.")
        : null;
}
