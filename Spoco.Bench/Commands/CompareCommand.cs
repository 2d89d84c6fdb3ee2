using System.CommandLine;
using Spoco.Bench.Reports;
using Spoco.Cli;
using Spoco.Cli.Commands;

namespace Spoco.Bench.Commands;

/// <summary><c>spoco-bench compare</c></summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var a = new Argument<string>("A.json") { Description = "What spoco-bench gpu --json wrote." };
        var b = new Argument<string>("B.json") { Description = "The same of another run." };
        var verbose = new CommonOptions().Verbose;
        var command = new Command("compare", "Put the times of two runs beside each other, with ratios where both are of the same device in the same kind of machine.") { a, b, verbose }
            .WithExamples("spoco-bench compare before.json after.json");
        command.SetAction(result =>
        {
            foreach (var line in Comparison.Lines(BenchFile.Read(result.GetValue(a)!), BenchFile.Read(result.GetValue(b)!)))
                Terminal.Result(line);
            return Cli.Program.Success;
        });
        return command;
    }
}
