using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Segmentation;

/// <summary><c>spoco segment</c>: images by a model, embeddings or affinities that were computed before, at once or block by block.</summary>
/// <param name="asked">What was asked for.</param>
internal sealed class SegmentRun(SegmentRequest asked)
{
    /// <summary>Segments everything.</summary>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="InputException">What was asked for contradicts itself, or a file is damaged or does not fit.</exception>
    public void Run(CancellationToken cancellation)
    {
        if (asked.MergeDistance is < 0)
            throw new InputException($"--merge-distance: must not be negative, got {asked.MergeDistance}.");
        asked.Clustering.Require(asked.Clustering.Name);
        if (asked.Memory is { } limit && asked.Input.Length == 0)
            OfStoredParts(limit, cancellation);
        else if (asked.Affinities.Length > 0)
            OfAffinities(cancellation);
        else
            OfModel(cancellation);
    }

    private void OfModel(CancellationToken cancellation)
    {
        if (asked.Offsets is not null)
            throw new InputException("--offsets: belongs to --affinities; a model's own edges are those it was trained for.");
        var checkpoint = InputSelection.Model(asked.Model
            ?? throw new InputException("--model: is needed to segment images or embeddings (--affinities needs none, nor do --embeddings with --memory)."));
        var fromEmbeddings = asked.Embeddings.Length > 0;
        if (fromEmbeddings == asked.Input.Length > 0)
            throw new InputException("--input: give either images (--input) or embeddings (--embeddings).");
        var named = fromEmbeddings ? asked.Embeddings : asked.Input;
        var files = InputSelection.Files(named);
        RequireFreeOutputs(files, named, checkpoint, pictures: true);
        using var device = asked.OpenDevice();
        using var net = Checkpoint.Load(checkpoint, device);
        if (!fromEmbeddings)
            PrecisionWords.Apply(net, asked.Precision);
        var segmenter = new ModelSegmentation(net, StoredSettings.Of(checkpoint), asked, checkpoint);
        var parts = fromEmbeddings ? null : segmenter.Partwise();
        Terminal.Note(ForegroundChoice.InWords(segmenter.Foreground.Source, asked: asked.Foreground is not null, net.Options, segmenter.Foreground.Threshold));
        if (!asked.Clustering.IsMutexWatershed)
            Terminal.Note($"clustering: {asked.Clustering.InWords(asked.Clustering.Name, net.Options)}");

        // Each shows how far it is by itself.
        var large = parts is null ? [] : files.Where(parts.Takes).ToList();
        OutputPlan.Check(files.Concat(asked.Input), PlannedResults.OfLargeImages(large, asked.Output, files.Count, asked.LabelName), asked.Overwrite);
        foreach (var file in large)
            parts!.Segment(file, InputSelection.LargeLabelPath(asked.Output, file, files.Count), cancellation);
        IReadOnlyList<string> ordered = [.. large, .. files.Except(large)];
        ProgressDisplay.Run("segmenting", large.Count, ordered.Count, display =>
        {
            for (var i = large.Count; i < ordered.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (labels, picture) = segmenter.Segment(ordered[i], cancellation);
                var written = Write(ordered[i], labels, picture, ordered.Count);
                display.Report(i + 1, () => $"{InputSelection.Name(written)}: {labels.Data.Max()} objects");
            }

            return ordered.Count;
        });
        Terminal.Result($"{ordered.Count} images: {asked.Output}");
    }

    /// <summary>Writes the labels of an image and shows them over it.</summary>
    /// <returns>The file of the labels.</returns>
    private string Write(string file, Volume<int> labels, Picture picture, int files)
    {
        var stem = InputSelection.Stem(asked.Output, file, files);
        OutputPlan.MakeFolder(stem);
        var written = OutputFile.WriteLabels(InputSelection.LabelPath(asked.Output, file, files), labels, file, asked.LabelName);
        Overlay.Filled(picture, labels).WritePng($"{stem}{ByProduct.Overlay}.png");
        return written;
    }

