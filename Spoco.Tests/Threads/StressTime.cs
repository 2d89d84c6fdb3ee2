using System.Diagnostics;
using System.Globalization;

namespace Spoco.Tests.Threads;

/// <summary>How long the tests of the category Long repeat, for each number of threads.</summary>
internal static class StressTime
{
    /// <summary>What SPOCO_STRESS_MINUTES says; 2 where it is not set.</summary>
    public static TimeSpan Minutes => TimeSpan.FromMinutes(
        Environment.GetEnvironmentVariable("SPOCO_STRESS_MINUTES") is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : 2);

    /// <summary>Says how much was done; also where a test failed.</summary>
    public static void Print(int threads, int repetitions, long start)
    {
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        TestContext.Progress.WriteLine($"{TestContext.CurrentContext.Test.MethodName}, {threads} threads: {repetitions} repetitions in {seconds} s");
    }
}
