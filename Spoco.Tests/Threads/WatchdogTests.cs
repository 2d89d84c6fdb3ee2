using System.Collections.Concurrent;

namespace Spoco.Tests.Threads;

/// <summary>The watchdog with an action in place of the end of the process.</summary>
public sealed class WatchdogTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Test]
    public void A_body_that_hangs_is_named_once()
    {
        using var barked = new BlockingCollection<string>();
        using var end = new ManualResetEventSlim();
        var body = new Thread(end.Wait) { IsBackground = true };
        using (var dog = new Watchdog(barked.Add, Period))
        {
            dog.Begin("Spoco.Tests.Hanging(64)", Short);
            dog.Note("repetition 7");
            body.Start();
            Assert.That(barked.Take(), Does.StartWith("Spoco.Tests.Hanging(64) hangs: ").And.EndWith("last heard of at: repetition 7."));
            Thread.Sleep(2 * Short);
        }

        end.Set();
        body.Join();
        Assert.That(barked, Is.Empty, "said once");
    }

    [Test]
    public void What_has_ended_is_not_named()
    {
        var barks = 0;
        using (var dog = new Watchdog(_ => barks++, Period))
        {
            dog.Begin("done", Short);
            dog.End();
            Thread.Sleep(3 * Short);
        }

        Assert.That(barks, Is.Zero);
    }

    [Test]
    public void The_next_one_has_the_limit_of_its_own()
    {
        using var barked = new BlockingCollection<string>();
        using var dog = new Watchdog(barked.Add, Period);
        dog.Begin("patient", TimeSpan.FromHours(1));
        dog.Begin("impatient", Short);
        Assert.That(barked.Take(), Does.StartWith("impatient hangs"));
    }

    [Test]
    public void Threads_that_spin_and_threads_that_sleep_are_told_apart()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Threads have readable names on Linux only.");
        var stop = false;
        using var wake = new ManualResetEventSlim();
        Thread[] threads =
        [
            new(() => { while (!Volatile.Read(ref stop)) Thread.SpinWait(100); }) { Name = "test spins" }, new(wake.Wait) { Name = "test sleeps" },
        ];
        foreach (var thread in threads)
            thread.Start();
        var table = ThreadTable.Of(TimeSpan.FromMilliseconds(300));
        Volatile.Write(ref stop, true);
        wake.Set();
        foreach (var thread in threads)
            thread.Join();
        var lines = table.Split('\n');
        Assert.That(lines.Single(l => l.Contains("test spins")), Does.Not.Contain(" 0.00 s in the last"));
        Assert.That(lines.Single(l => l.Contains("test sleeps")), Does.Contain(" 0.00 s in the last"));
    }

    [Test]
    public void The_watchdog_watches_this_test() =>
        Assert.That(typeof(WatchdogTests).Assembly.GetCustomAttributes(typeof(HangLimitAttribute), false), Has.Length.EqualTo(1));

    /// <summary>By hand, to see how a run ends: <c>dotnet test --filter FullyQualifiedName~Hangs_to_show</c>.</summary>
    [Test]
    [Explicit("Ends the process.")]
    [HangLimit(3)]
    public void Hangs_to_show_how_a_run_ends() => Thread.Sleep(Timeout.Infinite);
}
