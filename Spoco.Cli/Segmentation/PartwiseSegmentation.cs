using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Segmentation;

/// <summary>
/// <c>spoco segment --input</c> for images whose segmentation needs more memory than there is to be: embeddings and affinities are predicted part by part where
/// the block-wise Mutex Watershed reads them, and never stored. The labels are those of the image at once.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="options">What becomes of its embeddings.</param>
/// <param name="orientations">Views to average over.</param>
/// <param name="foreground">Which pixels belong to objects.</param>
/// <param name="memory">What <c>--memory</c> says; null = half of what the machine has.</param>
internal sealed class PartwiseSegmentation(
    SpocoModel model, InstanceSegmentationOptions options, int orientations, ForegroundRequest foreground, long? memory)
{
    /// <summary>The images' dataset in HDF5.</summary>
    public required string RawName { get; init; }

    /// <summary>The labels' dataset in HDF5.</summary>
    public required string LabelName { get; init; }

    /// <summary>The model's file.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Whether the network sees images resized.</summary>
    public required bool IsResized { get; init; }

    /// <summary>Threads of the solver.</summary>
    public required int? Threads { get; init; }

    private long Limit => memory ?? MemoryLimit.Default;

    /// <summary>Whether an image is to be segmented by parts.</summary>
    /// <exception cref="InputException">It needs too much memory at once, and the options need it at once.</exception>
    public bool Takes(string file)
    {
        var header = ImageHeader.Read(file, RawName);
        var need = AtOnce(header);
        if (need <= Limit)
            return false;
        if (Obstacle() is not { } obstacle)
            return true;
        if (memory is null && need <= MemoryLimit.Machine)
            return false;
        throw new InputException($"{file}: segmenting it at once needs about {MemoryLimit.Gibibytes(need)} GiB, "
            + (memory is null ? $"the machine has {MemoryLimit.Gibibytes(MemoryLimit.Machine)}" : $"--memory is {MemoryLimit.Gibibytes(Limit)}") + $"; part by part, {obstacle}.");
    }

    /// <summary>Segments an image.</summary>
    /// <param name="file">The image.</param>
    /// <param name="path">Where its labels go; the extension is added where there is none, that of the image or, for PNG, <c>.tif</c>.</param>
    /// <param name="cancellation">Stops between steps; what is done stays beside the labels.</param>
    /// <exception cref="InputException">The file is damaged or does not fit the model, or the memory is too small.</exception>
    public void Segment(string file, string path, CancellationToken cancellation)
    {
        if (InputFile.KindOf(path) is null)
            path += InputFile.KindOf(file) == FileKind.Hdf5 ? ".h5" : ".tif";
        if (InputFile.KindOf(path) == FileKind.Png)
            throw new InputException($"{path}: labels of large images are written as HDF5 or TIFF, part by part.");
        OutputPlan.MakeFolder(path);
        var folder = Path.ChangeExtension(path, ".partial");
        using var held = FolderLock.Hold(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(folder) + ".lock");
        var header = ImageHeader.Read(file, RawName);
        var (room, left) = MemoryLimit.Beside(file, header, Limit);
        try
        {
            using var image = ImageParts.Open(file, header, RawName, room, model.Options.Normalisation, cancellation);
            var maskFile = ForegroundChoice.IsMask(foreground.Source) ? SemanticMask.PathOf(foreground.Source, InputSelection.Name(file)) : null;
            var mask = foreground.Source == ForegroundChoice.Otsu ? new OtsuMask(image, cancellation) : maskFile is null ? null : BlockwiseSegmentation.ReadMask(maskFile);
            using var closing = mask as IDisposable;
            var run = new BlockwiseOptions
            {
                Folder = folder, Memory = left, Threads = Threads, ForegroundThreshold = foreground.IsLearned ? foreground.Threshold : null,
                Input = $"{BlockwiseSegmentation.Describe(file)}, {RawName}, model {BlockwiseSegmentation.Describe(Checkpoint)}, {orientations} views, {foreground.Source}"
                    + (maskFile is null ? "" : $", mask {BlockwiseSegmentation.Describe(maskFile)}"),
            };
            BlockwiseSegmentation.SegmentAndWrite(path, LabelName, image.VoxelSize, run, shown => TiledSegmentation.Segment(
                model, image, shown, options, orientations, mask, foreground.Source == ForegroundChoice.Embedding, cancellation), cancellation);
        }
        catch (InsufficientMemoryLimitException e)
        {
            throw MemoryLimit.TooLittle(file, Limit, MemoryLimit.Enough(e.NeededBytes, bytes => ImageParts.Bytes(file, header, bytes)), e, folder);
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException)
        {
            throw new InputException($"{file}: {e.Message}", e);
        }
        catch (OperationCanceledException)
        {
            Terminal.Note($"{folder} keeps the blocks that are done; the same command goes on from there.");
            throw;
        }
    }

    /// <summary>
    /// About how many bytes the segmentation of an image at once takes: the program, the image as stored, normalised and as the views show it, the prediction, embeddings and
    /// affinities, and the edges and tables of what divides the pixels.
    /// </summary>
    private long AtOnce(ImageHeader header)
    {
        // What is too small for the network is said when it is predicted.
        var least = model.Options.Network.MinimumSize;
        if (header.Voxels > int.MaxValue)
            return long.MaxValue;
        var (offsets, attractive) = options.Watershed.Resolve((int)Math.Max(1, header.Depth));
        long d = model.Options.EmbeddingDimensions;
        // The images of the views may not have been collected when the last one is done.
        var views = 4 * d + 8 + (orientations == 1 ? 0 : 4L * offsets.Count + 4L * orientations * header.Channels);
        // Other clusterings copy the embeddings, and those of g, into trees of points; edges and hierarchies lie beside them.
        var solver = options.Clustering is null ? 4L * offsets.Count + Math.Max(24L * attractive + 40, 96) : 16 * d + 256;
        return MemoryLimit.Program + header.Voxels * (8L * header.Channels + views + solver)
            + model.PredictionBytes(Math.Max((int)header.Depth, least.D), Math.Max(header.Height, least.H), Math.Max(header.Width, least.W));
    }

    /// <summary>What the options need the whole image for; null = nothing.</summary>
    private string? Obstacle()
    {
        if (options.Clustering is not null)
            return "there is mws alone (--clustering)";
        if (options.Fill)
            return "holes cannot be filled (--fill)";
        if (IsResized)
            return "images that the network sees resized cannot be read";
        return foreground.Source != ForegroundChoice.None && foreground.Only is not null ? "a mask has no classes; see --class" : null;
    }
}
