namespace Spoco.Kernels;

/// <summary>What an operation checks once, at its entry: that buffers have the right lengths and lie on one device.</summary>
/// <param name="operation">Name of the operation, the first word of every message.</param>
/// <param name="device">Where the buffers have to be.</param>
internal readonly struct Arguments(string operation, ComputeDevice device)
{
    /// <summary>Checks a buffer that is needed.</summary>
    /// <exception cref="ArgumentException">It has another length, or is on another device.</exception>
    public Arguments Need<T>(DeviceBuffer<T> buffer, long length, string name) where T : unmanaged
    {
        if (buffer.Length != length)
            throw new ArgumentException($"{operation}: {name} has {buffer.Length} elements, expected {length}.");
        if (length > 0 && buffer.Device != device)
            throw new ArgumentException($"{operation}: {name} is on device {buffer.Device.Name}, not on {device.Name} as the others.");
        return this;
    }

    /// <summary>Checks values that are needed.</summary>
    /// <exception cref="ArgumentException">They are others in number, or on another device.</exception>
    public Arguments Need(ValueBuffer values, long length, string name)
    {
        if (values.Length != length)
            throw new ArgumentException($"{operation}: {name} has {values.Length} elements, expected {length}.");
        return Need(values.Bytes, values.Bytes.Length, name);
    }

    /// <summary>Checks values that may be left out.</summary>
    /// <exception cref="ArgumentException">They are others in number, or on another device.</exception>
    public Arguments Allow(ValueBuffer values, long length, string name) => values.IsNull ? this : Need(values, length, name);

    /// <summary>Checks a buffer that may be left out.</summary>
    /// <exception cref="ArgumentException">It has another length, or is on another device.</exception>
    public Arguments Allow<T>(DeviceBuffer<T> buffer, long length, string name) where T : unmanaged =>
        buffer.IsNull ? this : Need(buffer, length, name);
}
