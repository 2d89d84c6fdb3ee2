using System.CommandLine;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Cli.Suggestions;
using Spoco.Cli.Training;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco suggest</c></summary>
internal static class SuggestCommand
{
    private const int LargestCount = 1000;

    public static Command Create()
    {
        var model = ModelOptions.Model();
        var data = new Option<string?>("--data")
        {
            Description = "The data set that the model is trained on, as for spoco train: its training images are looked at, and objects that are labelled in it are not suggested "
                + "again. Not every image needs labels.",
            HelpName = "path",
        };
        var validation = new Option<string?>("--val")
        {
            Description = "The images that are validated on, where the training has them from elsewhere: nothing of --data is held out then.", HelpName = "path",
        };
        var input = ModelOptions.Input();
        input.Description = "Instead of --data: images of which nothing is labelled.";
        var output = new Option<string>("--out")
        {
            Description = "Folder for suggestions.csv and a picture of every image with suggestions, NAME_suggestions.png.", Required = true, HelpName = "folder",
        };
        var count = new Option<int>("--count") { Description = "How many objects to suggest.", DefaultValueFactory = _ => 10, HelpName = "count" };
        var orientations = new Option<int?>("--orientations")
        {
            Description = "Views of each image to segment it by, see spoco segment. Default: 8 in 2D, 1 in 3D.", HelpName = "count",
        };
        var precision = ModelOptions.Precision();
        var common = new CommonOptions();
        var command = new Command("suggest",
            "Say which objects to label next: where f and g disagree, where the foreground is unclear, and where the margin to neighbouring segments is low, at places that differ "
            + "from each other and from what is labelled. Regions are the segments of spoco segment and what it may have missed.")
        {
            model, data, validation, input, output, count, orientations, precision, common.Overwrite, common.RawName, common.LabelName,
        }.WithExamples(
            "spoco suggest --model model --data cells --out next",
            "spoco suggest --model model --data cells --out next --count 20",
            "spoco suggest --model model --input new/a.tif new/b.tif --out next");
        common.AddComputing(command);
        command.SetAction((result, cancellation) =>
        {
            if (result.GetValue(count) is < 1 or > LargestCount)
                throw new InputException($"--count: expected 1 to {LargestCount}, got {result.GetValue(count)}.");
            if (result.GetValue(orientations) is { } views)
                ViewCount.Require(views);
            var (folder, named) = (result.GetValue(data), result.GetValue(input) ?? []);
            if (folder is null == (named.Length == 0))
                throw new InputException("--data: give either the data set (--data) or images (--input).");
            if (result.GetValue(validation) is not null && folder is null)
                throw new InputException("--val: belongs to --data.");
            var checkpoint = InputSelection.Model(result.GetValue(model)!);
            var trained = StoredSettings.Of(checkpoint);
            var settings = trained ?? new TrainSettings();
            var selection = settings.Selection with
            {
                Labelled = false, RawName = ModelOptions.RawName(result, common, trained),
                LabelName = result.GetResult(common.LabelName) is { Implicit: false } ? result.GetValue(common.LabelName)! : settings.Source.LabelName,
            };

            // Where the training takes its validation images from --data, so does this.
            var items = folder is null
                ? [.. InputSelection.Files(named).Select(file => DataFolder.Item(file, null, selection))]
                : DataFolder.Open(folder, result.GetValue(validation), selection).WithValidation(settings.Source.HeldOut, settings.Source.HeldOutSeed ?? settings.Seed).Train;
            var (table, pictures) = PlannedResults.OfSuggestions(items, result.GetValue(output)!);
            string?[] read =
            [
                .. named, folder, result.GetValue(validation), checkpoint, .. items.SelectMany(item => new[] { item.ImagePath, item.LabelPath }),
                .. folder is null ? [] : items.Select(item => Path.GetDirectoryName(Path.GetFullPath(item.ImagePath))).Distinct(),
            ];
            OutputPlan.Check(read.OfType<string>(), [table, .. pictures], result.GetValue(common.Overwrite));

            using var device = common.OpenDevice(result);
            using var net = Checkpoint.Load(checkpoint, device);
            PrecisionWords.Apply(net, result.GetValue(precision)!);
            var run = new SuggestionRun(net, [.. items.Select(item => new SuggestionSource(item, net.Options.Network.InputChannels, trained?.Resized))],
                result.GetValue(orientations) ?? OrientationAverage.DefaultOf(net.Options), settings.Loss.KernelThreshold);
            run.Look(cancellation);
            var suggestions = run.Choose(result.GetValue(count));
            run.Write(suggestions, table, pictures, cancellation);
            SuggestionTable.Print(suggestions);
            if (suggestions.Count < result.GetValue(count))
                Terminal.Note($"{items.Count} images have {run.Free} regions that are not labelled.");
            Terminal.Result($"{suggestions.Count} suggestions: {result.GetValue(output)}");
            return Task.FromResult(Program.Success);
        });
        return command;
    }
}
