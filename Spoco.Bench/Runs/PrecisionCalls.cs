using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>Calls in every precision, for devices that round factors: in single precision by their names, then with that of the precision behind.</summary>
internal sealed class PrecisionCalls : ITimedCalls
{
    private readonly ComputeDevice _device;
    private readonly ITimedCalls _calls;

    private PrecisionCalls(ComputeDevice device, ITimedCalls calls) => (_device, _calls) = (device, calls);

    /// <inheritdoc/>
    public IEnumerable<TimedCall> Calls =>
        from precision in Of(_device.Capabilities)
        from call in _calls.Calls
        select call with { What = Named(call.What, precision), Run = () => Run(call, precision) };

    /// <summary>The calls; in more than single precision where a device rounds.</summary>
    public static ITimedCalls Of(ComputeDevice device, ITimedCalls calls) => device.Capabilities.RoundsFactors ? new PrecisionCalls(device, calls) : calls;

    /// <summary>A call's name in a precision.</summary>
    internal static string Named(string what, Precision precision) => precision == Precision.F32 ? what : $"{what}, {precision}";

    /// <summary>The precision that a name says.</summary>
    internal static Precision Of(string what) => Enum.GetValues<Precision>().FirstOrDefault(p => p != Precision.F32 && what == Named(what[..Math.Max(0, what.LastIndexOf(','))], p));

    /// <summary>Precisions in which convolutions of a device differ.</summary>
    internal static IEnumerable<Precision> Of(Capabilities device) => device.RoundsFactors ? Enum.GetValues<Precision>() : [Precision.F32];

    /// <inheritdoc/>
    public void Dispose() => _calls.Dispose();

    private void Run(TimedCall call, Precision precision)
    {
        using var rounding = new PrecisionScope(_device, precision);
        call.Run();
    }
}
