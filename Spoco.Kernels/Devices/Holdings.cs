namespace Spoco.Kernels;

/// <summary>
/// What an object or a computation has taken, and returns as a whole. Whoever is made of several parts takes them within <c>using</c> and shares the holdings
/// as its last act, so that where one part cannot be had the others go back:
/// <code>
/// using var holdings = new Holdings();
/// First = holdings.Allocate&lt;float&gt;(device, length, "first");
/// Second = holdings.Allocate&lt;float&gt;(device, length, "second");
/// _holdings = holdings.Share();          // and Dispose returns them
/// </code>
/// </summary>
internal sealed class Holdings : IDisposable
{
    private readonly List<IDisposable> _parts = [];
    private int _holders = 1;

    /// <summary>Takes a part over.</summary>
    /// <returns>The same part.</returns>
    public T Add<T>(T part) where T : IDisposable
    {
        _parts.Add(part);
        return part;
    }

    /// <summary>Takes memory with undefined contents.</summary>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public DeviceBuffer<T> Allocate<T>(ComputeDevice device, long length, string owner) where T : unmanaged
    {
        var buffer = device.Allocate<T>(length, owner);
        Add(buffer.Memory);
        return buffer;
    }

    /// <summary>Takes memory with every byte 0.</summary>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public DeviceBuffer<T> AllocateCleared<T>(ComputeDevice device, long length, string owner) where T : unmanaged
    {
        var buffer = Allocate<T>(device, length, owner);
        buffer.Clear();
        return buffer;
    }

    /// <summary>Takes memory with the given contents.</summary>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public DeviceBuffer<T> Upload<T>(ComputeDevice device, ReadOnlySpan<T> values, string owner) where T : unmanaged
    {
        var buffer = Allocate<T>(device, values.Length, owner);
        buffer.CopyFrom(values);
        return buffer;
    }

    /// <summary>One more holder: the parts go back when each has disposed the holdings.</summary>
    /// <returns>The same holdings.</returns>
    public Holdings Share()
    {
        _holders++;
        return this;
    }

    /// <summary>Returns the parts, the last first, if nobody else holds them.</summary>
    public void Dispose()
    {
        if (--_holders != 0)
            return;
        for (var i = _parts.Count - 1; i >= 0; i--)
            _parts[i].Dispose();
        _parts.Clear();
    }
}
