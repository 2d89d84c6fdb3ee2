using System.CommandLine;
using Spoco.Kernels;

namespace Spoco.Bench.Commands;

/// <summary>The options that say by which algorithms operations are computed, and print by which they were.</summary>
internal sealed class AlgorithmOptions
{
    private readonly Option<string?> _forced = new("--algorithms")
    {
        Description = "Compute operations by these algorithms, for example Convolution=direct; with commas between several. Chosen by shape and device when not "
            + $"given (or what SPOCO_ALGORITHMS says). There are {string.Join("; ", AlgorithmCatalog.All.Where(c => c.Names.Skip(1).Any()).Select(c => $"{c.Operation}: {string.Join(", ", c.Names)}"))}.",
        HelpName = "operation=algorithm",
    };

    private readonly Option<bool> _print = new("--print-algorithms")
    {
        Description = "At the end, print by which algorithm each operation was computed, for each geometry. Noting them costs a little at every call.",
    };

    /// <summary>Adds both to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_forced);
        command.Options.Add(_print);
    }

    /// <summary>What was asked for.</summary>
    public AlgorithmRequest Of(ParseResult result) => new(result.GetValue(_forced), result.GetValue(_print));
}
