using System.CommandLine;
using System.Globalization;
using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Cli.Pictures;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco segment</c></summary>
internal static class SegmentCommand
{
    internal const string Learned = "learned";
    internal const string Otsu = "otsu";
    internal const string Embedding = "embedding";
    internal const string None = "none";

    /// <summary>Where objects are looked for when nothing is said.</summary>
    internal static string DefaultForeground(SpocoModelOptions model) => model.Foreground ? Learned : None;

    public static Command Create()
    {
        var model = ModelOptions.Model(required: false);
        var input = ModelOptions.Input();
        var embeddings = new Option<string[]>("--embeddings")
        {
            Description = "Results of spoco predict to segment instead of images; the model then only tells margins and size floor.",
            AllowMultipleArgumentsPerToken = true, HelpName = "files",
        };
        var affinities = new Option<string[]>("--affinities")
        {
            Description = "Edge weights to segment without a model: HDF5 files with a dataset 'affinities', [C,(Z,)Y,X], "
                + "floats from 0 = attractive to 1 = repulsive, "
                + "or unsigned integers of 8 or 16 bits, 0 to 255 or 65535 (0 and 1 alone are taken as they are).",
            AllowMultipleArgumentsPerToken = true, HelpName = "files",
        };
        var offsets = new Option<string?>("--offsets")
        {
            Description = "The edge of each channel of --affinities, (z,)y,x separated by semicolons; the leading direct neighbours are attractive. "
                + "Default: steps of 1, 3, 9 and 27 back along every axis.",
            HelpName = "y,x;y,x;...",
        };
        var output = new Option<string>("--out")
        {
            Description = "Folder for the results, or, for a single image, the file for the labels.", Required = true, HelpName = "path",
        };
        var foreground = new Option<string?>("--foreground")
        {
            Description = "Which pixels belong to objects: learned (the model's own channel), embedding (what is not in the largest cluster, the background), "
                + "otsu (a threshold on the image), none (every pixel), or a mask (a file, or a folder with one per image: NAME, CVPPP's _fg, Cityscapes' _labelIds; above 0 is foreground, or see --class). "
                + "Default: learned where the model has it, else none.",
            HelpName = "learned|embedding|otsu|none|path",
        };
        var semantic = new Option<string?>("--class")
        {
            Description = "Cityscapes: of the masks (labelIds, or Cityscapes' colours), this class is foreground. Default: the class that the model was trained on.",
            HelpName = "name",
        };
        var removeLargest = new Option<bool>("--remove-largest") { Description = "Drop the largest segment: the background, where it was learned as a cluster." };
        var sizeFloor = new Option<int?>("--size-floor")
        {
            Description = "Smaller segments are joined to their nearest neighbour, or removed; in voxels of the image as the network sees it. Default: from the sizes of the training objects.", HelpName = "voxels",
        };
        var mergeDistance = new Option<double?>("--merge-distance")
        {
            Description = "Neighbouring segments whose mean embeddings are closer than this are joined; 0: none. "
                + "Default: that of the model, searched for when it was trained; 0 where it has learned no foreground.",
            HelpName = "distance",
        };
        var keepFragments = new Option<bool>("--remove-fragments") { Description = "Remove small segments instead of joining them to a neighbour." };
        var orientations = new Option<int?>("--orientations")
        {
            Description = "Views of each image (1, 2, 4 or 8: flips and quarter turns) to average affinities and foreground over. Default: 8 in 2D, 1 in 3D.",
            HelpName = "count",
        };
        var threshold = new Option<double?>("--threshold")
        {
            Description = "Probability of the learned foreground from which a pixel belongs to an object. Default: that of the model, searched for when it was trained.",
            HelpName = "p",
        };
        var memory = new Option<string?>("--memory")
        {
            Description = "Segment images of any size, part by part, with this much memory (like 2GiB); the result is that of the whole image. "
                + "An image that needs no more is segmented at once. Images are read from HDF5, TIFF, or PNG, which has to fit in its own type; labels go to HDF5 or TIFF. With --affinities or --embeddings: "
                + "HDF5 to HDF5, needs no model, on the cpu, with the foreground learned (as predicted), none or a mask. Interrupted, or with more memory, the same command goes on. "
                + "Default: half of what the machine has.",
            HelpName = "bytes",
        };
        var common = new CommonOptions();
        var command = new Command("segment",
            "Segment images: embeddings, affinities, Mutex Watershed. Writes the labels in the image's format (16-bit PNG, TIFF, HDF5) and NAME_overlay.png.")
        {
            model, input, embeddings, affinities, offsets, output, foreground, semantic, threshold, orientations, mergeDistance, sizeFloor, keepFragments,
            removeLargest, memory, common.Overwrite, common.RawName, common.LabelName,
        }.WithExamples(
            "spoco segment --model model --input cells/val/images --out result",
            "spoco segment --model model --input a.tif b.tif --out result --foreground otsu --size-floor 40",
            "spoco segment --model model --input CVPPP/val/A1 --out result --foreground CVPPP/val/A1",
            "spoco segment --model cars --input cityscapes/leftImg8bit/val --out result --foreground deeplab --class car",
            "spoco segment --model model --embeddings embeddings/a.h5 --out a_labels.h5",
            "spoco segment --embeddings large.h5 --memory 8GiB --out large_labels.h5",
            "spoco segment --model model --input large.tif --memory 2GiB --out large_labels.h5",
            "spoco segment --affinities a.h5 --offsets \"0,-1;-1,0;0,-9;-9,0\" --foreground a_mask.tif --out a_labels.h5");
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            if (result.GetValue(mergeDistance) is < 0)
                throw new InputException($"--merge-distance: must not be negative, got {result.GetValue(mergeDistance)}.");
            var limit = result.GetValue(memory) is { } bytes ? MemoryLimit.Parse(bytes) : (long?)null;
            if (limit is not null && result.GetValue(input) is not { Length: > 0 })
            {
                SegmentBlockwise(limit.Value);
                return Task.FromResult(Program.Success);
            }

            if (result.GetValue(affinities) is { Length: > 0 } weights)
            {
                SegmentAffinities(weights);
                return Task.FromResult(Program.Success);
            }

            if (result.GetValue(offsets) is not null)
                throw new InputException("--offsets: belongs to --affinities; a model's own edges are those it was trained for.");
            var checkpoint = InputSelection.Model(result.GetValue(model)
                ?? throw new InputException("--model: is needed to segment images or embeddings (--affinities needs none, nor do --embeddings with --memory)."));
            var fromEmbeddings = result.GetValue(embeddings) is { Length: > 0 };
            if (fromEmbeddings == result.GetValue(input) is { Length: > 0 })
                throw new InputException("--input: give either images (--input) or embeddings (--embeddings).");
            var files = InputSelection.Files((fromEmbeddings ? result.GetValue(embeddings) : result.GetValue(input))!);
            RequireFreeOutputs(files, fromEmbeddings ? result.GetValue(embeddings)! : result.GetValue(input)!, checkpoint, pictures: true);
            using var device = common.OpenDevice(result);
            using var net = Checkpoint.Load(checkpoint, device);
            var trained = TrainingRun.SettingsOf(checkpoint);
            var only = CityscapesClass.Named(result.GetValue(semantic) ?? trained?.Class);
            var options = net.Options.Segmentation with
            {
                SizeFloor = result.GetValue(sizeFloor) ?? net.Options.SizeFloor,
                MergeDistance = result.GetValue(mergeDistance) ?? net.Options.Segmentation.MergeDistance,
                RemoveLargest = result.GetValue(removeLargest),
                MergeFragments = !result.GetValue(keepFragments),
            };
            var least = result.GetValue(threshold) ?? net.Options.ForegroundThreshold;
            var views = result.GetValue(orientations) ?? OrientationAverage.DefaultOf(net.Options);
            if (views is not (1 or 2 or 4 or 8))
                throw new InputException($"--orientations: expected 1, 2, 4 or 8, got {views}.");
            var source = result.GetValue(foreground) ?? DefaultForeground(net.Options);
            if (source == Learned && !net.Options.Foreground)
                throw new InputException($"--foreground: {checkpoint} has learned no foreground (it was trained with --no-foreground, --self-supervised or --ignore-label).");
            if (source == Otsu && fromEmbeddings)
                throw new InputException("--foreground: otsu needs images, not embeddings.");
            var parts = fromEmbeddings ? null : new PartwiseSegmentation(net, options, views, source, least, only is not null, limit)
            {
                RawName = ModelOptions.RawName(result, common, trained), LabelName = result.GetValue(common.LabelName)!, Checkpoint = checkpoint,
                IsResized = trained?.Resized is not null, Threads = common.ThreadsOf(result),
            };
            Terminal.Note(ForegroundInWords(source, asked: result.GetValue(foreground) is not null, net.Options, least));

            // Each shows how far it is by itself.
            var large = parts is null ? [] : files.Where(parts.Takes).ToList();
            OutputPlan.Check(
                files.Concat(result.GetValue(input) ?? []),
                PlannedResults.OfLargeImages(large, result.GetValue(output)!, files.Count, result.GetValue(common.LabelName)!), result.GetValue(common.Overwrite));
            foreach (var file in large)
                parts!.Segment(file, InputSelection.LargeLabelPath(result.GetValue(output)!, file, files.Count), cancellation);
            files = [.. large, .. files.Except(large)];
            ProgressDisplay.Run("segmenting", large.Count, files.Count, display =>
            {
                for (var i = large.Count; i < files.Count; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var (stored, image) = fromEmbeddings ? (null, null)
                        : ModelOptions.ReadImage(files[i], ModelOptions.RawName(result, common, trained), net.Options.Network.InputChannels, trained);
                    using var seen = image is null
                        ? null : ModelOptions.Apply(net, image, files[i], x => OrientationAverage.PredictOnDevice(net, x, views, cancellation));
                    var prediction = seen?.Prediction ?? EmbeddingFile.Read(files[i], net.Options.EmbeddingDimensions);
                    var labels = source == Learned
                        ? InstanceSegmentation.SegmentLearned(
                            RequireForeground(prediction, files[i]), least, options, device, cancellation)
                        : InstanceSegmentation.Segment(
                            prediction, Mask(source, files[i], only, stored, image, prediction, options, device, cancellation), options, device, cancellation);
                    if (stored is not null && !stored.HasExtentsOf(labels))
                        labels = Resizing.Labels(labels, new PatchExtents(stored.Depth, stored.Height, stored.Width));
                    var stem = InputSelection.Stem(result.GetValue(output)!, files[i], files.Count);
                    OutputPlan.MakeFolder(stem);
                    var written = OutputFile.WriteLabels(
                        InputSelection.LabelPath(result.GetValue(output)!, files[i], files.Count), labels, files[i], result.GetValue(common.LabelName)!);
                    var picture = image is null ? EmbeddingPicture.Draw(prediction.Embeddings) : Picture.OfImage(stored!);
                    Overlay.Filled(picture, labels).WritePng($"{stem}{ByProduct.Overlay}.png");
                    display.Report(i + 1, () => $"{InputSelection.Name(written)}: {labels.Data.Max()} objects");
                }

                return files.Count;
            });
            Terminal.Result($"{files.Count} images: {result.GetValue(output)}");
            return Task.FromResult(Program.Success);

            void RequireFreeOutputs(IReadOnlyList<string> files, string[] named, string? read, bool pictures)
            {
                var inputs = files.Concat(named).Concat(PlannedResults.Masks(result.GetValue(foreground), files));
                var outputs = PlannedResults.OfSegmentation(files, result.GetValue(output)!, result.GetValue(common.LabelName)!, pictures);
                OutputPlan.Check(read is null ? inputs : inputs.Append(read), outputs, result.GetValue(common.Overwrite));
            }

            void RefuseWithAffinities()
            {
                foreach (var (name, given) in new (string, bool)[]
                {
                    ("--model", result.GetValue(model) is not null), ("--input", result.GetValue(input) is { Length: > 0 }),
                    ("--embeddings", result.GetValue(embeddings) is { Length: > 0 }), ("--orientations", result.GetValue(orientations) is not null),
                    ("--merge-distance", result.GetValue(mergeDistance) is not null),
                })
                {
                    if (given)
                        throw new InputException($"{name}: does not go with --affinities, which are segmented as they are.");
                }
            }

            void SegmentBlockwise(long limit)
            {
                var fromAffinities = result.GetValue(affinities) is { Length: > 0 };
                if (fromAffinities)
                    RefuseWithAffinities();
                else if (result.GetValue(embeddings) is not { Length: > 0 } || result.GetValue(input) is { Length: > 0 })
                    throw new InputException("--memory: goes with --input, --affinities or --embeddings.");
                else if (result.GetValue(offsets) is not null && result.GetValue(model) is not null)
                    throw new InputException("--offsets: a model's own edges are those it was trained for.");
                if (result.GetResult(common.Device) is { Implicit: false } && result.GetValue(common.Device) is not ("cpu" or "auto"))
                    throw new InputException($"--memory: blocks are computed on the cpu, not on {result.GetValue(common.Device)}.");
                var (watershed, floor, merge, dimensions, least) = (new MutexWatershedOptions(), 0, 0.0, (int?)null, new SpocoModelOptions().ForegroundThreshold);
                var source = result.GetValue(foreground) ?? None;
                if (result.GetValue(model) is { } trained)
                {
                    using var host = ComputeDevice.Open("cpu");
                    using var net = Checkpoint.Load(InputSelection.Model(trained), host);
                    (watershed, floor, merge, dimensions) =
                        (net.Options.Segmentation.Watershed, net.Options.SizeFloor, net.Options.Segmentation.MergeDistance, net.Options.EmbeddingDimensions);
                    least = net.Options.ForegroundThreshold;
                    source = result.GetValue(foreground) ?? (fromAffinities ? None : DefaultForeground(net.Options));
                }

                (floor, merge) = (result.GetValue(sizeFloor) ?? floor, result.GetValue(mergeDistance) ?? merge);
                if (result.GetValue(orientations) is > 1)
                    throw new InputException("--orientations: belongs to --input.");
                if (source is Embedding or Otsu || (fromAffinities && source == Learned))
                    throw new InputException($"--foreground: with --memory and what was computed before it is {(fromAffinities ? "" : "learned, ")}none or a mask, not {source}.");
                if (source is not (None or Learned) && !File.Exists(source) && !Directory.Exists(source))
                    throw new InputException($"--foreground: expected none or a mask; there is no file {source}.");
                if (result.GetValue(semantic) is not null)
                    throw new InputException("--class: belongs to masks of Cityscapes, which are small; leave out --memory.");
                if (result.GetValue(offsets) is { } text)
                    watershed = watershed with { Offsets = AffinitySegmentation.ParseOffsets(text) };
                var named = (fromAffinities ? result.GetValue(affinities) : result.GetValue(embeddings))!;
                var files = InputSelection.Files(named);
                RequireFreeOutputs(files, named, result.GetValue(model) is { } path ? InputSelection.Model(path) : null, pictures: false);
                var blockwise = new BlockwiseOptions
                {
                    Folder = "", Memory = limit, SizeFloor = floor, MergeFragments = !fromAffinities && !result.GetValue(keepFragments), MergeDistance = merge,
                    RemoveLargest = result.GetValue(removeLargest), ForegroundThreshold = source == Learned ? result.GetValue(threshold) ?? least : null,
                    Threads = common.ThreadsOf(result),
                };
                BlockwiseSegmentation.Run(
                    files, !fromAffinities, result.GetValue(output)!, watershed, blockwise, dimensions, source is None or Learned ? null : source,
                    result.GetValue(common.LabelName)!, cancellation);
                Terminal.Result($"{files.Count} files: {result.GetValue(output)}");
            }

            void SegmentAffinities(string[] paths)
            {
                RefuseWithAffinities();
                var mask = result.GetValue(foreground) ?? None;
                if (mask is Learned or Embedding or Otsu)
                    throw new InputException($"--foreground: affinities go with none or a mask, not with {mask}.");
                var files = InputSelection.Files(paths);
                RequireFreeOutputs(files, paths, read: null, pictures: false);
                using var processor = common.OpenDevice(result);
                AffinitySegmentation.Run(files, result.GetValue(output)!,
                    new MutexWatershedOptions { Offsets = result.GetValue(offsets) is { } text ? AffinitySegmentation.ParseOffsets(text) : null },
                    result.GetValue(sizeFloor) ?? 0, result.GetValue(removeLargest), (file, image) => mask == None ? null : ReadMask(mask, file, only: null, stored: null, image),
                    result.GetValue(common.LabelName)!, processor, cancellation);
                Terminal.Result($"{paths.Length} files: {result.GetValue(output)}");
            }
        });
        return command;
    }

    /// <summary>Which foreground is taken, and why.</summary>
    internal static string ForegroundInWords(string source, bool asked, SpocoModelOptions model, double threshold)
    {
        var why = asked ? "as --foreground says" : model.Foreground ? "as the model has learned one" : "as the model has learned none; --foreground has others";
        return source switch
        {
            Learned => string.Create(CultureInfo.InvariantCulture,
                $"foreground: learned, from a probability of {threshold} on{(threshold == model.ForegroundThreshold ? ", which is the model's" : "")} ({why})"),
            Embedding => $"foreground: what is not in the largest cluster ({why})",
            Otsu => $"foreground: Otsu's threshold on the image ({why})",
            None => $"foreground: none, every pixel is segmented ({why})",
            _ => $"foreground: the mask {source} ({why})",
        };
    }

    private static Prediction RequireForeground(Prediction prediction, string file) => prediction.Foreground is not null
        ? prediction
        : throw new InputException($"{file}: holds no foreground; predict again with a model that has learned one.");

    /// <summary>The foreground that <c>--foreground</c> names, of any kind but the learned one.</summary>
    internal static Volume<byte>? Mask(
        string source, string file, CityscapesClass? only, Volume<float>? stored, Volume<float>? image, Prediction prediction,
        InstanceSegmentationOptions options, ComputeDevice device, CancellationToken cancellation) =>
        source switch
        {
            None => null,
            Embedding => InstanceSegmentation.ForegroundOfLargestCluster(prediction, options.Watershed, device, cancellation),
            Otsu => OtsuMask.Of(image!),
            _ => ReadMask(source, file, only, stored, prediction.Embeddings),
        };

    private static Volume<byte> ReadMask(string source, string file, CityscapesClass? only, Volume<float>? stored, Volume<float> embeddings)
    {
        if (!File.Exists(source) && !Directory.Exists(source))
            throw new InputException($"--foreground: expected learned, embedding, otsu, none, or a mask; there is no file {source}.");
        var mask = SemanticMask.Read(source, InputSelection.Name(file), only);
        if (mask.HasExtentsOf(embeddings))
            return mask;
        // The network may have seen the image resized; the mask then is of the image as it is.
        if (stored is null || !mask.HasExtentsOf(stored))
        {
            var image = stored ?? embeddings;
            throw new InputException($"{source}: the mask is {mask}, but {file} is {image.Depth}x{image.Height}x{image.Width}.");
        }

        var resized = Resizing.Labels(new Volume<int>(Array.ConvertAll(mask.Data, m => (int)m), mask.Depth, mask.Height, mask.Width),
            new PatchExtents(embeddings.Depth, embeddings.Height, embeddings.Width));
        return new Volume<byte>(Array.ConvertAll(resized.Data, m => (byte)m), resized.Depth, resized.Height, resized.Width);
    }
}
