using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// sums[i] = values[0] + .. + values[i - 1], of 32-bit integers on ILGPU devices, in at most three launches: one group adds each tile, one group turns the sums of
/// tiles into those of all tiles before, one group per tile adds up from there (Blelloch, Prefix Sums and Their Applications, 1990, section 1.4). No group waits for
/// another, as a device need not run them at once: there is no look-back. Integer sums do not depend on their order.
/// </summary>
internal static class PrefixSum
{
    /// <summary>Elements of a tile, on every device.</summary>
    public const int Tile = 1 << TileBits;

    /// <summary>Binary logarithm of <see cref="Tile"/>.</summary>
    public const int TileBits = 11;

    /// <summary>Neighbouring elements that one thread takes at a time.</summary>
    public const int Run = 1 << RunBits;

    /// <summary>Binary logarithm of <see cref="Run"/>.</summary>
    public const int RunBits = 3;

    /// <summary>Tiles of so many elements; one for none.</summary>
    public static int Tiles(long length) => (int)Math.Max(1, (length + Tile - 1) / Tile);

    /// <summary>Sums of all elements before each.</summary>
    /// <param name="scratch">Memory for the sums of tiles.</param>
    /// <param name="values">Up to 2^31 - 1 values whose sums, too, are of 32 bits.</param>
    /// <param name="sums">Receives a sum per value; may be <paramref name="values"/>.</param>
    /// <param name="ends">Two elements: receives 0 and the sum of all. They stay on the device.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    /// <exception cref="DeviceException">There are more values than a kernel indexes.</exception>
    public static void Exclusive(DeviceScratch scratch, DeviceBuffer<int> values, DeviceBuffer<int> sums, DeviceBuffer<int> ends)
    {
        if (sums.Length != values.Length || ends.Length != 2)
            throw new ArgumentException($"PrefixSum: {values.Length} values have as many sums, not {sums.Length}, and two ends, not {ends.Length}.");
        var count = IlgpuDevice.Extent(values.Length, nameof(PrefixSum));
        if (count <= Tile)
        {
            OfOneGroup(scratch.Gpu, values, sums, count, ends);
            return;
        }

        var tiles = scratch.Take<int>(Tiles(count));
        KernelConfig groups = (Tiles(count), GroupSum.Size(scratch.Gpu));
        scratch.Gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(AddTiles))(groups, values.View, tiles.View);
        OfOneGroup(scratch.Gpu, tiles, tiles, (int)tiles.Length, ends);
        scratch.Gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<int>, ArrayView<int>, ArrayView<int>>(ScanTiles))(
            groups, values.View, tiles.View, sums.View);
        scratch.Return(tiles);
    }

    /// <summary>Sums by one group, however many values there are.</summary>
    /// <param name="gpu">The device.</param>
    /// <param name="values">The values.</param>
    /// <param name="sums">Receives a sum per value; may be <paramref name="values"/>.</param>
    /// <param name="row">Values of a row.</param>
    /// <param name="ends">Receives the sum before each row, then that of all.</param>
    public static void OfOneGroup(IlgpuDevice gpu, DeviceBuffer<int> values, DeviceBuffer<int> sums, int row, DeviceBuffer<int> ends) =>
        gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<int>, ArrayView<int>, int, ArrayView<int>>(ScanByOneGroup))(
            (1, GroupSum.Size(gpu)), values.View, sums.View, Math.Max(1, row), ends.View);

    /// <summary>
    /// Called by every thread of a group, equally often: the sum of the values of the threads before, and that of all (Hillis and Steele, Data Parallel Algorithms,
    /// 1986). Steps read one half of the shared memory and write the other, with a barrier between two steps, and one at the end, for the next use.
    /// </summary>
    public static int OfGroup(int value, out int total)
    {
        var shared = SharedMemory.Allocate1D<int>(2 * GroupSum.MaximalSize);
        var from = 0;
        var sum = value;
        shared[Group.IdxX] = sum;
        Group.Barrier();
        for (var reach = 1; reach < Group.DimX; reach *= 2)
        {
            if (Group.IdxX >= reach)
                sum += shared[from + Group.IdxX - reach];
            from = GroupSum.MaximalSize - from;
            shared[from + Group.IdxX] = sum;
            Group.Barrier();
        }

        total = shared[from + Group.DimX - 1];
        Group.Barrier();
        return sum - value;
    }

    /// <summary>A group adds the values of a tile.</summary>
    public static void AddTiles(ArrayView<int> values, ArrayView<int> tiles)
    {
        var first = (long)Grid.IdxX * Tile;
        var until = IntrinsicMath.Min(first + Tile, values.Length);
        var sum = 0;
        for (var i = first + Group.IdxX; i < until; i += Group.DimX)
            sum += values[i];
        OfGroup(sum, out var total);
        if (Group.IdxX == 0)
            tiles[Grid.IdxX] = total;
    }

    /// <summary>A group goes through all values, turn by turn.</summary>
    public static void ScanByOneGroup(ArrayView<int> values, ArrayView<int> sums, int row, ArrayView<int> ends)
    {
        var before = 0;
        for (var turn = 0L; turn < values.Length; turn += (long)Group.DimX * Run)
        {
            var first = turn + (long)Group.IdxX * Run;
            var sum = before + OfGroup(SumOfRun(values, first, values.Length), out var total);
            for (var i = first; i < first + Run && i < values.Length; i++)
            {
                var value = values[i];
                if (i % row == 0)
                    ends[i / row] = sum;
                sums[i] = sum;
                sum += value;
            }

            before += total;
        }

        if (Group.IdxX != 0)
            return;
        if (values.Length == 0)
            ends[0] = 0;
        ends[ends.Length - 1] = before;
    }

    /// <summary>A group turns the values of a tile into sums.</summary>
    public static void ScanTiles(ArrayView<int> values, ArrayView<int> tiles, ArrayView<int> sums)
    {
        var tile = (long)Grid.IdxX * Tile;
        var until = IntrinsicMath.Min(tile + Tile, values.Length);
        var before = tiles[Grid.IdxX];
        for (var turn = tile; turn < until; turn += Group.DimX * Run)
        {
            var first = turn + Group.IdxX * Run;
            var sum = before + OfGroup(SumOfRun(values, first, until), out var total);
            for (var i = first; i < first + Run && i < until; i++)
            {
                var value = values[i];
                sums[i] = sum;
                sum += value;
            }

            before += total;
        }
    }

    private static int SumOfRun(ArrayView<int> values, long first, long until)
    {
        var sum = 0;
        for (var i = first; i < first + Run && i < until; i++)
            sum += values[i];
        return sum;
    }
}
