using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>
/// Page-locked host memory that copies to and from an ILGPU device pass through, so that nobody waits for them: a copy takes its place in the stream as a launch does.
/// The memory is free again when the device has been waited for. Used by the thread that uses the device, but for
/// <see cref="Return"/>.
/// </summary>
internal sealed class CopyStage(IlgpuDevice device)
{
    /// <summary>Bytes of the longest copy to a device that does not wait: the labels of a training step. What is longer is copied from where it lies.</summary>
    public const int LongestWrite = 1 << 24;

    private const int LeastBytes = 1 << 12;

    /// <summary>Copies in flight, and their bytes, after which the device is waited for: nobody may have asked for anything in a while.</summary>
    private const int MostInFlight = 256;
    private const long MostBytesInFlight = 1 << 27;

    private readonly Lock _lock = new();

    /// <summary>All of it: what nobody else holds any more must not be finalised, as it may come back (<see cref="DeviceRead{T}"/>).</summary>
    private readonly List<PageLockedArray1D<byte>> _all = [];

    /// <summary>By the logarithm of their length, which is a power of two.</summary>
    private readonly Stack<PageLockedArray1D<byte>>?[] _free = new Stack<PageLockedArray1D<byte>>?[32];
    private readonly List<PageLockedArray1D<byte>> _inFlight = [];
    private long _bytesInFlight;

    /// <summary>Enters a copy to the device; the values may be changed at once.</summary>
    public void Write<T>(ArrayView<T> target, ReadOnlySpan<T> values) where T : unmanaged
    {
        var stage = Take(values.Length * Unsafe.SizeOf<T>());
        values.CopyTo(MemoryMarshal.Cast<byte, T>(stage.Span));
        target.CopyFromCPUUnsafeAsync(device.Accelerator.DefaultStream, ref MemoryMarshal.Cast<byte, T>(stage.Span)[0], values.Length);
        Return(stage);
    }

    /// <summary>Enters a copy from the device into memory that its caller returns.</summary>
    public PageLockedArray1D<byte> Read<T>(ArrayView<T> source) where T : unmanaged
    {
        var stage = Take(checked((int)source.LengthInBytes));
        source.CopyToCPUUnsafeAsync(device.Accelerator.DefaultStream, ref MemoryMarshal.Cast<byte, T>(stage.Span)[0], source.Length);
        return stage;
    }

    /// <summary>Takes back the memory of a copy: it may still be in flight, as later ones come after it.</summary>
    public void Return(PageLockedArray1D<byte> stage)
    {
        lock (_lock)
        {
            _inFlight.Add(stage);
            _bytesInFlight += stage.Length;
        }
    }

    /// <summary>The device has been waited for: all copies are done.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            foreach (var stage in _inFlight)
                (_free[BitOperations.Log2((uint)stage.Length)] ??= new()).Push(stage);
            _inFlight.Clear();
            _bytesInFlight = 0;
        }
    }

    private PageLockedArray1D<byte> Take(int bytes)
    {
        var length = BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, LeastBytes));
        bool isFull;
        lock (_lock)
            isFull = _inFlight.Count >= MostInFlight || _bytesInFlight >= MostBytesInFlight;
        if (isFull)
            device.Synchronize();
        lock (_lock)
        {
            if (_free[BitOperations.Log2(length)] is { } stack && stack.TryPop(out var taken))
                return taken;
        }

        var added = device.LockPages(length);
        lock (_lock)
            _all.Add(added);
        return added;
    }
}
