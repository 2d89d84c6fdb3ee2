using Spoco.Cli.Data;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Suggestions;

namespace Spoco.Cli.Suggestions;

/// <summary>Looks at all images, chooses among all their regions, and writes the table and the pictures.</summary>
/// <param name="model">The model.</param>
/// <param name="sources">The images.</param>
/// <param name="orientations">Views to segment each by.</param>
/// <param name="kernelThreshold">t of the soft masks, as the model was trained.</param>
internal sealed class SuggestionRun(SpocoModel model, IReadOnlyList<SuggestionSource> sources, int orientations, double kernelThreshold)
{
    private readonly List<CandidateRegion> _regions = [];
    private readonly List<(PatchExtents Seen, PatchExtents Stored)> _sizes = [];

    /// <summary>Regions of all images that are not labelled.</summary>
    public int Free => _regions.Count(region => !region.IsLabelled);

    /// <summary>Finds and measures the regions of all images.</summary>
    /// <exception cref="InputException">An image cannot be read, or does not fit the model.</exception>
    public void Look(CancellationToken cancellation) => ProgressDisplay.Run("looking at images", 0, sources.Count, display =>
    {
        for (var i = 0; i < sources.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (index, source) = (i, sources[i]);
            var (image, labels) = source.Load();
            var (seen, known) = (source.AsSeen(image), source.AsSeen(labels));
            _sizes.Add((Extents(seen), Extents(image)));
            var regions = ModelImages.Apply(model, seen, source.Item.ImagePath,
                normalised => RegionAnalysis.Of(model, normalised, known, index, orientations, kernelThreshold, cancellation));
            _regions.AddRange(regions);
            display.Report(i + 1, () => $"{source.Item.Name}: {regions.Count} regions, {regions.Count(region => region.IsLabelled)} of them labelled");
        }

        return sources.Count;
    });

    /// <summary>Chooses the suggestions.</summary>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<PlacedSuggestion> Choose(int count) => [.. SuggestionChoice.InOrder(_regions).Take(count).Select((suggestion, i) =>
    {
        var index = suggestion.Region.Image;
        return PlacedSuggestion.Of(i + 1, sources[index].Item.Name, suggestion, _sizes[index].Seen, _sizes[index].Stored);
    })];

    /// <summary>
    /// Writes the pictures, then the table. A picture that an earlier run has left of an image of which nothing is suggested now is removed.
    /// </summary>
    /// <param name="suggestions">The suggestions.</param>
    /// <param name="table">Where the table goes.</param>
    /// <param name="pictures">Where the picture of each image goes.</param>
    /// <param name="cancellation">Stops between pictures.</param>
    public void Write(IReadOnlyList<PlacedSuggestion> suggestions, PlannedOutput table, IReadOnlyList<PlannedOutput> pictures, CancellationToken cancellation)
    {
        OutputPlan.MakeFolder(table.Path);
        var byImage = suggestions.ToLookup(s => s.Suggestion.Region.Image);
        for (var i = 0; i < sources.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (byImage.Contains(i))
                SuggestionPicture.Draw(sources[i].Load().Image, _sizes[i].Seen, [.. byImage[i]]).WritePng(pictures[i].Path);
            else if (File.Exists(pictures[i].Path) && pictures[i].IsEarlier(pictures[i].Path))
                File.Delete(pictures[i].Path);
        }

        SuggestionTable.Write(table.Path, suggestions);
    }

    private static PatchExtents Extents(Volume<float> image) => new(image.Depth, image.Height, image.Width);
}
