using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Segmentation;

/// <summary>
/// <c>spoco segment --memory</c>: the Mutex Watershed of embeddings or affinities that are larger than memory, from HDF5 to HDF5, block by block. The labels are
/// those of the whole image. Results of blocks are kept in NAME.partial beside the result until that is written.
/// </summary>
internal static class BlockwiseSegmentation
{
    /// <summary>Segments files one by one.</summary>
    /// <param name="files">HDF5 files.</param>
    /// <param name="areEmbeddings">Embeddings (<c>embeddings_f</c>), else affinities (<c>affinities</c>).</param>
    /// <param name="output">Folder, or a file for a single input.</param>
    /// <param name="options">Offsets and margin.</param>
    /// <param name="blockwise">Memory, threads, and what is dropped; the folder and the input are filled in here.</param>
    /// <param name="dimensions">What the embeddings must have; null = any number.</param>
    /// <param name="foreground">A mask, or a folder with one per image; null = every voxel.</param>
    /// <param name="labelName">Dataset of the labels.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="InputException">A file is damaged or does not fit the options.</exception>
    public static void Run(
        IReadOnlyList<string> files, bool areEmbeddings, string output, MutexWatershedOptions options, BlockwiseOptions blockwise, int? dimensions,
        string? foreground, string labelName, CancellationToken cancellation)
    {
        foreach (var file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            if (InputFile.RequireKind(file) != FileKind.Hdf5)
                throw new InputException($"{file}: --memory reads HDF5, of which it can read parts.");
            var path = InputSelection.LabelPath(output, file, files.Count);
            if (InputFile.KindOf(path) != FileKind.Hdf5)
                throw new InputException($"{path}: --memory writes HDF5, part by part.");
            OutputPlan.MakeFolder(path);
            var folder = Path.ChangeExtension(path, ".partial");
            using var held = FolderLock.Hold(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(folder) + ".lock");
            try
            {
                Segment(file, path, folder);
            }
            catch (InsufficientMemoryLimitException e)
            {
                throw MemoryLimit.TooLittle(file, blockwise.Memory, e.NeededBytes, e, folder);
            }
            catch (Exception e) when (e is ArgumentException or InvalidDataException)
            {
                throw new InputException($"{file}: {(e is ArgumentException argument ? ReadFailure.Message(argument) : e.Message)}", e);
            }
            catch (OperationCanceledException)
            {
                Terminal.Note($"{folder} keeps the blocks that are done; the same command goes on from there.");
                throw;
            }
        }

        void Segment(string file, string path, string folder)
        {
            if (!areEmbeddings)
            {
                using var weights = AffinityFile.Open(file, options.Offsets, cancellation);
                if (weights.Note is { } note)
                    Console.Error.WriteLine(note);
                Solve(weights, weights.VoxelSize, file, path, folder);
                return;
            }

            using var embeddings = new EmbeddingParts(file, blockwise.ForegroundThreshold is not null, cancellation);
            if (dimensions is not null && embeddings.Channels != dimensions)
                throw new InputException($"{file}: the embeddings have {embeddings.Channels} dimensions, the model {dimensions}.");
            Solve(embeddings, embeddings.VoxelSize, file, path, folder);
        }

        void Solve(IVolumeReader<float> values, VoxelSize? voxelSize, string file, string path, string folder)
        {
            var maskFile = foreground is null ? null : SemanticMask.PathOf(foreground, InputSelection.Name(file));
            var mask = maskFile is null ? null : ReadMask(maskFile);
            try
            {
                var run = blockwise with { Folder = folder, Input = maskFile is null ? Describe(file) : $"{Describe(file)}, mask {Describe(maskFile)}" };
                SegmentAndWrite(path, labelName, voxelSize, run, shown => areEmbeddings
                    ? BlockwiseMutexWatershed.FromEmbeddings(values, shown, options, mask, cancellation)
                    : BlockwiseMutexWatershed.FromAffinities(values, shown, options, mask, cancellation), cancellation);
            }
            finally
            {
                (mask as IDisposable)?.Dispose();
            }
        }
    }

    /// <summary>Shows how far a segmentation is, writes its labels as HDF5 or TIFF, and deletes what was kept beside them.</summary>
    internal static void SegmentAndWrite(
        string path, string labelName, VoxelSize? voxelSize, BlockwiseOptions run, Func<BlockwiseOptions, BlockwiseLabels> segment, CancellationToken cancellation)
    {
        // The runtime collects when the machine's memory ends, not when --memory does: so after every block and every box.
        using var labels = ProgressDisplay.Run("segmenting", 0, 1, display => segment(run with { Progress = new BlockProgress(display) }));
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        ProgressDisplay.Run("writing", 0, labels.Whole.VoxelCount, display =>
        {
            long done = 0;
            Func<VoxelBox, int[]> read = box =>
            {
                cancellation.ThrowIfCancellationRequested();
                GC.Collect();
                var part = new int[box.VoxelCount];
                labels.Read(box, part);
                display.Report(done += box.VoxelCount, () => $"{InputSelection.Name(path)}: {labels.Segments} segments in {labels.Blocks} blocks");
                return part;
            };
            if (InputFile.KindOf(path) == FileKind.Tiff)
                TiffFile.WriteLabels(path, labels.Whole, voxelSize, labels.Segments, read);
            else
                Hdf5File.WriteLabels(path, labels.Whole, voxelSize, labels.Segments, labelName, read);
            return done;
        });
        labels.Delete();
    }

    // A mask of another format cannot be read in parts; a byte per voxel has to fit.
    internal static IVolumeReader<byte> ReadMask(string path) => InputFile.RequireKind(path) == FileKind.Hdf5
        ? new Hdf5MaskReader(path, "label")
        : new VolumeReader<byte>(SemanticMask.Read(path, "", only: null));

    internal static string Describe(string path)
    {
        var file = new FileInfo(path);
        return string.Create(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}");
    }

    private sealed class BlockProgress(ProgressDisplay display) : IProgress<BlockwiseProgress>
    {
        private int _blocks;

        public void Report(BlockwiseProgress value)
        {
            GC.Collect();
            if (value.Blocks != _blocks)
            {
                display.Expect(value.Done, _blocks = value.Blocks);
                if (value.Done > 0)
                    display.Note($"{value.Done} of {value.Blocks} blocks are there from an earlier run");
            }

            display.Report(value.Done, () => value.Step);
        }
    }
}
