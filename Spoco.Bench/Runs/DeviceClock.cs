using System.Diagnostics;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>Measures how long a device takes: by its own events where it was opened with <see cref="ComputeDeviceOptions.Profiling"/>, else by the wall.</summary>
internal sealed class DeviceClock(ComputeDevice device)
{
    private readonly AcceleratorStream? _stream =
        device is IlgpuDevice { Kind: not DeviceKind.IlgpuCpu } gpu && gpu.Accelerator.Context.Properties.EnableProfiling ? gpu.Accelerator.DefaultStream : null;

    /// <summary>What it measures by.</summary>
    public string Name => _stream is null ? "wall clock, the device idle before and after" : "events of the device";

    /// <summary>Milliseconds from the beginning of the first call to the end of what the last one launched.</summary>
    public double Milliseconds(Action call, int count = 1)
    {
        device.Synchronize();
        if (_stream is null)
        {
            var start = Stopwatch.GetTimestamp();
            Repeat(call, count);
            device.Synchronize();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        using var before = _stream.AddProfilingMarker();
        Repeat(call, count);
        using var after = _stream.AddProfilingMarker();
        device.Synchronize();
        return after.MeasureFrom(before).TotalMilliseconds;
    }

    private static void Repeat(Action call, int count)
    {
        for (var i = 0; i < count; i++)
            call();
    }
}
