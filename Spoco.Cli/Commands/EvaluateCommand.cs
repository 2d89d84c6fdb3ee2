using System.CommandLine;
using System.Text.Json;
using Spoco.Cli.Evaluation;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco evaluate</c></summary>
internal static class EvaluateCommand
{
    // What spoco segment appends to its pictures; they lie beside the labels and are none.
    private static readonly string[] PictureSuffixes = ["_overlay", "_pca"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create()
    {
        var prediction = new Option<string[]>("--prediction")
        {
            Description = "Segmented images, or a folder of them.", Required = true, AllowMultipleArgumentsPerToken = true, HelpName = "files",
        };
        var labels = new Option<string[]>("--labels")
        {
            Description = "True labels, or a folder of them; a file belongs to the segmentation of the same name (extension apart). Or a data set, such as CVPPP/val/A1, "
                + "cityscapes/gtFine/val or stage1_train: the labels of the image of that name.",
            Required = true, AllowMultipleArgumentsPerToken = true, HelpName = "files",
        };
        var only = new Option<string?>("--class")
        {
            Description = "Cityscapes: score the objects of this class, on the images that show one.", HelpName = "name",
        };
        var foreground = new Option<string?>("--foreground")
        {
            Description = "Masks of the same names (see spoco segment); segments end where they end. With --class, of a semantic segmentation (labelIds, or "
                + "Cityscapes' colours) the pixels of the class are the mask.",
            HelpName = "path",
        };
        var json = new Option<string?>("--json") { Description = "Also write the scores as JSON.", HelpName = "file" };
        var common = new CommonOptions();
        var command = new Command("evaluate",
            "Score segmentations against true labels: AP at IoU 0.5 and 0.75, mAP (0.50:0.05:0.95), SBD, |DiC|, adapted Rand error, variation of information; "
            + "a row per image and the mean.")
        {
            prediction, labels, only, foreground, json, common.Overwrite, common.LabelName, common.Verbose,
        }.WithExamples(
            "spoco evaluate --prediction result --labels cells/val/labels",
            "spoco evaluate --prediction result --labels cityscapes/gtFine/val --class car --foreground deeplab",
            "spoco evaluate --prediction a.tif --labels a_labels.tif --json scores.json");
        command.SetAction((result, cancellation) =>
        {
            if (result.GetValue(json) is { } planned)
            {
                string?[] inputs = [.. result.GetValue(prediction)!, .. result.GetValue(labels)!, result.GetValue(foreground)];
                OutputPlan.Check(inputs.OfType<string>(),
                    [new PlannedOutput(planned, "the scores", ResultMark.IsScores)], result.GetValue(common.Overwrite));
            }

            var scores = Score(result.GetValue(prediction)!, result.GetValue(labels)!, result.GetValue(common.LabelName)!,
                result.GetValue(foreground), CityscapesClass.Named(result.GetValue(only)), cancellation);
            if (result.GetValue(json) is { } path)
            {
                AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, new { Images = scores, Mean = ImageScores.Mean(scores) }, Indented));
            }

            ScoreTable.Print(scores);
            return Task.FromResult(Program.Success);
        });
        return command;
    }

    private static List<ImageScores> Score(
        string[] predictions, string[] labels, string labelName, string? mask, CityscapesClass? only, CancellationToken cancellation)
    {
        var truths = Truths(labels, labelName, only);
        var predicted = InputSelection.Files(predictions).Where(f => !IsPicture(f, truths.ContainsKey)).ToList();
        var scores = new List<ImageScores>();
        foreach (var file in predicted)
        {
            cancellation.ThrowIfCancellationRequested();
            var name = InputSelection.Name(file);

            // One file against one file needs no common name.
            if (!truths.TryGetValue(name, out var labelled))
                labelled = predicted.Count == 1 && truths.Count == 1 ? truths.Values.Single()
                    : throw new InputException($"{file}: no labels of the name {name} in {string.Join(", ", labels)}.");
            var (truth, prediction) = (labelled.Read(), InputFile.ReadLabels(file, labelName));
            if (!truth.HasExtentsOf(prediction))
                throw new InputException($"{file}: is {prediction}, but its labels {labelled.Path} are {truth}.");
            // As the paper: an image without an object of the class is not scored for it.
            if (only is not null && !truth.Data.AsSpan().ContainsAnyExcept(0))
                continue;
            if (mask is not null)
                Restrict(prediction, SemanticMask.Read(mask, name, only), file);
            scores.Add(ImageScores.Of(name, truth, prediction));
        }

        return scores.Count > 0 ? scores : throw new InputException($"--class: no image shows an object of the class {only?.Name}.");
    }

    /// <summary>The labels by the name of the image: those of a data set, or files that are called as the images.</summary>
    private static Dictionary<string, (string Path, Func<Volume<int>> Read)> Truths(string[] paths, string labelName, CityscapesClass? only)
    {
        var truths = new Dictionary<string, (string, Func<Volume<int>>)>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var items = Directory.Exists(path)
                ? DataFolder.Search(path, new DataSelection { Labelled = false, LabelName = labelName, Class = only })
                    .Where(item => item.LabelPath is not null && item.LabelPath != item.ImagePath).ToList()
                : [];
            foreach (var item in items)
                Add(item.Name, item.LabelPath!, item.LoadLabels);
            if (items.Count == 0)
            {
                foreach (var file in InputSelection.Files([path]))
                    Add(InputSelection.Name(file), file, () => InputFile.ReadLabels(file, labelName));
            }
        }

        return truths;

        void Add(string name, string path, Func<Volume<int>> read)
        {
            if (!truths.TryAdd(name, (path, read)))
                throw new InputException($"{path}: two label images have the name {name}.");
        }
    }

    /// <summary>Takes what lies outside a mask out of all segments.</summary>
    private static void Restrict(Volume<int> labels, Volume<byte> mask, string file)
    {
        if (!mask.HasExtentsOf(labels))
            throw new InputException($"--foreground: the mask is {mask}, but {file} is {labels}.");
        for (var i = 0; i < labels.Data.Length; i++)
        {
            if (mask.Data[i] == 0)
                labels.Data[i] = 0;
        }
    }

    private static bool IsPicture(string file, Predicate<string> isKnown)
    {
        var name = InputSelection.Name(file);
        return !isKnown(name) && PictureSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal) && isKnown(name[..^suffix.Length]));
    }
}
