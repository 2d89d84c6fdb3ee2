using Spoco.Cli.Files;
using Spoco.Cli.Suggestions;

namespace Spoco.Cli.Segmentation;

/// <summary>The files that commands on images are going to write.</summary>
internal static class PlannedResults
{
    /// <summary>Labels and, unless <paramref name="pictures"/> is false, their overlays.</summary>
    public static IReadOnlyList<PlannedOutput> OfSegmentation(IReadOnlyList<string> files, string output, string labelName, bool pictures)
    {
        var planned = new List<PlannedOutput>();
        foreach (var file in files)
        {
            planned.Add(Labels(InputSelection.LabelPath(output, file, files.Count), file, labelName));
            if (pictures)
                planned.Add(Picture(InputSelection.Stem(output, file, files.Count) + ByProduct.Overlay, $"the overlay of {file}"));
        }

        return planned;
    }

    /// <summary>Labels of images that are segmented part by part.</summary>
    /// <param name="large">These images.</param>
    /// <param name="output">What <c>--out</c> says.</param>
    /// <param name="count">Number of images, small ones included.</param>
    /// <param name="labelName">Dataset of the labels.</param>
    public static IReadOnlyList<PlannedOutput> OfLargeImages(IReadOnlyList<string> large, string output, int count, string labelName) =>
        [.. large.Select(file => Labels(InputSelection.LargeLabelPath(output, file, count), file, labelName))];

    /// <summary>Embeddings and their pictures.</summary>
    public static IReadOnlyList<PlannedOutput> OfPrediction(IReadOnlyList<string> files, string output) =>
        [.. files.SelectMany(file => new[]
        {
            new PlannedOutput(InputSelection.Stem(output, file, int.MaxValue) + ".h5", $"the embeddings of {file}", EmbeddingFile.IsOurs),
            Picture(InputSelection.Stem(output, file, int.MaxValue) + ByProduct.Colours, $"the colours of {file}"),
        })];

    /// <summary>The table of suggestions, and a picture of every image.</summary>
    public static (PlannedOutput Table, IReadOnlyList<PlannedOutput> Pictures) OfSuggestions(IReadOnlyList<DataItem> items, string output) =>
        (new PlannedOutput(Path.Combine(output, "suggestions.csv"), "the suggestions", path => ResultMark.BeginsWith(path, SuggestionTable.Header)),
            [.. items.Select(item => Picture(Path.Combine(output, item.Name) + ByProduct.Suggestions, $"the suggestions of {item.ImagePath}"))]);

    /// <summary>The masks of images, where <paramref name="foreground"/> is a path.</summary>
    /// <exception cref="Engine.InputException">A folder has no mask of an image.</exception>
    public static IEnumerable<string> Masks(string? foreground, IReadOnlyList<string> files) =>
        File.Exists(foreground) ? [foreground]
        : Directory.Exists(foreground) ? files.Select(file => SemanticMask.PathOf(foreground, InputSelection.Name(file)))
        : [];

    private static PlannedOutput Labels(string path, string file, string labelName)
    {
        // A name may lead through groups: all that lies in the outermost is the labels.
        var dataset = Hdf5File.NameParts(labelName)[0];
        return new PlannedOutput(path, $"the labels of {file}", found => ResultMark.IsOn(found, ResultMark.Labels, dataset));
    }

    private static PlannedOutput Picture(string stem, string what) => new($"{stem}.png", what, path => ResultMark.IsOn(path, ResultMark.Picture));
}
