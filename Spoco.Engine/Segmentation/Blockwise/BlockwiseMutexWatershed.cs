using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// The <see cref="MutexWatershed"/> of images that exceed the memory, exact: the labels are those of the whole image at once, whatever the blocks. Every
/// block is contracted by what is certain whatever lies outside, and stored; what is left of all blocks is put together and solved. docs/mutex-watershed.md
/// has the proof. Computes on the host. Given segments (seeds) are not supported.
/// </summary>
public static unsafe class BlockwiseMutexWatershed
{
    /// <summary>Tables of the workers take one part in so many of the memory at most.</summary>
    private const int TableShare = 8;

    /// <summary>Segments pixel embeddings, as <see cref="MutexWatershed"/> does.</summary>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="blockwise">Memory, folder, and what becomes of small segments.</param>
    /// <param name="options">Offsets, delta_d, priorities; SPOCO's defaults where null.</param>
    /// <param name="mask">Foreground: voxels that are 0 here get label 0 and no edge.</param>
    /// <param name="cancellation">Stops between steps; finished blocks stay for the next run.</param>
    /// <returns>The labels, to be read box by box.</returns>
    /// <exception cref="ArgumentException">Extents differ, a value is not finite, an option is out of range, or the memory is too small.</exception>
    /// <exception cref="DeviceMemoryException">Not even small blocks fit the memory.</exception>
    public static BlockwiseLabels FromEmbeddings(
        IVolumeReader<float> embeddings, BlockwiseOptions blockwise, MutexWatershedOptions? options = null, IVolumeReader<byte>? mask = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(blockwise);
        return Segment(new BlockInput(embeddings, mask, true, false, options ?? new MutexWatershedOptions(), blockwise), blockwise, cancellation);
    }

    /// <summary>
    /// Segments given edge weights: 0 = attractive (same object), 1 = repulsive (different objects), in every channel. That they are within that
    /// range is left to the reader.
    /// </summary>
    /// <param name="weights">[D, H, W, C], one channel per offset: the weight of edge (i, i + offset) at voxel i.</param>
    /// <param name="blockwise">Memory, folder, and what becomes of small segments.</param>
    /// <param name="options">Offsets, priorities, strides; SPOCO's defaults where null.</param>
    /// <param name="mask">Foreground: voxels that are 0 here get label 0 and no edge.</param>
    /// <param name="cancellation">Stops between steps; finished blocks stay for the next run.</param>
    /// <returns>The labels, to be read box by box.</returns>
    /// <exception cref="ArgumentException">Extents differ, a value is not finite, an option is out of range, or the memory is too small.</exception>
    /// <exception cref="DeviceMemoryException">Not even small blocks fit the memory.</exception>
    public static BlockwiseLabels FromAffinities(
        IVolumeReader<float> weights, BlockwiseOptions blockwise, MutexWatershedOptions? options = null, IVolumeReader<byte>? mask = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(blockwise);
        return Segment(new BlockInput(weights, mask, false, false, options ?? new MutexWatershedOptions(), blockwise), blockwise, cancellation);
    }

    /// <summary>Segments given priorities: larger = earlier, for attractive and repulsive edges alike.</summary>
    /// <param name="priorities">[D, H, W, C], one channel per offset.</param>
    /// <param name="blockwise">Memory, folder, and what becomes of small segments.</param>
    /// <param name="options">Offsets and strides; the reference and the bias do not apply.</param>
    /// <param name="mask">Foreground: voxels that are 0 here get label 0 and no edge.</param>
    /// <param name="cancellation">Stops between steps; finished blocks stay for the next run.</param>
    /// <returns>The labels, to be read box by box.</returns>
    /// <exception cref="ArgumentException">Extents differ, a value is not finite, an option is out of range, or the memory is too small.</exception>
    /// <exception cref="DeviceMemoryException">Not even small blocks fit the memory.</exception>
    public static BlockwiseLabels FromPriorities(
        IVolumeReader<float> priorities, BlockwiseOptions blockwise, MutexWatershedOptions? options = null, IVolumeReader<byte>? mask = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(priorities);
        ArgumentNullException.ThrowIfNull(blockwise);
        return Segment(new BlockInput(priorities, mask, false, true, options ?? new MutexWatershedOptions(), blockwise), blockwise, cancellation);
    }

