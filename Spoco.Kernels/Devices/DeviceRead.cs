using System.Runtime.InteropServices;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>
/// A copy of a buffer to host memory that was begun and may still be under way (<see cref="DeviceBuffer{T}.BeginRead"/>): launches that follow need not wait for it. The buffer may be
/// released before the copy is done.
/// </summary>
internal sealed class DeviceRead<T> : IDisposable where T : unmanaged
{
    private readonly int _length;
    private IlgpuDevice? _device;
    private PageLockedArray1D<byte>? _stage;
    private T[]? _values;

    private DeviceRead(int length) => _length = length;

    /// <summary>The values; waits for the device the first time it is asked for them.</summary>
    /// <exception cref="ObjectDisposedException">The copy was given up before anybody asked for its values.</exception>
    public T[] Values
    {
        get
        {
            if (_values is not null)
                return _values;
            ObjectDisposedException.ThrowIf(_stage is null, this);
            _device!.Synchronize();
            _values = MemoryMarshal.Cast<byte, T>(_stage.Span)[.._length].ToArray();
            Dispose();
            return _values;
        }
    }

    /// <summary>Gives up values that nobody has asked for.</summary>
    public void Dispose()
    {
        GiveUp();
        GC.SuppressFinalize(this);
    }

    /// <summary>Nobody can ask for the values any more.</summary>
    ~DeviceRead() => GiveUp();

    /// <summary>Begins a copy.</summary>
    internal static DeviceRead<T> Of(DeviceBuffer<T> buffer)
    {
        var read = new DeviceRead<T>(checked((int)buffer.Length));
        if (buffer.Length == 0 || buffer.Device.Capabilities.OnHost)
        {
            read._values = buffer.ToArray();
            return read;
        }

        read._device = buffer.Device.Ilgpu;
        read._device.Traffic.Reads++;
        read._stage = read._device.Copies.Read(buffer.View);
        return read;
    }

    private void GiveUp()
    {
        if (_stage is { } stage)
            _device!.Copies.Return(stage);
        (_device, _stage) = (null, null);
    }
}
