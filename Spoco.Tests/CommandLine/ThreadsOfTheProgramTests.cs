using System.CommandLine;
using System.Runtime.InteropServices;
using Spoco.Cli;
using Spoco.Cli.Commands;

namespace Spoco.Tests.CommandLine;

/// <summary>What other threads than the program's own may do to it.</summary>
public sealed class ThreadsOfTheProgramTests
{
    [Test]
    public void A_signal_that_is_handled_while_the_program_ends_does_no_harm()
    {
        var interruption = new Interruption();
        interruption.Dispose();
        var signal = new PosixSignalContext(PosixSignal.SIGTERM);
        Assert.That(() => interruption.Handle(signal), Throws.Nothing);
        Assert.That(signal.Cancel, Is.False);
    }

    [Test]
    public void The_first_signal_cancels_and_the_second_one_keeps_its_effect()
    {
        using var interruption = new Interruption();
        var (first, second) = (new PosixSignalContext(PosixSignal.SIGINT), new PosixSignalContext(PosixSignal.SIGINT));
        interruption.Handle(first);
        interruption.Handle(second);
        Assert.That((first.Cancel, second.Cancel, interruption.Token.IsCancellationRequested), Is.EqualTo((true, false, true)));
    }

    [Test]
    public void Commands_with_examples_are_made_on_several_threads_at_once() =>
        Assert.That(() => Parallel.For(0, 200_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => new Command("x").WithExamples("x y")), Throws.Nothing);
}
