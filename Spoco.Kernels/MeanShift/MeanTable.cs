using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Means by their bits, each once, numbered in the order in which they come.</summary>
/// <param name="dimensions">Components of a mean, d.</param>
internal sealed class MeanTable(int dimensions)
{
    private int[] _slots = NewSlots(1024);
    private double[] _means = new double[512 * dimensions];

    /// <summary>Means.</summary>
    public int Count { get; private set; }

    /// <summary>Mean number i.</summary>
    public ReadOnlySpan<double> this[int i] => _means.AsSpan(i * dimensions, dimensions);

    /// <summary>The number of a mean, which is added where it is not there.</summary>
    public int NumberOf(ReadOnlySpan<double> mean)
    {
        var slot = Slot(mean);
        if (_slots[slot] >= 0)
            return _slots[slot];
        if (2 * (Count + 1) > _slots.Length)
        {
            Grow();
            slot = Slot(mean);
        }

        mean.CopyTo(_means.AsSpan(Count * dimensions));
        return _slots[slot] = Count++;
    }

    /// <summary>Forgets all means.</summary>
    public void Clear()
    {
        Array.Fill(_slots, -1);
        Count = 0;
    }

    /// <summary>The slot of a mean, or the free one where it belongs.</summary>
    private int Slot(ReadOnlySpan<double> mean)
    {
        var slot = (int)(Hash(mean) & (uint)(_slots.Length - 1));
        while (_slots[slot] is var i && i >= 0 && !this[i].SequenceEqual(mean))
            slot = (slot + 1) & (_slots.Length - 1);
        return slot;
    }

    private void Grow()
    {
        Array.Resize(ref _means, 2 * _means.Length);
        _slots = NewSlots(2 * _slots.Length);
        for (var i = 0; i < Count; i++)
            _slots[Slot(this[i])] = i;
    }

    private static int[] NewSlots(int count)
    {
        var slots = new int[count];
        Array.Fill(slots, -1);
        return slots;
    }

    private static ulong Hash(ReadOnlySpan<double> mean)
    {
        var hash = 0ul;
        foreach (var value in mean)
            hash = BitOperations.RotateLeft(hash ^ BitConverter.DoubleToUInt64Bits(value), 29) * 0x9E37_79B9_7F4A_7C15;
        return hash ^ (hash >> 32);
    }
}
