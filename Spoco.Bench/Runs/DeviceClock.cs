using System.Diagnostics;
using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>Measures how long a device takes: by its own events where it was opened with <see cref="ComputeDeviceOptions.Profiling"/>, else by the wall.</summary>
internal sealed class DeviceClock(ComputeDevice device)
{
    /// <summary>What it measures by.</summary>
    public string Name => device.MeasuresTime ? "events of the device" : "wall clock, the device idle before and after";

    /// <summary>Milliseconds from the beginning of the first call to the end of what the last one launched.</summary>
    public double Milliseconds(Action call, int count = 1)
    {
        device.Synchronize();
        if (!device.MeasuresTime)
        {
            var start = Stopwatch.GetTimestamp();
            Repeat(call, count);
            device.Synchronize();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        using var before = device.Mark()!;
        Repeat(call, count);
        using var after = device.Mark()!;
        device.Synchronize();
        return after.MeasureFrom(before).TotalMilliseconds;
    }

    private static void Repeat(Action call, int count)
    {
        for (var i = 0; i < count; i++)
            call();
    }
}
