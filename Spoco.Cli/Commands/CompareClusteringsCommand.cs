using System.CommandLine;
using System.Globalization;
using Spoco.Cli.Comparison;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco compare-clusterings</c></summary>
internal static class CompareClusteringsCommand
{
    public static Command Create()
    {
        var model = ModelOptions.Model();
        var data = new Option<string>("--data")
        {
            Description = "Images with labels, as for spoco train: the validation images of a data set that has them, else all of it.", Required = true, HelpName = "path",
        };
        var methods = new Option<string[]>("--clustering")
        {
            Description = $"What is compared, of {string.Join(", ", ClusteringRequest.All)}. Default: all.", AllowMultipleArgumentsPerToken = true, HelpName = "names",
        };
        methods.AcceptOnlyFromAmong([.. ClusteringRequest.All]);
        var output = new Option<string?>("--out")
        {
            Description = "Folder for table.md, images.csv (a row per image and method) and a picture of every image, NAME_clusterings.png: image, truth and all methods side by side.",
            HelpName = "folder",
        };
        var foreground = new Option<string?>("--foreground")
        {
            Description = "Which pixels are segmented: truth (those of the true objects), or as in spoco segment learned, embedding, otsu, none, or a mask. Default: learned where the model has it, else none.",
            HelpName = "truth|learned|embedding|otsu|none|path",
        };
        var threshold = new Option<double?>("--threshold") { Description = "Probability of the learned foreground from which a pixel is segmented. Default: that of the model.", HelpName = "p" };
        var semantic = new Option<string?>("--class") { Description = "Cityscapes: the class whose objects are scored. Default: the one that the model was trained on.", HelpName = "name" };
        var orientations = new Option<int>("--orientations")
        {
            Description = "Views (1, 2, 4 or 8) to average the affinities of mws and a learned foreground over; embeddings cannot be averaged, so that with one view alone all methods see the same.",
            DefaultValueFactory = _ => 1, HelpName = "count",
        };
        var sizeFloor = new Option<int>("--size-floor") { Description = "Smaller segments are joined to their nearest neighbour, or removed: of all methods.", HelpName = "voxels" };
        var mergeDistance = new Option<double>("--merge-distance") { Description = "Neighbouring segments whose means are closer than this are joined: of all methods.", HelpName = "distance" };
        var removeFragments = new Option<bool>("--remove-fragments") { Description = "Remove small segments instead of joining them to a neighbour." };
        var removeLargest = new Option<bool>("--remove-largest") { Description = "Drop the largest segment: the background, where it was learned as a cluster." };
        var clustering = new ClusteringOptions();
        var precision = ModelOptions.Precision();
        var common = new CommonOptions();
        var command = new Command("compare-clusterings",
            "Compare the clusterings of appendix A.4 on your images, as its Tables 9 and 10: SBD, |DiC|, adapted Rand error, AP, and seconds of the clustering alone, mean and deviation over the images. "
            + "The network is run once per image. Segments are taken as they are, unless options below say what becomes of them.")
        {
            model, data, methods, output, foreground, threshold, semantic, orientations, sizeFloor, mergeDistance, removeFragments, clustering.Fill, removeLargest,
            precision, common.Overwrite, common.RawName, common.LabelName,
        }.WithExamples(
            "spoco compare-clusterings --model model --data cells",
            "spoco compare-clusterings --model model --data cells/val --out comparison --min-size 40",
            "spoco compare-clusterings --model model --data CVPPP --foreground CVPPP/val/A1 --clustering mws hdbscan consistency --out comparison");
        clustering.AddTo(command);
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            var request = clustering.Of(result);
            string[] names = result.GetValue(methods) is { Length: > 0 } asked ? [.. ClusteringRequest.All.Where(asked.Contains)] : [.. ClusteringRequest.All];
            request.Require(names);
            RequireNumbers(result.GetValue(sizeFloor), result.GetValue(mergeDistance), result.GetValue(orientations));
            var checkpoint = InputSelection.Model(result.GetValue(model)!);
            var trained = StoredSettings.Of(checkpoint);
            var settings = trained ?? new TrainSettings();
            var selection = settings.Selection with
            {
                Labelled = true, RawName = ModelOptions.RawName(result, common, trained), LabelName = CommonOptions.Given(result, common.LabelName) ?? settings.Source.LabelName,
                Class = CityscapesClass.Named(result.GetValue(semantic) ?? settings.Source.Class),
            };
            var found = DataFolder.Open(result.GetValue(data)!, selection: selection);
            var items = found.Validation.Count > 0 ? found.Validation : found.Train;
            var (folder, mask) = (result.GetValue(output), result.GetValue(foreground));
            OutputPlan.Check(
                [
                    checkpoint, result.GetValue(data)!, .. items.SelectMany(item => new[] { item.ImagePath, item.LabelPath }).OfType<string>(),
                    .. items.Select(item => Path.GetDirectoryName(Path.GetFullPath(item.ImagePath))!).Distinct(), .. PlannedResults.Masks(mask, [.. items.Select(item => item.ImagePath)]),
                ],
                folder is null ? [] : ClusteringComparison.Files(folder, items), result.GetValue(common.Overwrite));
            using var device = common.OpenDevice(result);
            using var net = Checkpoint.Load(checkpoint, device);
            PrecisionWords.Apply(net, result.GetValue(precision)!);
            var which = ForegroundRequest.Of(mask, result.GetValue(threshold), selection.Class, net.Options, checkpoint);
            foreach (var obstacle in names.Select(Obstacle).OfType<string>())
                Terminal.Note($"left out: {obstacle}.");
            names = [.. names.Where(name => Obstacle(name) is null)];
            if (names.Length == 0)
                throw new InputException("--clustering: nothing is left to compare.");
            var options = net.Options.Segmentation with
            {
                SizeFloor = result.GetValue(sizeFloor), MergeDistance = result.GetValue(mergeDistance), MergeFragments = !result.GetValue(removeFragments),
                Fill = result.GetValue(clustering.Fill), RemoveLargest = result.GetValue(removeLargest),
            };
            var comparison = new ClusteringComparison(net, settings, [.. names.Select(name => request.Of(name, net.Options))], which, result.GetValue(orientations), options)
            {
                Footnote = $"{string.Join("; ", names.Select(name => request.InWords(name, net.Options)))}. {Words(which, options, result.GetValue(orientations))}. "
                    + $"Seconds of the clustering alone, on {device}.",
            };
            Terminal.Note(which.Source == ForegroundChoice.Truth ? "foreground: that of the true objects (as --foreground says)"
                : ForegroundChoice.InWords(which.Source, asked: mask is not null, net.Options, which.Threshold));
            try
            {
                comparison.Run(items, folder, cancellation);
            }
            catch (OperationCanceledException) when (comparison.Images > 0)
            {
                Console.WriteLine(Terminal.Lines(comparison.Table));
                throw;
            }

            if (comparison.Images == 0)
                throw new InputException($"--class: no image shows an object of the class {selection.Class?.Name}.");
            Console.WriteLine(Terminal.Lines(comparison.Table));
            if (folder is not null)
                Terminal.Result($"table, scores and pictures: {folder}");
            return Task.FromResult(Program.Success);

            string? Obstacle(string name) => ClusteringRequest.Obstacle(name, net.Options.EmbeddingDimensions, trained);
        });
        return command;
    }

    private static void RequireNumbers(int sizeFloor, double mergeDistance, int orientations)
    {
        if (sizeFloor < 0)
            throw new InputException($"--size-floor: must not be negative, got {sizeFloor}.");
        if (mergeDistance < 0)
            throw new InputException($"--merge-distance: must not be negative, got {mergeDistance}.");
        ViewCount.Require(orientations);
    }

    /// <summary>How segments are made and what becomes of them, for below the table.</summary>
    private static string Words(ForegroundRequest foreground, InstanceSegmentationOptions options, int orientations) => string.Create(CultureInfo.InvariantCulture,
        $"Foreground: {foreground.Source}{(foreground.IsLearned ? $" from {foreground.Threshold.ToString(CultureInfo.InvariantCulture)} on" : "")}; {orientations} {(orientations == 1 ? "view" : "views")}")
        + (options.SizeFloor > 0 ? $"; segments below {options.SizeFloor} voxels {(options.MergeFragments ? "joined to a neighbour" : "removed")}" : "")
        + (options.MergeDistance > 0 ? string.Create(CultureInfo.InvariantCulture, $"; neighbours closer than {options.MergeDistance} joined") : "")
        + (options.Fill ? "; filled" : "") + (options.RemoveLargest ? "; without the largest segment" : "");
}