    private static BlockwiseLabels Segment(BlockInput input, BlockwiseOptions options, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Folder);
        if (options.SizeFloor < 0)
            throw new ArgumentException($"BlockwiseMutexWatershed: the size floor must not be negative, got {options.SizeFloor}.");
        if (!(options.MergeDistance >= 0))
            throw new ArgumentException($"BlockwiseMutexWatershed: the distance must not be negative, got {options.MergeDistance}.");
        var (layout, folder, segments, starts) = Solve(input, options, cancellation);
        Report("blocks merged");
        var (labels, mean) = AfterBlocks(options, memory =>
            new BlockSegments(layout, folder, segments, starts).Number(options.Joining, input.KeptDimensions, memory, Report, cancellation));
        Report($"{labels} segments");
        return new BlockwiseLabels(layout, folder, segments, starts, labels, options.ForegroundThreshold) { MeanOfLargest = mean };

        void Report(string step) => options.Progress?.Report(new BlockwiseProgress(layout.Count, layout.Count, step));
    }

    // With the device goes its memory: the segments have that of the blocks.
    private static (BlockLayout Layout, BlockFolder Folder, int[] Segments, int[] Starts) Solve(
        BlockInput input, BlockwiseOptions options, CancellationToken cancellation)
    {
        using var host = OpenHost(options.Threads, options.Memory);
        host.Workers.Runner = options.Runner;
        host.Pool.IsExhausted = options.IsExhausted;
        var (layout, folder) = ContractAll(host, input, options, cancellation);
        input.Trim();
        host.Pool.Trim();
        var (segments, starts) = AfterBlocks(options, memory =>
        {
            host.Pool.Limit = memory;
            return BlockMerging.Merge(host, layout, folder, options, memory, cancellation);
        });
        return (layout, folder, segments, starts);
    }

    // What comes after the blocks may have more memory than these. What is asked for is always memory for blocks.
    private static T AfterBlocks<T>(BlockwiseOptions options, Func<long, T> compute)
    {
        var memory = options.MergingMemory ?? options.Memory;
        try
        {
            return compute(memory);
        }
        catch (InsufficientMemoryLimitException e)
        {
            throw new InsufficientMemoryLimitException(e.Message, (long)Math.Ceiling(e.NeededBytes * ((double)options.Memory / memory)));
        }
    }

    // Each worker has tables of its own. Where many of them would leave little memory for the blocks, fewer work: the labels are the same.
    private static HostDevice OpenHost(int? threads, long memory)
    {
        var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads, MemoryLimit = memory });
        var most = (int)Math.Clamp(memory / TableShare / PairGatherer.LeastBytes, 1, int.MaxValue);
        if (host.Workers.Workers <= most)
            return host;
        host.Dispose();
        return OpenHost(most, memory);
    }

    private static (BlockLayout Layout, BlockFolder Folder) ContractAll(
        HostDevice host, BlockInput input, BlockwiseOptions options, CancellationToken cancellation)
    {
        var identity = $"{input.Identity}, {options.Input}";
        for (var memory = options.Memory; ; memory -= memory / 4)
        {
            var layout = options.BlockExtents is { } extents ? new BlockLayout(input.Whole, input.Offsets, input.Attractive, extents)
                : Earlier(input, BlockFolder.ExtentsOf(options.Folder, identity), memory)
                ?? BlockLayout.Choose(input.Whole, input.Offsets, input.Attractive, input.Bytes, memory);
            var folder = BlockFolder.Open(options.Folder, identity, layout.Extents);
            try
            {
                ContractAll(host, input, layout, folder, options, cancellation);
                return (layout, folder);
            }
            catch (DeviceMemoryException) when (options.BlockExtents is null && CanShrink(input, memory - memory / 4))
            {
                // Where there is nothing but noise little is certain, and what is left of a block is larger than foreseen: smaller blocks.
                folder.Delete();
            }
        }
    }

    // Blocks of an earlier run are of use wherever the memory has room for them; they may be smaller than it would make them.
    private static BlockLayout? Earlier(BlockInput input, (int Z, int Y, int X)? extents, long memory) =>
        extents is { } e && e.Z <= input.Whole.Depth && e.Y <= input.Whole.Height && e.X <= input.Whole.Width
        && new BlockLayout(input.Whole, input.Offsets, input.Attractive, e) is var layout && layout.Fits(input.Bytes, memory) ? layout : null;

    private static bool CanShrink(BlockInput input, long memory)
    {
        try
        {
            BlockLayout.Choose(input.Whole, input.Offsets, input.Attractive, input.Bytes, memory);
            return true;
        }
        catch (InsufficientMemoryLimitException)
        {
            return false;
        }
    }

    private static void ContractAll(
        HostDevice host, BlockInput input, BlockLayout layout, BlockFolder folder, BlockwiseOptions options, CancellationToken cancellation)
    {
        var missing = Enumerable.Range(0, layout.Count).Where(b => !BlockFile.IsSound(folder.PathOf(b), b, layout.Box(b))).ToArray();
        var done = layout.Count - missing.Length;
        options.Progress?.Report(new BlockwiseProgress(done, layout.Count, "start"));
        if (missing.Length == 0)
            return;
        var reference = input.NeedsMaximum ? Maximum(host, input, layout, cancellation) : 1;
        foreach (var block in missing)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scratch = new HostScratch(host, "BlockwiseMutexWatershed");
            var box = layout.Box(block);
            var values = input.Read(scratch, layout, box, reference);
            cancellation.ThrowIfCancellationRequested();
            var result = BlockResult.Contract(scratch, layout, block, values, input.Grid(box), ReadClusters, cancellation);
            BlockFile.Write(folder.PathOf(block), block, result);
            options.Progress?.Report(new BlockwiseProgress(++done, layout.Count, $"{result.Voxels} voxels, {result.Clusters} clusters, {result.EdgeCount} edges"));
        }

        int ReadClusters(int block, VoxelBox box, nint clusters)
        {
            var whole = layout.Box(block);
            using var file = BlockFile.Open(folder.PathOf(block), block, whole);
            for (var row = 0; row < box.Depth * box.Height; row++)
            {
                var (z, y) = (box.Z + row / box.Height - whole.Z, box.Y + row % box.Height - whole.Y);
                file.ReadMap(((long)z * whole.Height + y) * whole.Width + box.X - whole.X, new Span<int>((int*)clusters + (long)row * box.Width, box.Width));
            }

            return file.OpenClusters;
        }
    }

    // The largest weight of an attractive edge of the whole image; 1 where there is none.
    private static float Maximum(HostDevice host, BlockInput input, BlockLayout layout, CancellationToken cancellation)
    {
        var maximum = float.NegativeInfinity;
        for (var block = 0; block < layout.Count; block++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scratch = new HostScratch(host, "BlockwiseMutexWatershed");
            var values = input.Read(scratch, layout, layout.Box(block), null);
            for (var i = 0L; i < input.Attractive * layout.Box(block).VoxelCount; i++)
                maximum = values.Priorities[i] > maximum ? values.Priorities[i] : maximum;
            for (var e = 0; e < values.CrossingCount; e++)
                maximum = Math.Max(maximum, EdgeKey.Priority((ulong)values.Crossing[e].Priority << 32));
        }

        return float.IsNegativeInfinity(maximum) ? 1 : maximum;
    }
}
