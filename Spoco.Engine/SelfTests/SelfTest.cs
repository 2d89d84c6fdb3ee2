using System.Collections.Concurrent;
using System.Diagnostics;
using Spoco.Kernels;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// Tests whether a device computes what it should: everything that Spoco does on a device is done there and once more elsewhere, and the results are compared.
/// No device is compared with itself: GPUs and the simulator are compared with <c>cpu</c>, whose code is another one, and <c>cpu</c> with the simulator, on
/// which large shapes would take hours and are left out. The Mutex Watershed is compared with its definition, on every device.
/// </summary>
/// <remarks>
/// All runs on a thread of its own. A check that throws fails, and the device is opened anew for the next one. A check that does not end within the limit fails,
/// too, and the rest is not run: nothing can end what hangs in a driver, and the caller has to end the process.
/// </remarks>
public sealed class SelfTest
{
    private const int Narrow = 200;

    private readonly Func<ComputeDevice> _open;
    private readonly Func<ComputeDevice> _openReference;
    private readonly IReadOnlyList<SelfCheck> _checks;
    private readonly TimeSpan _limit;

    internal SelfTest(Func<ComputeDevice> open, Func<ComputeDevice> openReference, IReadOnlyList<SelfCheck> checks, TimeSpan limit)
    {
        (_open, _openReference, _checks, _limit) = (open, openReference, checks, limit);
    }

    /// <summary>All checks, in the order in which they run.</summary>
    internal static IReadOnlyList<SelfCheck> Checks { get; } = [.. OperationChecks.All(), .. LossChecks.All(), .. TrainingChecks.All(), .. SegmentationChecks.All()];

    /// <summary>How many checks run.</summary>
    public int Count => _checks.Count;

    /// <summary>Whether the last run ended with a check that hangs.</summary>
    public bool Hangs { get; private set; }

    /// <summary>The device that a device of a kind is compared with.</summary>
    public static string ReferenceOf(DeviceKind kind) => kind == DeviceKind.Host ? "ilgpu-cpu" : "cpu";

    /// <summary>Prepares a test.</summary>
    /// <param name="device">Name of the device.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="quick">Only small shapes and few problems.</param>
    /// <param name="limit">How long a check may take before it counts as hanging; the compilation of its kernels included.</param>
    /// <param name="options">How the device is opened.</param>
    public static SelfTest Of(string device, DeviceKind kind, bool quick, TimeSpan limit, ComputeDeviceOptions? options = null)
    {
        var (isSimulator, isHost) = (kind == DeviceKind.IlgpuCpu, kind == DeviceKind.Host);
        return new SelfTest(
            () => ComputeDevice.Open(device, options), () => ComputeDevice.Open(ReferenceOf(kind), options),
            [.. Checks.Where(c => !c.IsLarge || !(quick || isSimulator || (isHost && c.Definition is null)))], limit);
    }

    /// <summary>Runs the checks.</summary>
    /// <param name="report">Told of every result as soon as it is there, on this thread.</param>
    /// <param name="cancellation">Ends the test after the check that runs.</param>
    /// <returns>How many failed, those that were not run included.</returns>
    /// <exception cref="DeviceException">The device cannot be opened at first.</exception>
    public int Run(Action<SelfCheckResult> report, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(report);
        Hangs = false;
        using var results = new BlockingCollection<object>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var worker = new Thread(() => Work(results, stop.Token)) { IsBackground = true, Name = nameof(SelfTest) };
        worker.Start();
        var (done, failed) = (0, 0);
        while (done < _checks.Count)
        {
            // The first of them says that both devices are open.
            if (!results.TryTake(out var result, _limit))
            {
                Hangs = true;
                Report(new(_checks[done].Operation, _checks[done].Case, double.NaN, _checks[done].Bound, _limit, $"hangs: no result after {_limit.TotalSeconds:0} s"));
                LeaveOut("not run: an earlier check hangs");
                break;
            }

            switch (result)
            {
                case SelfCheckResult check:
                    Report(check);
                    break;
                case OperationCanceledException:
                    throw new OperationCanceledException(cancellation);
                case DeviceException e when done == 0:
                    throw e;
                case Exception e:
                    LeaveOut($"not run: the device cannot be opened again: {OneLine(e)}");
                    break;
            }
        }

        if (!Hangs)
            worker.Join();
        return failed;

        void Report(SelfCheckResult result)
        {
            done++;
            failed += result.Passed ? 0 : 1;
            report(result);
        }

        void LeaveOut(string reason)
        {
            while (done < _checks.Count)
                Report(new(_checks[done].Operation, _checks[done].Case, double.NaN, _checks[done].Bound, TimeSpan.Zero, reason));
        }
    }

    private void Work(BlockingCollection<object> results, CancellationToken cancellation)
    {
        ComputeDevice? device = null, reference = null;
        try
        {
            reference = _openReference();
            foreach (var check in _checks)
            {
                cancellation.ThrowIfCancellationRequested();
                device ??= _open();
                var result = Perform(check, device, reference, out var threw);
                if (threw)
                {
                    // What else it holds is lost; a context that a wild address has spoilt fails in everything that follows.
                    Discard(device);
                    device = null;
                }

                results.Add(result, CancellationToken.None);
            }
        }
#pragma warning disable CA1031 // Whatever a driver throws is a result.
        catch (Exception e)
        {
            results.Add(e, CancellationToken.None);
        }
#pragma warning restore CA1031
        finally
        {
            Discard(device);
            Discard(reference);
        }
    }

    private static SelfCheckResult Perform(SelfCheck check, ComputeDevice device, ComputeDevice reference, out bool threw)
    {
        threw = false;
        var time = TimeSpan.Zero;
        try
        {
            var expected = check.Definition?.Invoke() ?? check.Compute(reference);
            threw = true;
            var start = Stopwatch.GetTimestamp();
            var actual = check.Compute(device);
            time = Stopwatch.GetElapsedTime(start);
            threw = false;
            var (error, where) = SelfCheck.Compare(actual, expected);
            return new(check.Operation, check.Case, error, check.Bound, time, error <= check.Bound ? null : where);
        }
#pragma warning disable CA1031 // Whatever a driver throws is a result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new(check.Operation, check.Case, double.NaN, check.Bound, time, $"{e.GetType().Name}: {OneLine(e)}");
        }
    }

    private static void Discard(ComputeDevice? device)
    {
        try
        {
            device?.Dispose();
        }
#pragma warning disable CA1031 // A device that has failed may fail here, too; what it held goes with the process.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private static string OneLine(Exception e)
    {
        var text = e.Message.ReplaceLineEndings(" ").Trim();
        return text.Length <= Narrow ? text : text[..Narrow] + "...";
    }
}
