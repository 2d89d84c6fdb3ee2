using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The first of every run of equal keys, to be listed with its key.</summary>
internal struct KeyRuns(ArrayView<ulong> sorted, ArrayView<ulong> keys, ArrayView<int> starts) : ICompaction
{
    private ArrayView<ulong> _sorted = sorted;
    private ArrayView<ulong> _keys = keys;
    private ArrayView<int> _starts = starts;

    /// <inheritdoc/>
    public readonly int Count => _sorted.IntLength;

    /// <inheritdoc/>
    public readonly bool Includes(int row, int i) => i == 0 || _sorted[i] != _sorted[i - 1];

    /// <inheritdoc/>
    public void Keep(int row, int i, int place)
    {
        _keys[place] = _sorted[i];
        _starts[place] = i;
    }
}

/// <summary>
/// One value per segment of a sequence on ILGPU devices. A group takes a segment, its threads every so many values, and a tree joins what they have: the order depends on
/// the lengths and on the device alone, so that sums of floating-point numbers, too, have the same bits every time.
/// </summary>
internal static class SegmentedReduction
{
    private const int MostGroups = 1 << 16;

    /// <summary>results[s] = values[starts[s]] .. values[starts[s + 1] - 1], combined; the last segment ends with the values. One launch.</summary>
    /// <param name="gpu">The device.</param>
    /// <param name="values">Up to 2^31 - 1 values.</param>
    /// <param name="starts">Where the segments start, ascending; a segment may be empty.</param>
    /// <param name="results">Receives a value per segment.</param>
    /// <exception cref="ArgumentException">There is not a result per segment.</exception>
    /// <exception cref="DeviceException">There are more values than a kernel indexes.</exception>
    public static void OfSegments<T, TOperator>(IlgpuDevice gpu, DeviceBuffer<T> values, DeviceBuffer<int> starts, DeviceBuffer<T> results)
        where T : unmanaged where TOperator : unmanaged, IReductionOperator<T>
    {
        if (results.Length != starts.Length)
            throw new ArgumentException($"SegmentedReduction: {starts.Length} segments, {results.Length} results.");
        if (starts.Length > 0)
            Launch<T, TOperator>(gpu, values, starts, default, results);
    }

    /// <summary>One value per run of equal keys, in their order; how many runs there are stays on the device.</summary>
    /// <param name="scratch">Memory.</param>
    /// <param name="sorted">Keys, equal ones together.</param>
    /// <param name="values">A value per key.</param>
    /// <param name="keys">Room for the keys of the runs, as many as there may be.</param>
    /// <param name="results">Room for their values.</param>
    /// <param name="ends">Two elements: receives 0 and the number of runs.</param>
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    /// <exception cref="DeviceException">There are more values than a kernel indexes.</exception>
    public static void ByKey<T, TOperator>(
        DeviceScratch scratch, DeviceBuffer<ulong> sorted, DeviceBuffer<T> values, DeviceBuffer<ulong> keys, DeviceBuffer<T> results, DeviceBuffer<int> ends)
        where T : unmanaged where TOperator : unmanaged, IReductionOperator<T>
    {
        if (values.Length != sorted.Length || keys.Length != sorted.Length || results.Length != sorted.Length || ends.Length != 2)
            throw new ArgumentException(
                $"SegmentedReduction: {sorted.Length} keys, {values.Length} values; room for {keys.Length} keys, {results.Length} values and {ends.Length} ends.");
        var selected = new Selected(scratch, 1, IlgpuDevice.Extent(sorted.Length, nameof(SegmentedReduction)));
        var starts = scratch.Take<int>(sorted.Length);
        var runs = new KeyRuns(sorted.View, keys.View, starts.View);
        Compaction.Select(scratch.Gpu, runs, selected, ends);
        if (sorted.Length > 0)
        {
            Compaction.Keep(scratch.Gpu, runs, selected);
            Launch<T, TOperator>(scratch.Gpu, values, starts, ends, results);
        }

        selected.Release();
        scratch.Return(starts);
    }

    // Without ends there are as many segments as starts.
    private static void Launch<T, TOperator>(
        IlgpuDevice gpu, DeviceBuffer<T> values, DeviceBuffer<int> starts, DeviceBuffer<int> ends, DeviceBuffer<T> results)
        where T : unmanaged where TOperator : unmanaged, IReductionOperator<T>
    {
        IlgpuDevice.Extent(values.Length, nameof(SegmentedReduction));
        gpu.Kernel(static d => d.LoadStreamKernel<ArrayView<T>, ArrayView<int>, ArrayView<int>, ArrayView<T>, TOperator>(Reduce))(
            ((int)Math.Min(starts.Length, MostGroups), GroupSum.Size(gpu)), values.View, starts.View, ends.IsNull ? starts.View.SubView(0, 0) : ends.View,
            results.View, default);
    }

    /// <summary>A group combines the values of a segment, then of one that is as many further as there are groups.</summary>
    public static void Reduce<T, TOperator>(ArrayView<T> values, ArrayView<int> starts, ArrayView<int> ends, ArrayView<T> results, TOperator operation)
        where T : unmanaged where TOperator : unmanaged, IReductionOperator<T>
    {
        var segments = ends.Length == 0 ? starts.IntLength : ends[1];
        for (var segment = (long)Grid.IdxX; segment < segments; segment += Grid.DimX)
        {
            var until = segment + 1 < segments ? starts[segment + 1] : values.Length;
            var result = operation.Identity;
            for (var i = (long)starts[segment] + Group.IdxX; i < until; i += Group.DimX)
                result = operation.Combine(result, values[i]);
            result = GroupReduction.ToFirst(result, operation);
            if (Group.IdxX == 0)
                results[segment] = result;
            Group.Barrier();
        }
    }
}
