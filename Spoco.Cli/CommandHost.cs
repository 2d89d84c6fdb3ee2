using System.CommandLine;
using System.CommandLine.Invocation;
using Spoco.Cli.Commands;
using Spoco.Cli.Files;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli;

/// <summary>What every program of commands does about bad input, errors, signals, and streams that are gone.</summary>
internal static class CommandHost
{
    /// <summary>Runs the command that the arguments name.</summary>
    /// <param name="name">What the program is called.</param>
    /// <param name="create">Puts its commands together.</param>
    /// <param name="args">The arguments.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string name, Func<Command> create, string[] args)
    {
        LargeBlocks.GoBackToTheSystem();
        var (output, error) = (Console.Out, Console.Error);
        try
        {
            // Results that cannot be printed are a failure; a line about what goes on is not worth the work that it is about.
            Console.SetOut(new GuardedWriter(
                output, e => throw new InputException("standard output: cannot be written (it is closed, or its disk is full).", e)));
            Console.SetError(new GuardedWriter(error, _ => { }));
            return RunGuarded(name, create, args);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    private static int RunGuarded(string name, Func<Command> create, string[] args)
    {
        var verbose = args.Contains("--verbose");
        try
        {
            var parsed = create().Parse(args);
            ArgumentCheck.Require(parsed);
            if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
            {
                var command = parsed.CommandResult == parsed.RootCommandResult ? name : $"{name} {parsed.CommandResult.Command.Name}";
                Terminal.Note($"{name}: {parsed.Errors[0].Message} (see {command} --help)");
                return Program.BadInput;
            }

            using var interruption = new Interruption();
            return parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                interruption.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            Terminal.Note($"{name}: interrupted.");
            return Program.Interrupted;
        }
        catch (Exception e) when (IsBadInput(e))
        {
            Terminal.Note($"{name}: {Message(e)}");
            if (verbose)
                Console.Error.WriteLine(Terminal.Lines(e.ToString()));
            return Program.BadInput;
        }
#pragma warning disable CA1031 // The last resort: one line instead of a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Terminal.Note($"{name}: internal error: {e.GetType().Name} (--verbose prints what and where)");
            if (verbose)
                Console.Error.WriteLine(Terminal.Lines(e.ToString()));
            return Program.InternalError;
        }
    }

    private static string Message(Exception e) => e switch
    {
        InputException input => SettingErrors.Message(input),
        ArgumentException argument => ReadFailure.Message(argument),
        FileNotFoundException or DirectoryNotFoundException when !HasCurrentFolder() =>
            "the current folder is gone, and a path is relative to it; go to a folder that is there.",
        _ => e.Message,
    };

    private static bool HasCurrentFolder()
    {
        try
        {
            return Directory.Exists(Directory.GetCurrentDirectory());
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool IsBadInput(Exception e) =>
        e is InputException or DeviceException or DeviceMemoryException or TrainingDivergedException or ArgumentException or IOException or UnauthorizedAccessException;
}
