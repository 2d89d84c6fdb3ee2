using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// The <see cref="MutexWatershed"/> of images that exceed the memory, exact: the labels are those of the whole image at once, whatever the blocks. Every
/// block is contracted by what is certain whatever lies outside, and stored; what is left of all blocks is put together and solved. docs/mutex-watershed.md
/// has the proof. Computes on the host. Given segments (seeds) are not supported.
/// </summary>
public static class BlockwiseMutexWatershed
{
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
        var (files, segments, starts) = Solve(input, options, cancellation);
        var blocks = files.Layout.Count;
        Report("blocks merged");
        var (labels, mean) = AfterBlocks(options, memory =>
            new BlockSegments(files, segments, starts).Number(options.Joining, input.KeptDimensions, memory, Report, cancellation));
        Report($"{labels} segments");
        return new BlockwiseLabels(files, segments, starts, labels, options.ForegroundThreshold) { MeanOfLargest = mean };

        void Report(string step) => options.Progress?.Report(new BlockwiseProgress(blocks, blocks, step));
    }

    // With the device goes its memory: the segments have that of the blocks.
    private static (BlockFiles Files, int[] Segments, int[] Starts) Solve(BlockInput input, BlockwiseOptions options, CancellationToken cancellation)
    {
        using var host = OpenHost(options.Threads, options.Memory);
        host.Workers.Runner = options.Runner;
        host.Pool.IsExhausted = options.IsExhausted;
        var files = ContractAll(host, input, options, cancellation);
        input.Trim();
        host.Pool.Trim();
        var (segments, starts) = AfterBlocks(options, memory =>
        {
            host.Pool.Limit = memory;
            return BlockMerging.Merge(host, files.Layout, files, options.MergedEdges, memory, out var shortage, cancellation) ?? throw new InsufficientMemoryLimitException(
                $"BlockwiseMutexWatershed: merging needs room for {shortage.Edges} edges, the memory has it for {shortage.Capacity}; {Mebibytes(shortage.NeededBytes) + 1} MiB are enough. "
                + "The blocks that are done stay for the next run.", shortage.NeededBytes);
        });
        return (files, segments, starts);
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
        var host = HostDevice.Open(new ComputeDeviceOptions { Threads = threads, MemoryLimit = memory });
        var most = MutexBlockHost.MostWorkers(memory);
        if (host.Workers.Workers <= most)
            return host;
        host.Dispose();
        return OpenHost(most, memory);
    }

    private static BlockFiles ContractAll(HostDevice host, BlockInput input, BlockwiseOptions options, CancellationToken cancellation)
    {
        var identity = $"{input.Identity}, {options.Input}";
        for (var memory = options.Memory; ; memory -= memory / 4)
        {
            var layout = options.BlockExtents is { } extents ? input.Layout(extents)
                : Earlier(input, BlockFolder.ExtentsOf(options.Folder, identity), memory) ?? input.ChooseLayout(memory) ?? throw TooLittle(input, memory);
            var files = new BlockFiles(layout, BlockFolder.Open(options.Folder, identity, layout.Extents));
            try
            {
                ContractAll(host, input, files, options, cancellation);
                return files;
            }
            catch (DeviceMemoryException) when (options.BlockExtents is null && input.ChooseLayout(memory - memory / 4) is not null)
            {
                // Where there is nothing but noise little is certain, and what is left of a block is larger than foreseen: smaller blocks.
                files.Delete();
            }
        }
    }

    private static InsufficientMemoryLimitException TooLittle(BlockInput input, long memory)
    {
        var (least, bytes) = input.LeastMemory;
        return new InsufficientMemoryLimitException($"BlockwiseMutexWatershed: {Mebibytes(memory)} MiB are too little memory; blocks of [{least.Z}, {least.Y}, "
            + $"{least.X}] voxels need {Mebibytes(bytes) + 1} MiB.", bytes);
    }

    // Blocks of an earlier run are of use wherever the memory has room for them; they may be smaller than it would make them.
    private static BlockLayout? Earlier(BlockInput input, (int Z, int Y, int X)? extents, long memory) =>
        extents is { } e && e.Z <= input.Whole.Depth && e.Y <= input.Whole.Height && e.X <= input.Whole.Width
        && input.Layout(e) is var layout && layout.Fits(input.Bytes, memory) ? layout : null;

    private static void ContractAll(HostDevice host, BlockInput input, BlockFiles files, BlockwiseOptions options, CancellationToken cancellation)
    {
        var (layout, missing) = (files.Layout, files.Missing());
        var done = layout.Count - missing.Length;
        options.Progress?.Report(new BlockwiseProgress(done, layout.Count, "start"));
        if (missing.Length == 0)
            return;
        float? largest = input.NeedsMaximum ? Maximum(host, input, layout, cancellation) : null;
        foreach (var block in missing)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scratch = new HostScratch(host, "BlockwiseMutexWatershed");
            var box = layout.Box(block);
            var values = input.Read(scratch, layout, box, largest);
            cancellation.ThrowIfCancellationRequested();
            var result = BlockResult.Contract(scratch, layout, block, values, input.Grid(box), files, cancellation);
            files.Write(block, result);
            options.Progress?.Report(new BlockwiseProgress(++done, layout.Count, $"{result.Voxels} voxels, {result.Clusters} clusters, {result.EdgeCount} edges"));
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
            maximum = Math.Max(maximum, input.Read(scratch, layout, layout.Box(block), null).Largest());
        }

        return float.IsNegativeInfinity(maximum) ? 1 : maximum;
    }

    private static long Mebibytes(long bytes) => bytes >> 20;
}
