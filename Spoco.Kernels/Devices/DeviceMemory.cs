using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>One pooled block of memory on a device. Disposing it returns the block to the pool of its device.</summary>
public sealed class DeviceMemory : IDisposable
{
    private MemoryBlock? _block;

    internal DeviceMemory(ComputeDevice device, MemoryBlock block, string owner)
    {
        Device = device;
        _block = block;
        Owner = owner;
    }

    /// <summary>The device that holds the block.</summary>
    public ComputeDevice Device { get; }

    /// <summary>What the block was taken for; named when memory runs out.</summary>
    public string Owner { get; }

    /// <summary>Whether the block was returned.</summary>
    public bool IsDisposed => _block is null;

    internal MemoryBlock Block => _block ?? throw new ObjectDisposedException(Owner, $"{Owner}: used after its memory was released.");

    /// <summary>
    /// Nobody can return the block any more. The pool counts it as lost, and does not take it back: a kernel may be at work on it, which holds an address, not this object.
    /// </summary>
    ~DeviceMemory()
    {
        if (_block is { } block)
            Device.Pool.Lose(block, Owner);
    }

    /// <summary>Returns the block to the pool; the contents are lost.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _block, null) is { } block)
            Device.Pool.Return(block, Owner);
        GC.SuppressFinalize(this);
    }
}

/// <summary>The device's own allocation behind a <see cref="DeviceMemory"/>: an aligned host pointer, or an ILGPU buffer.</summary>
internal sealed class MemoryBlock(long bytes, nint pointer, MemoryBuffer1D<byte, Stride1D.Dense>? native)
{
    public long Bytes { get; } = bytes;

    public nint Pointer { get; } = pointer;

    public MemoryBuffer1D<byte, Stride1D.Dense>? Native { get; } = native;
}
