using Spoco.Cli;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>By which algorithms a measurement is to compute, and whether it prints by which it did.</summary>
/// <param name="Forced">See <see cref="ComputeDeviceOptions.Algorithms"/>.</param>
/// <param name="Print">Whether to print them.</param>
internal sealed record AlgorithmRequest(string? Forced = null, bool Print = false)
{
    /// <summary>Notes from now on what is chosen, where it is to be printed.</summary>
    /// <returns>The same device.</returns>
    public ComputeDevice Watch(ComputeDevice device)
    {
        device.Algorithms.Noting = Print;
        return device;
    }

    /// <summary>Prints what was chosen, as a Markdown table.</summary>
    public void Report(ComputeDevice device)
    {
        if (!Print)
            return;
        Terminal.Result("");
        Terminal.Result("| operation | geometry | algorithm |");
        Terminal.Result("|---|---|---|");
        foreach (var (operation, shape, algorithm) in device.Algorithms.Made)
            Terminal.Result($"| {operation} | {shape} | {algorithm} |");
    }
}
