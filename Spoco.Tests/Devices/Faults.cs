using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Tests.Devices;

/// <summary>
/// Repeats an operation and lets it fail at another place each time: memory ends at its first, second, third ... allocation, then its first, second, third ...
/// kernel or pass fails, each until it succeeds. Every time the caller learns of that very failure, and the device holds as much memory as before.
/// </summary>
internal static class Faults
{
    /// <summary>Plays an operation that leaves nothing on the device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="operation">The operation; it may be repeated.</param>
    /// <returns>Allocations and launches of the operation.</returns>
    public static (int Allocations, int Launches) Play(ComputeDevice device, Action operation)
    {
        // What is made once and kept, kernels for instance, is made here.
        operation();
        return (EndMemory(device, operation), FailLaunches(device, operation));
    }

    /// <summary>Lets memory end at every allocation in turn; returns how many there are.</summary>
    public static int EndMemory(ComputeDevice device, Action operation)
    {
        for (var allowed = 0; ; allowed++)
        {
            var (left, failed) = (allowed, "");
            device.Pool.IsExhausted = owner =>
            {
                if (Interlocked.Decrement(ref left) != -1)
                    return false;
                failed = owner;
                return true;
            };
            try
            {
                if (Holds<DeviceMemoryException>(device, operation, () => $"allocation {allowed} fails ({failed})", () => failed.Length > 0))
                    return allowed;
            }
            finally
            {
                device.Pool.IsExhausted = null;
            }
        }
    }

    /// <summary>Lets every launch fail in turn; returns how many there are.</summary>
    public static int FailLaunches(ComputeDevice device, Action operation)
    {
        for (var allowed = 0; ; allowed++)
        {
            var launches = new Launches(device, allowed);
            try
            {
                launches.Begin();
                if (Holds<LaunchFault>(device, operation, () => $"launch {allowed} fails ({launches.Failed})", () => launches.Failed is not null))
                    return allowed;
            }
            finally
            {
                launches.End();
            }
        }
    }

    /// <summary>Runs the operation; false where it failed as it was to.</summary>
    private static bool Holds<TFault>(ComputeDevice device, Action operation, Func<string> place, Func<bool> hasFailed) where TFault : Exception
    {
        var before = device.Pool.Statistics;
        Exception? found = null;
        try
        {
            operation();
        }
#pragma warning disable CA1031 // Whatever it is, it is compared.
        catch (Exception e)
#pragma warning restore CA1031
        {
            found = e;
        }

        var after = device.Pool.Statistics;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found, hasFailed() ? Is.TypeOf<TFault>() : Is.Null, place);
            Assert.That((after.LiveBlocks, after.LiveBytes), Is.EqualTo((before.LiveBlocks, before.LiveBytes)), place);
        }

        return found is null;
    }

    /// <summary>A launch that was to fail did.</summary>
    private sealed class LaunchFault(string launch) : Exception(launch);

    /// <summary>Lets one launch of a device fail: a kernel, or on the host a pass, whose workers are carried out one after the other.</summary>
    private sealed class Launches(ComputeDevice device, int allowed) : IPassRunner, IKernelLoader
    {
        private static readonly Dictionary<(Accelerator, object), Delegate> Loaded = [];
        private int _left = allowed;
        private int? _inside;

        public string? Failed { get; private set; }

        public void Begin() => Exchange(this);

        public void End() => Exchange(null);

        public void Run<TBody>(int count, int workers, int piece, TBody body) where TBody : struct, IParallelBody
        {
            if (_inside is { } own)
            {
                body.Execute(0, count, own);
                return;
            }

            Count(typeof(TBody).Name);
            try
            {
                var active = Math.Clamp(piece > 0 ? count / piece : count, 1, workers);
                for (var w = 0; w < active; w++)
                {
                    _inside = w;
                    body.Execute(RangeShares.Start(count, active, w), RangeShares.Start(count, active, w + 1), w);
                }
            }
            finally
            {
                _inside = null;
            }
        }

        public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
        {
            Count(typeof(TLauncher).Name);
            var accelerator = ((IlgpuDevice)device).Accelerator;
            if (!Loaded.TryGetValue((accelerator, load), out var launcher))
                Loaded[(accelerator, load)] = launcher = load(accelerator);
            return (TLauncher)launcher;
        }

        private void Exchange(Launches? value)
        {
            if (device is HostDevice host)
                host.Workers.Runner = value;
            else
                ((IlgpuDevice)device).Loader = value;
        }

        private void Count(string name)
        {
            if (_left-- != 0)
                return;
            Failed = name;
            throw new LaunchFault(name);
        }
    }
}
