using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>What a device reaches where nothing holds it up, measured in the run that shares of it are given in: multiply-adds in registers, products in matrix units where it has them, and a copy of its memory.</summary>
internal sealed class DevicePeak : ITimedCalls
{
    /// <summary>The name of the case, and of its calls.</summary>
    public const string Case = "fp32", MultiplyAdds = "multiply-adds in registers", Copy = "copy";

    private readonly ComputeDevice _device;
    private readonly DeviceBuffer<float> _sums, _products, _source, _target;
    private readonly FmaPeakAlgorithm _peak;
    private readonly Holdings _holdings;

    public DevicePeak(ComputeDevice device, long copyBytes)
    {
        using var holdings = new Holdings();
        _device = device;
        _peak = FmaPeak.Chooser.For(device, default);
        _sums = holdings.Allocate<float>(device, _peak.Threads(device), nameof(DevicePeak));
        _products = device.Capabilities.RoundsFactors ? holdings.Allocate<float>(device, MatrixPeak.Threads(device), nameof(DevicePeak)) : default;
        _source = holdings.AllocateCleared<float>(device, copyBytes / sizeof(float), nameof(DevicePeak));
        _target = holdings.AllocateCleared<float>(device, copyBytes / sizeof(float), nameof(DevicePeak));
        _holdings = holdings.Share();
    }

    public IEnumerable<TimedCall> Calls =>
    [
        new(MultiplyAdds, new Work(_peak.Operations(_device), 0), () => _peak.Run(_device, _sums)),
        .. from precision in PrecisionCalls.Of(_device.Capabilities).Where(p => p != Precision.F32)
        select new TimedCall(PrecisionCalls.Named("products in matrix units", precision), new Work(MatrixPeak.Operations(_device, precision), 0),
            () => MatrixPeak.Run(_device, precision, _products)),
        new(Copy, new Work(0, 2.0 * sizeof(float) * _source.Length), () => _source.CopyTo(_target)),
    ];

    public void Dispose() => _holdings.Dispose();
}
