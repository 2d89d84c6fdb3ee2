using System.CommandLine;
using Spoco.Cli.Evaluation;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco evaluate</c></summary>
internal static class EvaluateCommand
{
    // What spoco segment appends to its pictures; they lie beside the labels and are none.
    private static readonly string[] PictureSuffixes = ["_overlay", "_pca"];

    private const string CountedAsEmpty = "zero";
    private const int NamesInLine = 5;

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
        var ignore = new Option<int?>("--ignore-label")
        {
            Description = "Pixels whose true label is this number do not count, whatever was predicted there.", HelpName = "number",
        };
        var missing = new Option<string?>("--missing")
        {
            Description = "zero: an image without a segmentation counts as an empty one, all its objects missed. Default: it is an error, and named.",
            HelpName = CountedAsEmpty,
        };
        missing.AcceptOnlyFromAmong(CountedAsEmpty);
        var json = new Option<string?>("--json") { Description = "Also write the scores as JSON; undefined ones are null.", HelpName = "file" };
        var objects = new Option<string?>("--objects")
        {
            Description = "Also write a row per true object, and per predicted one that matches none at IoU 0.5, as CSV: "
                + "number, area or volume, centre, best IoU, partner.",
            HelpName = "file",
        };
        var common = new CommonOptions();
        var command = new Command("evaluate",
            "Score segmentations against true labels: AP at IoU 0.5 and 0.75, mAP (0.50:0.05:0.95), SBD, |DiC|, adapted Rand error, variation of information; "
            + "a row per image, the mean, and AP, precision and recall over all objects of all images. "
            + "Where no true object meets a predicted one, AP and SBD are 0 and the adapted Rand error is 1. "
            + "Where neither side has an object, all but |DiC| is undefined: n/a, left out of the mean.")
        {
            prediction, labels, only, foreground, ignore, missing, json, objects, common.Overwrite, common.LabelName, common.Verbose,
        }.WithExamples(
            "spoco evaluate --prediction result --labels cells/val/labels",
            "spoco evaluate --prediction result --labels cityscapes/gtFine/val --class car --foreground deeplab",
            "spoco evaluate --prediction a.tif --labels a_labels.tif --ignore-label 255 --json scores.json --objects objects.csv");
        command.SetAction((result, cancellation) =>
        {
            var (jsonPath, objectPath) = (result.GetValue(json), result.GetValue(objects));
            OutputPlan.Check(
                [.. result.GetValue(prediction)!, .. result.GetValue(labels)!, .. new[] { result.GetValue(foreground) }.OfType<string>()],
                [
                    .. jsonPath is null ? Array.Empty<PlannedOutput>() : [new PlannedOutput(jsonPath, "the scores", ResultMark.IsScores)],
                    .. objectPath is null ? Array.Empty<PlannedOutput>()
                        : [new PlannedOutput(objectPath, "the table of objects", path => ResultMark.BeginsWith(path, ObjectTable.Header))],
                ],
                result.GetValue(common.Overwrite));
            var choices = new Choices(result.GetValue(common.LabelName)!, result.GetValue(foreground), CityscapesClass.Named(result.GetValue(only)),
                result.GetValue(ignore), result.GetValue(missing) is not null);
            var table = objectPath is null ? null : new ObjectTable();
            var scores = Score(result.GetValue(prediction)!, result.GetValue(labels)!, choices, table, cancellation);
            var failures = new List<string>();
            Try(() => ScoreTable.Print(scores), "", failures);
            if (jsonPath is not null)
                Try(() => ScoreFile.Write(jsonPath, scores), jsonPath, failures);
            if (objectPath is not null)
                Try(() => table!.Write(objectPath), objectPath, failures);
            return failures.Count == 0 ? Task.FromResult(Program.Success) : throw new InputException(string.Join(" ", failures));
        });
        return command;
    }

    /// <summary>What is scored, and how.</summary>
    private sealed record Choices(string LabelName, string? Mask, CityscapesClass? Class, int? IgnoreLabel, bool MissingAreEmpty);

    /// <summary>Writes one of several results: that it fails does not cost the others.</summary>
    private static void Try(Action write, string path, List<string> failures)
    {
        try
        {
            write();
        }
        catch (InputException e)
        {
            failures.Add(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            var reason = Directory.Exists(path) ? "it is a folder" : e switch
            {
                DirectoryNotFoundException => "there is no such folder",
                UnauthorizedAccessException => "it is not allowed",
                _ => InputFile.FirstLine(e.Message),
            };
            failures.Add($"{path}: cannot be written: {reason.TrimEnd('.')}.");
        }
    }

    private static List<ImageScores> Score(
        string[] predictions, string[] labels, Choices choices, ObjectTable? objects, CancellationToken cancellation)
    {
        var truths = Truths(labels, choices);
        var scores = new List<ImageScores>();
        var (unscored, ignored) = (0, 0L);
        foreach (var (name, file) in Pairs(predictions, labels, truths, choices.MissingAreEmpty))
        {
            cancellation.ThrowIfCancellationRequested();
            var labelled = truths[name];
            var truth = labelled.Read();
            var prediction = file is null ? new Volume<int>(truth.Depth, truth.Height, truth.Width) : LabelFile.ReadNumbers(file, choices.LabelName);
            if (!truth.HasExtentsOf(prediction))
                throw new InputException($"{file}: is {prediction}, but its labels {labelled.Path} are {truth}.");
            // As the paper: an image without an object of the class is not scored for it.
            if (choices.Class is not null && !truth.Data.AsSpan().ContainsAnyExcept(0))
            {
                unscored++;
                continue;
            }

            var image = file is null ? name : InputSelection.Name(file);
            if (choices.Mask is not null && file is not null)
                Restrict(prediction, SemanticMask.Read(choices.Mask, image, choices.Class), file);
            var all = ContingencyTable.Of(truth, prediction);
            var table = choices.IgnoreLabel is { } label ? all.WithoutTruth(label) : all;
            ignored += all.Voxels - table.Voxels;
            scores.Add(ImageScores.Of(image, table) with { Missing = file is null });
            objects?.Add(image, truth, prediction, table, choices.IgnoreLabel);
        }

        if (scores.Count == 0)
            throw new InputException($"--class: no image shows an object of the class {choices.Class?.Name}.");
        if (unscored > 0)
            Console.Error.WriteLine($"{unscored} images show no object of the class {choices.Class?.Name} and are not scored.");
        if (choices.IgnoreLabel is not null && ignored == 0)
            Console.Error.WriteLine($"--ignore-label: no pixel has the label {choices.IgnoreLabel}.");
        return scores;
    }

    /// <summary>The names of the labels, each with the segmentation of that name; none of either kind is passed over.</summary>
    private static List<(string Name, string? File)> Pairs(
        string[] predictions, string[] labels, Dictionary<string, (string Path, Func<Volume<int>> Read)> truths, bool missingAreEmpty)
    {
        var files = InputSelection.Files(predictions).Where(f => !IsPicture(f, truths.ContainsKey)).ToList();
        // A file that is named needs no common name with the only one on the other side; the files of two folders do.
        if (files.Count == 1 && truths.Count == 1 && !(predictions.All(Directory.Exists) && labels.All(Directory.Exists)))
            return [(truths.Keys.Single(), files[0])];
        var byName = files.ToDictionary(InputSelection.Name, StringComparer.Ordinal);
        var faults = new List<string>();
        if (Names(byName.Keys.Where(name => !truths.ContainsKey(name))) is { Length: > 0 } unknown)
            faults.Add($"no labels for {unknown} in {string.Join(", ", labels)}");
        if (!missingAreEmpty && Names(truths.Keys.Where(name => !byName.ContainsKey(name))) is { Length: > 0 } missing)
            faults.Add($"no prediction for {missing} in {string.Join(", ", predictions)} (--missing zero counts its objects as missed)");
        return faults.Count > 0
            ? throw new InputException(string.Join("; ", faults) + Accents.Hint(truths.Keys.Concat(byName.Keys)) + ".")
            : [.. truths.Keys.Order(StringComparer.Ordinal).Select(name => (name, byName.GetValueOrDefault(name)))];
    }

    private static string Names(IEnumerable<string> names)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        return string.Join(", ", all.Take(NamesInLine)) + (all.Length > NamesInLine ? $" and {all.Length - NamesInLine} more" : "");
    }

    /// <summary>The labels by the name of the image: those of a data set, or files that are called as the images.</summary>
    private static Dictionary<string, (string Path, Func<Volume<int>> Read)> Truths(string[] paths, Choices choices)
    {
        var truths = new Dictionary<string, (string, Func<Volume<int>>)>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var items = Directory.Exists(path)
                ? DataFolder.Search(path, Selection(choices))
                    .Where(item => item.LabelPath is not null && item.LabelPath != item.ImagePath).ToList()
                : [];
            foreach (var item in items)
                Add(item.Name, item.LabelPath!, item.LoadLabels);
            if (items.Count == 0)
            {
                foreach (var file in InputSelection.Files([path]))
                    Add(InputSelection.Name(file), file, () => LabelFile.ReadNumbers(file, choices.LabelName, choices.IgnoreLabel));
            }
        }

        return truths;

        void Add(string name, string path, Func<Volume<int>> read)
        {
            if (!truths.TryAdd(name, (path, read)))
                throw new InputException($"{path}: two label images have the name {name}.");
        }
    }

    private static DataSelection Selection(Choices choices) =>
        new() { Labelled = false, LabelName = choices.LabelName, Class = choices.Class, IgnoreLabel = choices.IgnoreLabel };

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