    /// <summary>Embeddings or affinities in HDF5, block by block.</summary>
    private void OfStoredParts(long limit, CancellationToken cancellation)
    {
        var fromAffinities = asked.Affinities.Length > 0;
        if (fromAffinities)
            RefuseWithAffinities();
        else if (asked.Embeddings.Length == 0 || asked.Input.Length > 0)
            throw new InputException("--memory: goes with --input, --affinities or --embeddings.");
        else if (asked.Offsets is not null && asked.Model is not null)
            throw new InputException("--offsets: a model's own edges are those it was trained for.");
        if (!asked.Clustering.IsMutexWatershed)
            throw new InputException($"--clustering: {asked.Clustering.Name} needs the whole image at once, blocks are for mws alone; leave out --memory.");
        if (asked.Fill)
            throw new InputException("--fill: needs the whole image at once; leave out --memory.");
        if (asked.Device is not (null or "cpu" or "auto"))
            throw new InputException($"--memory: blocks are computed on the cpu, not on {asked.Device}.");
        var model = asked.Model is { } path ? OptionsOf(InputSelection.Model(path)) : null;
        var source = asked.Foreground ?? (model is null || fromAffinities ? ForegroundChoice.None : ForegroundChoice.Default(model));
        if (asked.Orientations is > 1)
            throw new InputException("--orientations: belongs to --input.");
        if (source is ForegroundChoice.Embedding or ForegroundChoice.Otsu || (fromAffinities && source == ForegroundChoice.Learned))
            throw new InputException($"--foreground: with --memory and what was computed before it is {(fromAffinities ? "" : "learned, ")}none or a mask, not {source}.");
        if (ForegroundChoice.IsMask(source) && !File.Exists(source) && !Directory.Exists(source))
            throw new InputException($"--foreground: expected none or a mask; there is no file {source}.");
        if (asked.Class is not null)
            throw new InputException("--class: belongs to masks of Cityscapes, which are small; leave out --memory.");
        var watershed = model?.Segmentation.Watershed ?? new MutexWatershedOptions();
        if (asked.Offsets is { } text)
            watershed = watershed with { Offsets = AffinitySegmentation.ParseOffsets(text) };
        var named = fromAffinities ? asked.Affinities : asked.Embeddings;
        var files = InputSelection.Files(named);
        RequireFreeOutputs(files, named, asked.Model is { } read ? InputSelection.Model(read) : null, pictures: false);
        var blockwise = new BlockwiseOptions
        {
            Folder = "", Memory = limit, SizeFloor = asked.SizeFloor ?? model?.SizeFloor ?? 0, MergeFragments = !fromAffinities && !asked.RemoveFragments,
            MergeDistance = asked.MergeDistance ?? model?.Segmentation.MergeDistance ?? 0, RemoveLargest = asked.RemoveLargest,
            ForegroundThreshold = source == ForegroundChoice.Learned ? asked.Threshold ?? (model ?? new SpocoModelOptions()).ForegroundThreshold : null,
            Threads = asked.Threads,
        };
        BlockwiseSegmentation.Run(
            files, !fromAffinities, asked.Output, watershed, blockwise, model?.EmbeddingDimensions, ForegroundChoice.IsMask(source) ? source : null, asked.LabelName, cancellation);
        Terminal.Result($"{files.Count} files: {asked.Output}");
    }

    /// <summary>What a model is; one with damaged arrays is refused, though they are not needed.</summary>
    private static SpocoModelOptions OptionsOf(string checkpoint)
    {
        using var host = ComputeDevice.Open("cpu");
        using var model = Checkpoint.Load(checkpoint, host);
        return model.Options;
    }

    private void OfAffinities(CancellationToken cancellation)
    {
        RefuseWithAffinities();
        var mask = asked.Foreground ?? ForegroundChoice.None;
        if (mask is ForegroundChoice.Learned or ForegroundChoice.Embedding or ForegroundChoice.Otsu)
            throw new InputException($"--foreground: affinities go with none or a mask, not with {mask}.");
        var files = InputSelection.Files(asked.Affinities);
        RequireFreeOutputs(files, asked.Affinities, read: null, pictures: false);
        using var device = asked.OpenDevice();
        AffinitySegmentation.Run(files, asked.Output,
            new MutexWatershedOptions { Offsets = asked.Offsets is { } text ? AffinitySegmentation.ParseOffsets(text) : null },
            asked.SizeFloor ?? 0, asked.RemoveLargest,
            (file, image) => mask == ForegroundChoice.None ? null : ForegroundChoice.ReadMask(mask, file, only: null, stored: null, image),
            asked.LabelName, device, cancellation);
        Terminal.Result($"{asked.Affinities.Length} files: {asked.Output}");
    }

    private void RequireFreeOutputs(IReadOnlyList<string> files, string[] named, string? read, bool pictures)
    {
        var inputs = files.Concat(named).Concat(PlannedResults.Masks(asked.Foreground, files));
        OutputPlan.Check(
            read is null ? inputs : inputs.Append(read), PlannedResults.OfSegmentation(files, asked.Output, asked.LabelName, pictures), asked.Overwrite);
    }

    private void RefuseWithAffinities()
    {
        foreach (var (name, given) in new (string, bool)[]
        {
            ("--model", asked.Model is not null), ("--input", asked.Input.Length > 0), ("--embeddings", asked.Embeddings.Length > 0),
            ("--orientations", asked.Orientations is not null), ("--merge-distance", asked.MergeDistance is not null),
            ("--clustering", !asked.Clustering.IsMutexWatershed), ("--fill", asked.Fill),
        })
        {
            if (given)
                throw new InputException($"{name}: does not go with --affinities, which are segmented as they are.");
        }
    }
}
