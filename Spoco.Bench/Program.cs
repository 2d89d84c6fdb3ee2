using Spoco.Bench.Commands;
using Spoco.Cli;
using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>The <c>spoco-bench</c> command. Arguments that begin with an option are for BenchmarkDotNet.</summary>
internal static class Program
{
    private static readonly string[] OwnOptions = ["--help", "-h", "-?", "--version"];

    public static int Main(string[] args)
    {
        if (args is not [['-', ..] option, ..] || OwnOptions.Contains(option))
            return CommandHost.Run(BenchCommands.Name, BenchCommands.Create, args is [] ? ["--help"] : args);
        try
        {
            Switcher.Run(args);
            return Cli.Program.Success;
        }
        catch (Exception e) when (e is InputException or DeviceException or ArgumentException)
        {
            Terminal.Note($"{BenchCommands.Name}: {e.Message}");
            return Cli.Program.BadInput;
        }
    }
}
