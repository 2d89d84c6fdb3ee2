using System.Runtime.InteropServices;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>
/// Memory of a device that is filled while the device is at other work: values go through page-locked memory of the buffer's own and a stream of their own
/// (<see cref="IlgpuDevice.SideStream"/>). On the host it is a copy.
/// </summary>
internal sealed class SideBuffer : IDisposable
{
    private readonly IlgpuDevice? _device;
    private readonly PageLockedArray1D<byte>? _stage;
    private readonly Holdings _holdings;

    /// <summary>Takes the memory, and waits once for the device: its kernels may still be using memory that has been returned.</summary>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public SideBuffer(ComputeDevice device, long length, string owner)
    {
        using var holdings = new Holdings();
        Buffer = holdings.Allocate<float>(device, length, owner);
        if (!device.Capabilities.OnHost)
        {
            device.Synchronize();
            _device = device.Ilgpu;
            _stage = holdings.Add(_device.LockPages(length * sizeof(float)));
        }

        _holdings = holdings.Share();
    }

    /// <summary>The memory on the device.</summary>
    public DeviceBuffer<float> Buffer { get; }

    /// <summary>
    /// Begins to copy values, which may be changed at once. Everything launched so far that uses the buffer has to be done: the device was waited for since.
    /// </summary>
    public void Begin(ReadOnlySpan<float> values)
    {
        if (_stage is null)
        {
            Buffer.CopyFrom(values);
            return;
        }

        // A copy that nobody took may still read the stage.
        Complete();
        var stage = MemoryMarshal.Cast<byte, float>(_stage.Span);
        values.CopyTo(stage);
        _device!.Traffic.Writes++;
        Buffer.View.CopyFromCPUUnsafeAsync(_device.SideStream, ref stage[0], values.Length);
    }

    /// <summary>Waits until the values are there, and for nothing else: what is launched from now on finds them.</summary>
    public void Complete() => _device?.CompleteSideCopies();

    /// <summary>Returns the memory; nothing that uses it may be launched or copied any more.</summary>
    public void Dispose()
    {
        Complete();
        _holdings.Dispose();
    }
}
