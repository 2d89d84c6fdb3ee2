using Spectre.Console;

namespace Spoco.Cli;

/// <summary>Writes tables to the standard output.</summary>
internal static class TableOutput
{
    // Where the output is not a terminal its width is unknown: a table that breaks its cells is of no use to whoever reads the file.
    private const int WidthOfFile = 200;

    public static void Write(Table table)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = WidthOfFile;
        console.Write(table);
    }
}
