using Spoco.Cli;

namespace Spoco.Tests.CommandLine;

/// <summary>Runs <c>spoco</c> or <c>spoco-bench</c> in this process and catches what it prints.</summary>
internal sealed record CommandLineRun(int ExitCode, string Output, string Error)
{
    public static CommandLineRun Of(params string[] args) => Of(Program.Main, args);

    /// <summary>Runs <c>spoco-bench</c>.</summary>
    public static CommandLineRun OfBench(params string[] args) => Of(Spoco.Bench.Program.Main, args);

    private static CommandLineRun Of(Func<string[], int> main, string[] args)
    {
        var (output, error) = (Console.Out, Console.Error);
        using var outputText = new StringWriter();
        using var errorText = new StringWriter();
        try
        {
            Console.SetOut(outputText);
            Console.SetError(errorText);
            return new CommandLineRun(main(args), outputText.ToString(), errorText.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    /// <summary>Runs a command whose result cannot be written when all is computed: a folder takes its place once it has begun.</summary>
    /// <param name="begun">A folder that the command makes when it begins.</param>
    /// <param name="result">The file that it would write in the end.</param>
    /// <param name="args">The command.</param>
    public static CommandLineRun WithoutResult(string begun, string result, params string[] args)
    {
        using var done = new ManualResetEventSlim();
        var blocker = Task.Run(() =>
        {
            while (!Directory.Exists(begun) && !done.IsSet)
                Thread.Yield();
            Directory.CreateDirectory(result);
        });
        var run = Of(args);
        done.Set();
        blocker.Wait();
        Directory.Delete(result);
        return run;
    }

    /// <summary>Exit code 2 and one line that holds <paramref name="parts"/>.</summary>
    public void AssertBadInput(params string[] parts)
    {
        Assert.That(ExitCode, Is.EqualTo(2), Error);
        var lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => l.StartsWith("spoco:", StringComparison.Ordinal) || l.StartsWith("spoco-bench:", StringComparison.Ordinal)).ToArray();
        Assert.That(lines, Has.Length.EqualTo(1), Error);
        Assert.That(Error, Does.Not.Contain("   at "), "no stack trace");
        foreach (var part in parts)
            Assert.That(lines[0], Does.Contain(part));
    }

    public CommandLineRun AssertSuccess()
    {
        Assert.That(ExitCode, Is.Zero, Error);
        return this;
    }
}
