using System.CommandLine;
using Spoco.Cli.Segmentation;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco segment</c></summary>
internal static class SegmentCommand
{
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
        var removeFragments = new Option<bool>("--remove-fragments") { Description = "Remove small segments instead of joining them to a neighbour." };
        var orientations = new Option<int?>("--orientations")
        {
            Description = "Views of each image (1, 2, 4 or 8: flips and quarter turns) to average affinities and foreground over; embeddings cannot be averaged. Default: 8 in 2D, 1 in 3D, "
                + "and 1 where a clustering other than mws has no learned foreground.",
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
        var clustering = new ClusteringOptions();
        var precision = ModelOptions.Precision();
        var common = new CommonOptions();
        var command = new Command("segment",
            "Segment images: embeddings, and what divides the pixels by them, the Mutex Watershed where no other is asked for. Writes the labels in the image's format (16-bit PNG, TIFF, HDF5) and NAME_overlay.png.")
        {
            model, input, embeddings, affinities, offsets, output, foreground, semantic, threshold, orientations, clustering.Clustering, mergeDistance, sizeFloor, removeFragments,
            clustering.Fill, removeLargest, memory, precision, common.Overwrite, common.RawName, common.LabelName,
        }.WithExamples(
            "spoco segment --model model --input cells/val/images --out result",
            "spoco segment --model model --input a.tif b.tif --out result --foreground otsu --size-floor 40",
            "spoco segment --model model --input CVPPP/val/A1 --out result --foreground CVPPP/val/A1",
            "spoco segment --model model --input ovules/val --out result --clustering hdbscan --min-size 600 --fill",
            "spoco segment --model cars --input cityscapes/leftImg8bit/val --out result --foreground deeplab --class car",
            "spoco segment --model model --embeddings embeddings/a.h5 --out a_labels.h5",
            "spoco segment --embeddings large.h5 --memory 8GiB --out large_labels.h5",
            "spoco segment --model model --input large.tif --memory 2GiB --out large_labels.h5",
            "spoco segment --affinities a.h5 --offsets \"0,-1;-1,0;0,-9;-9,0\" --foreground a_mask.tif --out a_labels.h5");
        clustering.AddTo(command);
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            new SegmentRun(new SegmentRequest
            {
                Model = result.GetValue(model),
                Input = result.GetValue(input) ?? [],
                Embeddings = result.GetValue(embeddings) ?? [],
                Affinities = result.GetValue(affinities) ?? [],
                Offsets = result.GetValue(offsets),
                Output = result.GetValue(output)!,
                Foreground = result.GetValue(foreground),
                Class = result.GetValue(semantic),
                Threshold = result.GetValue(threshold),
                Orientations = result.GetValue(orientations),
                MergeDistance = result.GetValue(mergeDistance),
                SizeFloor = result.GetValue(sizeFloor),
                Clustering = clustering.Of(result),
                Fill = result.GetValue(clustering.Fill),
                RemoveFragments = result.GetValue(removeFragments),
                RemoveLargest = result.GetValue(removeLargest),
                Memory = result.GetValue(memory) is { } bytes ? MemoryLimit.Parse(bytes) : null,
                Precision = result.GetValue(precision)!,
                Overwrite = result.GetValue(common.Overwrite),
                RawName = CommonOptions.Given(result, common.RawName),
                LabelName = result.GetValue(common.LabelName)!,
                Device = CommonOptions.Given(result, common.Device),
                Threads = common.ThreadsOf(result),
                OpenDevice = () => common.OpenDevice(result),
            }).Run(cancellation);
            return Task.FromResult(Program.Success);
        });
        return command;
    }
}
