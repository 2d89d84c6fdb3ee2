namespace Spoco.Kernels;

/// <summary>Sets the <see cref="ComputeDevice.Precision"/> of a device that others use, too; disposed, the former one.</summary>
internal readonly struct PrecisionScope : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly Precision _before;

    /// <summary>Sets it.</summary>
    public PrecisionScope(ComputeDevice device, Precision precision)
    {
        (_device, _before) = (device, device.Precision);
        device.Precision = precision;
    }

    /// <summary>Restores what was there before.</summary>
    public void Dispose() => _device.Precision = _before;
}
