using System.CommandLine;
using System.CommandLine.Help;
using Spoco.Cli.Commands;

namespace Spoco.Bench.Commands;

/// <summary>Puts the commands of <c>spoco-bench</c> together.</summary>
internal static class BenchCommands
{
    /// <summary>The name of the program.</summary>
    public const string Name = "spoco-bench";

    public static Command Create()
    {
        // No RootCommand: that would be called after the file it lies in.
        var root = new Command(Name, "Measure how fast a device does what Spoco does on it. Needs no SDK. With an SDK and Spoco's source there are the benchmarks of "
            + "BenchmarkDotNet, too: dotnet run -c Release --project Spoco.Bench -- --filter '*Convolution*' --device cpu,opencl:0")
        {
            GpuCommand.Create(), CompareCommand.Create(), HostCommands.Breakdown(), HostCommands.Scaling(), HostCommands.Convolutions(),
            HostCommands.Overhead(), HostCommands.Memory(),
        };
        root.Options.Add(new HelpOption());
        root.Options.Add(new VersionOption());
        ManualHelp.Attach(root);
        return root;
    }
}
