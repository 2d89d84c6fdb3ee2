using System.Diagnostics;

namespace Spoco.Kernels;

/// <summary>Figures of a <see cref="BufferPool"/>; bytes are those of the blocks handed out, rounding included.</summary>
/// <param name="LiveBlocks">Blocks in use.</param>
/// <param name="LiveBytes">Bytes in use.</param>
/// <param name="PeakBytes">Largest number of bytes in use at one time.</param>
/// <param name="HeldBytes">Bytes taken from the device: in use or waiting for reuse.</param>
/// <param name="DeviceAllocations">How often the device was asked for memory since it was opened.</param>
/// <param name="LostBytes">Bytes in use that nobody can return: of tensors made outside any scope and never disposed, found by the garbage collector.</param>
public readonly record struct PoolStatistics(int LiveBlocks, long LiveBytes, long PeakBytes, long HeldBytes, long DeviceAllocations, long LostBytes);

/// <summary>
/// Keeps returned blocks by size and hands them out again, so that a training step in steady state never asks the device for memory.
/// Sizes are rounded up to eight steps per power of two (at most 12.5 % more than asked for). Small sizes come in three classes: they depend on how many
/// objects an image happens to show, and must fit whatever was returned before.
/// </summary>
public sealed class BufferPool : IDisposable
{
    private static readonly long[] SmallSizes = [4 << 10, 16 << 10, 64 << 10];

    private readonly Lock _lock = new();
    private readonly ComputeDevice _device;
    private readonly Dictionary<long, Stack<MemoryBlock>> _free = [];
    private readonly Dictionary<string, (int Blocks, long Bytes)> _owners = [];
    private int _liveBlocks;
    private long _liveBytes;
    private long _peakBytes;
    private long _heldBytes;
    private long _allocations;
    private long _lostBytes;
    private bool _disposed;

    internal BufferPool(ComputeDevice device) => _device = device;

    /// <summary>Bytes that the pool may take from the device; null = all there are. Blocks that wait for reuse give way first.</summary>
    internal long? Limit { get; set; }

    /// <summary>Asked before memory is handed out, where given: whether there is none for this owner. Tests let it end at any moment.</summary>
    internal Func<string, bool>? IsExhausted { get; set; }

    /// <summary>What is in use and held at this moment, and the peak since <see cref="ResetPeak"/>.</summary>
    public PoolStatistics Statistics
    {
        get
        {
            lock (_lock)
                return new PoolStatistics(_liveBlocks, _liveBytes, _peakBytes, _heldBytes, _allocations, _lostBytes);
        }
    }

    /// <summary>Lets <see cref="PoolStatistics.PeakBytes"/> start again from what is in use now.</summary>
    public void ResetPeak()
    {
        lock (_lock)
            _peakBytes = _liveBytes;
    }

    /// <summary>Gives every block that waits for reuse back to the device.</summary>
    public void Trim()
    {
        lock (_lock)
            FreeUnused();
    }

    /// <summary>Gives all memory back to the device; blocks still in use follow when they are returned.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            FreeUnused();
        }
    }

    internal DeviceMemory Rent(long bytes, string owner)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var size = RoundUp(bytes);
        lock (_lock)
        {
            if (_disposed)
                throw new ObjectDisposedException(_device.Name, $"{owner}: device {_device.Name} was disposed.");
            if (IsExhausted?.Invoke(owner) == true)
                throw new DeviceMemoryException(Explain(size, owner));
            var block = _free.TryGetValue(size, out var stack) && stack.TryPop(out var reused) ? reused : Allocate(size, owner);
            _liveBlocks++;
            _liveBytes += size;
            _peakBytes = Math.Max(_peakBytes, _liveBytes);
            ref var held = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_owners, owner, out _);
            held = (held.Blocks + 1, held.Bytes + size);
            return new DeviceMemory(_device, block, owner);
        }
    }

    internal void Return(MemoryBlock block, string owner)
    {
        lock (_lock)
        {
            _liveBlocks--;
            _liveBytes -= block.Bytes;
            ref var held = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_owners, owner, out _);
            held = (held.Blocks - 1, held.Bytes - block.Bytes);
            if (_disposed)
            {
                _heldBytes -= block.Bytes;
                _device.FreeBlock(block);
                return;
            }

            if (!_free.TryGetValue(block.Bytes, out var stack))
                _free[block.Bytes] = stack = new Stack<MemoryBlock>();
            stack.Push(block);
        }
    }

    /// <summary>Counts a block that nobody can return.</summary>
    internal void Lose(MemoryBlock block, string owner)
    {
        lock (_lock)
        {
            if (_lostBytes == 0 && !_disposed)
                Trace.TraceWarning($"Spoco: memory of device {_device.Name} was never returned ({owner}): dispose tensors, or make them within a TensorScope.");
            _lostBytes += block.Bytes;
        }
    }

    /// <summary>Gives one unused block of a size back to the device, if there is one.</summary>
    internal void Discard(long size)
    {
        lock (_lock)
        {
            if (!_free.TryGetValue(size, out var stack) || !stack.TryPop(out var block))
                return;
            _heldBytes -= block.Bytes;
            _device.FreeBlock(block);
        }
    }

    internal static long RoundUp(long bytes)
    {
        foreach (var size in SmallSizes)
        {
            if (bytes <= size)
                return size;
        }

        var step = 1L << (63 - (int)long.LeadingZeroCount(bytes - 1) - 3);
        return checked((bytes + step - 1) / step * step);
    }

    private MemoryBlock Allocate(long size, string owner)
    {
        var block = TryAllocate(size);
        if (block is null)
        {
            // Blocks of other sizes may be all that stands in the way.
            FreeUnused();
            block = TryAllocate(size) ?? throw new DeviceMemoryException(Explain(size, owner));
        }

        _heldBytes += size;
        _allocations++;
        return block;
    }

    private MemoryBlock? TryAllocate(long size) => _heldBytes + size > Limit ? null : _device.TryAllocateBlock(size);

    private void FreeUnused()
    {
        foreach (var stack in _free.Values)
        {
            while (stack.TryPop(out var block))
            {
                _heldBytes -= block.Bytes;
                _device.FreeBlock(block);
            }
        }
    }

    private string Explain(long size, string owner)
    {
        var holders = _owners.Where(o => o.Value.Bytes > 0).OrderByDescending(o => o.Value.Bytes).Take(5)
            .Select(o => $"{o.Key} {o.Value.Bytes >> 20} MiB in {o.Value.Blocks}");
        return $"{owner}: device {_device.Name} is out of memory: {size >> 20} MiB asked for, {_liveBytes >> 20} MiB in use ({string.Join(", ", holders)})."
            + (_lostBytes == 0 ? "" : $" {_lostBytes >> 20} MiB of these were never returned: dispose tensors, or make them within a TensorScope.");
    }
}

/// <summary>A device has no memory left; the message says what was asked for and what holds the rest.</summary>
public sealed class DeviceMemoryException(string message) : Exception(message);
