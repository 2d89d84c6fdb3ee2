using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sorts 64-bit keys, each with a 32-bit number, ascending on ILGPU devices; stable. From the lowest digit of four bits to the highest (Satish, Harris and Garland, Designing
/// Efficient Sorting Algorithms for Manycore GPUs, 2009): tiles count the keys of every digit, a prefix sum over digits and tiles says where those of a tile go, and every tile
/// takes its own there in their order. Nothing depends on the schedule.
/// </summary>
internal static class RadixSort
{
    private const int DigitBits = 4;
    private const int Digits = 1 << DigitBits;

    /// <summary>Sorts by the bits [<paramref name="firstBit"/>, <paramref name="firstBit"/> + <paramref name="bits"/>) of the keys: three launches or more per four of them.</summary>
    /// <param name="scratch">Memory for the keys and numbers once more, and for counts.</param>
    /// <param name="keys">Up to 2^31 - 1 keys; sorted in place.</param>
    /// <param name="payload">A number per key, which goes with it.</param>
    /// <param name="firstBit">The lowest bit that counts.</param>
    /// <param name="bits">How many bits count; equal ones stay in their order.</param>
    /// <exception cref="ArgumentException">Lengths differ, or the bits are not within 64.</exception>
    /// <exception cref="DeviceException">There are more keys than a kernel indexes.</exception>
    public static void Sort(DeviceScratch scratch, DeviceBuffer<ulong> keys, DeviceBuffer<int> payload, int firstBit = 0, int bits = 64)
    {
        if (payload.Length != keys.Length || firstBit < 0 || bits < 0 || firstBit + bits > 64)
            throw new ArgumentException($"RadixSort: {keys.Length} keys, {payload.Length} numbers, {bits} bits from bit {firstBit} on.");
        var tiles = PrefixSum.Tiles(IlgpuDevice.Extent(keys.Length, nameof(RadixSort)));
        if (keys.Length < 2 || bits == 0)
            return;
        var (from, to) = ((Keys: keys, Payload: payload), (Keys: scratch.Take<ulong>(keys.Length), Payload: scratch.Take<int>(keys.Length)));
        var other = to;
        var counts = scratch.Take<int>(IlgpuDevice.Extent((long)Digits * tiles, nameof(RadixSort)));
        var ends = scratch.Take<int>(2);
        KernelConfig groups = (tiles, GroupSum.Size(scratch.Gpu));
        for (var bit = firstBit; bit < firstBit + bits; bit += DigitBits)
        {
            var mask = (1 << Math.Min(DigitBits, firstBit + bits - bit)) - 1;
            scratch.Gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<ulong>, int, int, ArrayView<int>>(Count))(
                groups, from.Keys.View, bit, mask, counts.View);
            PrefixSum.Exclusive(scratch, counts, counts, ends);
            scratch.Gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<ulong>, ArrayView<int>, int, int, ArrayView<int>, ArrayView<ulong>, ArrayView<int>>(Scatter))(
                groups, from.Keys.View, from.Payload.View, bit, mask, counts.View, to.Keys.View, to.Payload.View);
            (from, to) = (to, from);
        }

        if (ReferenceEquals(from.Keys.Memory, other.Keys.Memory))
        {
            from.Keys.CopyTo(keys);
            from.Payload.CopyTo(payload);
        }

        scratch.Return(other.Keys);
        scratch.Return(other.Payload);
        scratch.Return(counts);
        scratch.Return(ends);
    }

    /// <summary>A group counts the keys of a tile, per digit; its threads have columns of their own.</summary>
    public static void Count(ArrayView<ulong> keys, int bit, int mask, ArrayView<int> counts)
    {
        var columns = SharedMemory.Allocate1D<int>(Digits * GroupSum.MaximalSize);
        for (var digit = 0; digit < Digits; digit++)
            columns[digit * Group.DimX + Group.IdxX] = 0;
        var first = (long)Grid.IdxX * PrefixSum.Tile;
        var until = IntrinsicMath.Min(first + PrefixSum.Tile, keys.Length);
        for (var i = first + Group.IdxX; i < until; i += Group.DimX)
            columns[((int)(keys[i] >> bit) & mask) * Group.DimX + Group.IdxX]++;
        Group.Barrier();
        for (var digit = Group.IdxX; digit < Digits; digit += Group.DimX)
        {
            var sum = 0;
            for (var t = 0; t < Group.DimX; t++)
                sum += columns[digit * Group.DimX + t];
            counts[(long)digit * Grid.DimX + Grid.IdxX] = sum;
        }
    }

    /// <summary>
    /// A group takes the keys of a tile to their places, turn by turn. A thread counts those of its run, per digit; sums over all digits and threads before say how many come before its own; and
    /// then it goes through its run once more, in order.
    /// </summary>
    public static void Scatter(
        ArrayView<ulong> keys, ArrayView<int> payload, int bit, int mask, ArrayView<int> starts, ArrayView<ulong> sortedKeys, ArrayView<int> sortedPayload)
    {
        var columns = SharedMemory.Allocate1D<int>(Digits * GroupSum.MaximalSize);
        var places = SharedMemory.Allocate1D<int>(Digits);
        var next = SharedMemory.Allocate1D<int>(Digits);
        for (var digit = Group.IdxX; digit < Digits; digit += Group.DimX)
            next[digit] = starts[(long)digit * Grid.DimX + Grid.IdxX];
        var tile = (long)Grid.IdxX * PrefixSum.Tile;
        var until = IntrinsicMath.Min(tile + PrefixSum.Tile, keys.Length);
        for (var turn = tile; turn < until; turn += Group.DimX * PrefixSum.Run)
        {
            for (var digit = 0; digit < Digits; digit++)
                columns[digit * Group.DimX + Group.IdxX] = 0;
            var first = turn + Group.IdxX * PrefixSum.Run;
            var last = IntrinsicMath.Min(first + PrefixSum.Run, until);
            for (var i = first; i < last; i++)
                columns[((int)(keys[i] >> bit) & mask) * Group.DimX + Group.IdxX]++;
            Group.Barrier();

            // A thread takes as many neighbouring counts as there are digits.
            var sum = 0;
            for (var k = 0; k < Digits; k++)
                sum += columns[Group.IdxX * Digits + k];
            sum = PrefixSum.OfGroup(sum, out var total);
            for (var k = 0; k < Digits; k++)
            {
                var count = columns[Group.IdxX * Digits + k];
                columns[Group.IdxX * Digits + k] = sum;
                sum += count;
            }

            Group.Barrier();
            for (var digit = Group.IdxX; digit < Digits; digit += Group.DimX)
            {
                var before = columns[digit * Group.DimX];
                var end = digit == Digits - 1 ? total : columns[(digit + 1) * Group.DimX];
                places[digit] = next[digit] - before;
                next[digit] += end - before;
            }

            Group.Barrier();
            for (var i = first; i < last; i++)
            {
                var digit = (int)(keys[i] >> bit) & mask;
                var place = places[digit] + columns[digit * Group.DimX + Group.IdxX]++;
                sortedKeys[place] = keys[i];
                sortedPayload[place] = payload[i];
            }

            Group.Barrier();
        }
    }
}
