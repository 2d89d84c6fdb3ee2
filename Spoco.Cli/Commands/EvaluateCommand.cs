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
            Description = "True labels, or a folder of them; a file belongs to the segmentation of the same name (extension apart).",
            Required = true, AllowMultipleArgumentsPerToken = true, HelpName = "files",
        };
        var json = new Option<string?>("--json") { Description = "Also write the scores as JSON.", HelpName = "file" };
        var common = new CommonOptions();
        var command = new Command("evaluate",
            "Score segmentations against true labels: AP at IoU 0.5 and 0.75, mAP (0.50:0.05:0.95), SBD, |DiC|, adapted Rand error, variation of information; "
            + "a row per image and the mean.")
        {
            prediction, labels, json, common.LabelName, common.Verbose,
        }.WithExamples(
            "spoco evaluate --prediction result --labels cells/val/labels",
            "spoco evaluate --prediction a.tif --labels a_labels.tif --json scores.json");
        command.SetAction((result, cancellation) =>
        {
            var scores = Score(result.GetValue(prediction)!, result.GetValue(labels)!, result.GetValue(common.LabelName)!, cancellation);
            if (result.GetValue(json) is { } path)
            {
                AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, new { Images = scores, Mean = ImageScores.Mean(scores) }, Indented));
            }

            ScoreTable.Print(scores);
            return Task.FromResult(Program.Success);
        });
        return command;
    }

    private static List<ImageScores> Score(string[] predictions, string[] truths, string labelName, CancellationToken cancellation)
    {
        var truthByName = InputSelection.Files(truths).ToDictionary(InputSelection.Name, StringComparer.Ordinal);
        var predicted = InputSelection.Files(predictions).Where(f => !IsPicture(f, truthByName.ContainsKey)).ToList();
        var scores = new List<ImageScores>();
        foreach (var file in predicted)
        {
            cancellation.ThrowIfCancellationRequested();
            var name = InputSelection.Name(file);

            // One file against one file needs no common name.
            if (!truthByName.TryGetValue(name, out var truthFile))
                truthFile = predicted.Count == 1 && truthByName.Count == 1 ? truthByName.Values.Single()
                    : throw new InputException($"{file}: no labels of the name {name} in {string.Join(", ", truths)}.");
            var (truth, prediction) = (InputFile.ReadLabels(truthFile, labelName), InputFile.ReadLabels(file, labelName));
            if (!truth.HasExtentsOf(prediction))
                throw new InputException($"{file}: is {prediction}, but its labels {truthFile} are {truth}.");
            scores.Add(ImageScores.Of(name, truth, prediction));
        }

        return scores;
    }

    private static bool IsPicture(string file, Predicate<string> isKnown)
    {
        var name = InputSelection.Name(file);
        return !isKnown(name) && PictureSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal) && isKnown(name[..^suffix.Length]));
    }
}
