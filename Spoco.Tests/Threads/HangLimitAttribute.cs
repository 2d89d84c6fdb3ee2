using NUnit.Framework.Interfaces;

[assembly: Spoco.Tests.Threads.HangLimit(15 * 60)]

namespace Spoco.Tests.Threads;

/// <summary>
/// A test that hangs is named on the error stream and ends the process, which fails the run: nothing can end a thread that spins. The attribute of
/// the assembly watches every test; one on a test or a fixture sets its limit, in seconds without a sign of life.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class HangLimitAttribute(int seconds) : Attribute, ITestAction
{
    private static readonly Watchdog Dog = new(Kill, TimeSpan.FromSeconds(1));

    public TimeSpan Limit { get; } = TimeSpan.FromSeconds(seconds);

    public ActionTargets Targets => ActionTargets.Test;

    // Actions of the assembly come first, those of the test last: the nearest limit stays.
    public void BeforeTest(ITest test) => Dog.Begin(test.FullName, Limit);

    public void AfterTest(ITest test) => Dog.End();

    /// <summary>A sign of life of the running test, from which its limit counts anew.</summary>
    public static void Note(string note) => Dog.Note(note);

    private static void Kill(string report)
    {
        // The stream itself: tests of the command line put other writers in its place. A pipe that nobody reads must not keep the process alive.
        var writing = new Thread(() =>
        {
            using var error = new StreamWriter(Console.OpenStandardError()) { AutoFlush = true };
            error.WriteLine(report);
            error.WriteLine($"{ThreadTable.Of(TimeSpan.FromSeconds(1))}DOTNET_DbgEnableMiniDump=1 leaves a dump with the stacks.");
        }) { IsBackground = true };
        writing.Start();
        writing.Join(TimeSpan.FromSeconds(10));
        Environment.FailFast(report);
    }
}
