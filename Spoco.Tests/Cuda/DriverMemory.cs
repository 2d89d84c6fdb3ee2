using System.Runtime.InteropServices;

namespace Spoco.Tests.Cuda;

/// <summary>Memory of a device, or page-locked memory of its host: pieces that lie apart, so that an address beside one is in none.</summary>
internal sealed unsafe class DriverMemory(Random random)
{
    private const int Alignment = 512;

    /// <summary>Kept free, and watched, on both sides of a piece.</summary>
    private const int Margin = 4096;

    private readonly SortedList<ulong, long> _pieces = [];
    private ulong _lastStart;
    private ulong _lastEnd;

    /// <summary>Bytes in use.</summary>
    public long Bytes { get; private set; }

    /// <summary>Takes memory; what stands in it is anything.</summary>
    public nint Allocate(long bytes)
    {
        var block = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + 2 * Margin), Alignment);
        Junk.Fill(new Span<byte>(block + Margin, (int)Math.Min(bytes, int.MaxValue)), random);
        Add((nint)(block + Margin), bytes);
        return (nint)(block + Margin);
    }

    /// <summary>Takes memory that somebody else holds.</summary>
    public void Add(nint address, long bytes)
    {
        _pieces.Add((ulong)address, bytes);
        Bytes += bytes;
    }

    /// <summary>Gives memory back; false where there is none at the address.</summary>
    public bool Free(nint address)
    {
        if (!Remove(address))
            return false;
        NativeMemory.AlignedFree((byte*)address - Margin);
        return true;
    }

    /// <summary>Gives up memory that somebody else holds; false where there is none at the address.</summary>
    public bool Remove(nint address)
    {
        if (!_pieces.Remove((ulong)address, out var bytes))
            return false;
        Bytes -= bytes;
        (_lastStart, _lastEnd) = (0, 0);
        return true;
    }

    /// <summary>Whether so many bytes at an address are in one piece.</summary>
    public bool Has(ulong address, long bytes)
    {
        if (address >= _lastStart && address + (ulong)bytes <= _lastEnd)
            return true;
        var (low, high) = (0, _pieces.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var start = _pieces.GetKeyAtIndex(middle);
            if (address < start)
                high = middle - 1;
            else if (address + (ulong)bytes > start + (ulong)_pieces.GetValueAtIndex(middle))
                low = middle + 1;
            else
            {
                (_lastStart, _lastEnd) = (start, start + (ulong)_pieces.GetValueAtIndex(middle));
                return true;
            }
        }

        return false;
    }

    /// <summary>A place that a kernel reads or writes.</summary>
    /// <exception cref="PtxFault">It is in no piece.</exception>
    public byte* Place(ulong address, int bytes, bool isStore) => Has(address, bytes) ? (byte*)address
        : throw new PtxFault($"{(isStore ? "a store" : "a load")} of {bytes} bytes at {address:x}, in no memory of the device");
}
