using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Spoco.Cli.Commands;

/// <summary>Help that reads like a manual page: what a command does, how it is used, its options, and examples to copy.</summary>
internal static class ManualHelp
{
    // Commands may be made on several threads, and are not kept alive by their examples.
    private static readonly ConditionalWeakTable<Command, string[]> Examples = new();

    /// <summary>Adds examples to the help of a command.</summary>
    public static T WithExamples<T>(this T command, params string[] examples) where T : Command
    {
        Examples.AddOrUpdate(command, examples);
        return command;
    }

    /// <summary>Lets the help option of <paramref name="root"/>, which all commands share, print examples after the options.</summary>
    public static void Attach(Command root)
    {
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction standard } help)
                help.Action = new ActionWithExamples(standard);
        }
    }

    private sealed class ActionWithExamples(HelpAction standard) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var result = standard.Invoke(parseResult);
            if (!Examples.TryGetValue(parseResult.CommandResult.Command, out var examples))
                return result;
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
            return result;
        }
    }
}
