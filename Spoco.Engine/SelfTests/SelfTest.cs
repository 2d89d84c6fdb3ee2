using System.Collections.Concurrent;
using System.Diagnostics;
using Spoco.Kernels;

namespace Spoco.Engine.SelfTests;

/// <summary>What is tested, and against what.</summary>
/// <param name="Machine">The number of processors of this machine and the widest SIMD instructions of theirs that kernels may use in this process.</param>
/// <param name="Device">Name and hardware of the device.</param>
/// <param name="Driver">Its driver; empty for the host.</param>
/// <param name="Reference">Name and hardware of the device that it is compared with.</param>
/// <param name="Checks">How many checks there are.</param>
public sealed record SelfTestSubject(string Machine, string Device, string Driver, string Reference, int Checks);

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
    private const int LongestMessage = 300;

    private readonly Func<ComputeDevice> _open;
    private readonly Func<DeviceKind, ComputeDevice> _openReference;
    private readonly Func<ComputeDevice, IEnumerable<SelfCheck>> _choose;
    private readonly TimeSpan _limit;
    private volatile bool _hangs;

    /// <summary>Prepares a test.</summary>
    /// <param name="open">Opens the device; called again after a check that threw.</param>
    /// <param name="quick">Only small shapes and few problems.</param>
    /// <param name="limit">How long a check may take, the compilation of its kernels included, before it counts as hanging; also opening the device.</param>
    public SelfTest(Func<ComputeDevice> open, bool quick, TimeSpan limit)
        : this(open, kind => ComputeDevice.Open(kind == DeviceKind.Host ? "ilgpu-cpu" : "cpu"), device => Checks.Where(c => IsFor(c, device.Kind, device.Capabilities, quick)), limit)
    {
    }

    internal SelfTest(
        Func<ComputeDevice> open, Func<DeviceKind, ComputeDevice> openReference, Func<ComputeDevice, IEnumerable<SelfCheck>> choose, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(open);
        (_open, _openReference, _choose, _limit) = (open, openReference, choose, limit);
    }

    /// <summary>All checks, in the order in which they run.</summary>
    internal static IReadOnlyList<SelfCheck> Checks { get; } =
    [
        .. OperationChecks.All(), .. PrecisionChecks.All(), .. LossChecks.All(), .. TrainingChecks.All(), .. AffinityChecks.All(), .. CollectiveChecks.All(), .. SegmentationChecks.All(), .. HdbscanChecks.All(),
        .. MeanShiftChecks.All(), .. ConsistencyChecks.All(),
    ];

    /// <summary>Whether the last run ended because something hangs.</summary>
    public bool Hangs => _hangs;

    /// <summary>Whether a check is for a device.</summary>
    internal static bool IsFor(SelfCheck check, DeviceKind kind, in Capabilities device, bool quick)
    {
        var simulates = kind == DeviceKind.IlgpuCpu || (kind == DeviceKind.Host && check.Definition is null);
        return (!check.IsLarge || !(quick || simulates)) && !(check.IsOfGpus && kind == DeviceKind.Host)
            && (device.RoundsFactors || !check.IsOfMatrixUnits);
    }

    /// <summary>Runs the checks.</summary>
    /// <param name="begin">Told of the device when it is open.</param>
    /// <param name="report">Told of every result as soon as it is there.</param>
    /// <param name="cancellation">Ends the test after the check that runs.</param>
    /// <returns>How many failed, those that were not run included.</returns>
    /// <exception cref="DeviceException">The device cannot be opened at first.</exception>
    public int Run(Action<SelfTestSubject> begin, Action<SelfCheckResult> report, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(begin);
        ArgumentNullException.ThrowIfNull(report);
        _hangs = false;
        // Not disposed: what hangs may come back and find it gone.
        var results = new BlockingCollection<object>();
        var worker = new Thread(() => Work(results, cancellation)) { IsBackground = true, Name = nameof(SelfTest) };
        worker.Start();
        IReadOnlyList<SelfCheck> checks = [];
        var (done, failed) = (0, 0);
        do
        {
            if (!results.TryTake(out var result, _limit))
            {
                _hangs = true;
                var current = done < checks.Count ? checks[done] : new SelfCheck("device", "is opened", 0, _ => []);
                Report(Without(current, $"hangs: no result after {FormattableString.Invariant($"{_limit.TotalSeconds:0.###}")} s") with { Time = _limit });
                LeaveOut("not run: an earlier check hangs");
                return failed;
            }

            switch (result)
            {
                case Opened opened:
                    checks = opened.Checks;
                    begin(opened.Subject);
                    break;
                case SelfCheckResult check:
                    Report(check);
                    break;
                case OperationCanceledException:
                    throw new OperationCanceledException(cancellation);
                case Exception e when checks.Count == 0:
                    throw e as DeviceException ?? new DeviceException($"Device: cannot be opened: {OneLine(e)}");
                case Exception e:
                    LeaveOut($"not run: the device cannot be opened again: {OneLine(e)}");
                    break;
            }
        }
        while (done < checks.Count);
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
            while (done < checks.Count)
                Report(Without(checks[done], reason));
        }
    }

    /// <summary>Carries out a check.</summary>
    internal static SelfCheckResult Perform(SelfCheck check, ComputeDevice device, ComputeDevice reference)
    {
        try
        {
            var start = Stopwatch.GetTimestamp();
            var actual = check.Compute(device);
            var time = Stopwatch.GetElapsedTime(start);
            var (error, where) = SelfCheck.Compare(actual, check.Definition?.Invoke() ?? check.Compute(reference));
            return new(check.Operation, check.Case, error, check.Bound, time, error <= check.Bound ? null : where);
        }
#pragma warning disable CA1031 // Whatever a driver throws is a result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Without(check, $"{e.GetType().Name}: {OneLine(e)}");
        }
    }

    private static SelfCheckResult Without(SelfCheck check, string problem) => new(check.Operation, check.Case, double.NaN, check.Bound, TimeSpan.Zero, problem);

    private void Work(BlockingCollection<object> results, CancellationToken cancellation)
    {
        ComputeDevice? device = null, reference = null;
        try
        {
            device = _open();
            reference = _openReference(device.Kind);
            SelfCheck[] checks = [.. _choose(device)];
            var machine = $"{Environment.ProcessorCount} processors, {HostDevice.InstructionSet}";
            results.Add(new Opened(new(machine, $"{device}", device.Driver, $"{reference}", checks.Length), checks), CancellationToken.None);
            foreach (var check in checks)
            {
                cancellation.ThrowIfCancellationRequested();
                if (_hangs)
                    return;
                device ??= _open();
                var result = Perform(check, device, reference);
                if (double.IsNaN(result.Error))
                {
                    // What it holds is lost; and a context that a wild address has spoilt fails in everything that follows.
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

    private static void Discard(ComputeDevice? device)
    {
        try
        {
            device?.Dispose();
        }
#pragma warning disable CA1031 // A device that has failed may fail here, too; what it holds goes with the process.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private static string OneLine(Exception e)
    {
        var text = e.Message.ReplaceLineEndings(" ").Trim();
        return text.Length <= LongestMessage ? text : text[..LongestMessage] + "...";
    }

    private sealed record Opened(SelfTestSubject Subject, IReadOnlyList<SelfCheck> Checks);
}
