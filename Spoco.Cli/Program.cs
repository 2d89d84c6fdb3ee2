using System.CommandLine;
using System.CommandLine.Invocation;
using Spoco.Cli.Commands;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Cli;

/// <summary>The <c>spoco</c> command.</summary>
internal static class Program
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>Something is wrong with spoco itself.</summary>
    public const int InternalError = 1;

    /// <summary>The input is wrong: files, options, device.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C or a termination signal; what was done is kept.</summary>
    public const int Interrupted = 130;

    public static int Main(string[] args)
    {
        LargeBlocks.GoBackToTheSystem();
        var (output, error) = (Console.Out, Console.Error);
        try
        {
            // Results that cannot be printed are a failure; a line about what goes on is not worth the work that it is about.
            Console.SetOut(new GuardedWriter(
                output, e => throw new InputException("standard output: cannot be written (it is closed, or its disk is full).", e)));
            Console.SetError(new GuardedWriter(error, _ => { }));
            return Run(args);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    private static int Run(string[] args)
    {
        var verbose = args.Contains("--verbose");
        try
        {
            var parsed = RootCommandFactory.Create().Parse(args);
            ArgumentCheck.Require(parsed);
            if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
            {
                Terminal.Note($"spoco: {parsed.Errors[0].Message} (see spoco {parsed.CommandResult.Command.Name} --help)"
                    .Replace("spoco spoco ", "spoco ", StringComparison.Ordinal));
                return BadInput;
            }

            using var interruption = new Interruption();
            return parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                interruption.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            Terminal.Note("spoco: interrupted.");
            return Interrupted;
        }
        catch (Exception e) when (IsBadInput(e))
        {
            Terminal.Note($"spoco: {Message(e)}");
            if (verbose)
                Console.Error.WriteLine(Terminal.Lines(e.ToString()));
            return BadInput;
        }
#pragma warning disable CA1031 // The last resort: one line instead of a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Terminal.Note($"spoco: internal error: {e.GetType().Name} (--verbose prints what and where)");
            if (verbose)
                Console.Error.WriteLine(Terminal.Lines(e.ToString()));
            return InternalError;
        }
    }

    private static string Message(Exception e) => e switch
    {
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
