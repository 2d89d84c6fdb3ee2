using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>Calls in every precision that the matrix units of a device have: in single precision by their names, then with that of the precision behind.</summary>
internal sealed class PrecisionCalls : ITimedCalls
{
    private readonly ComputeDevice _device;
    private readonly ITimedCalls _calls;
    private readonly Precision _before;

    private PrecisionCalls(ComputeDevice device, ITimedCalls calls) => (_device, _calls, _before) = (device, calls, device.Precision);

    /// <inheritdoc/>
    public IEnumerable<TimedCall> Calls =>
        from precision in Of(_device.Capabilities)
        from call in _calls.Calls
        select call with
        {
            What = Named(call.What, precision),
            Run = () =>
            {
                _device.Precision = precision;
                call.Run();
            },
        };

    /// <summary>The calls; in more than single precision where a device has matrix units.</summary>
    public static ITimedCalls Of(ComputeDevice device, ITimedCalls calls) =>
        Of(device.Capabilities).Count() == 1 ? calls : new PrecisionCalls(device, calls);

    /// <summary>A call's name in a precision.</summary>
    internal static string Named(string what, Precision precision) => precision == Precision.F32 ? what : $"{what}, {precision}";

    /// <summary>The precision that a name says.</summary>
    internal static Precision Of(string what) => Enum.GetValues<Precision>().FirstOrDefault(p => p != Precision.F32 && what == Named(what[..Math.Max(0, what.LastIndexOf(','))], p));

    /// <summary>Precisions in which convolutions differ in speed.</summary>
    internal static IEnumerable<Precision> Of(Capabilities device)
    {
        yield return Precision.F32;
        if (device.MatrixUnits.HasFlag(MatrixUnits.TensorFloat32))
            yield return Precision.TF32;
        if (device.MatrixUnits.HasFlag(MatrixUnits.BFloat16))
            yield return Precision.BF16;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _calls.Dispose();
        _device.Precision = _before;
    }
}
