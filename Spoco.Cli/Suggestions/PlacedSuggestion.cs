using Spoco.Engine.Data;
using Spoco.Engine.Suggestions;

namespace Spoco.Cli.Suggestions;

/// <summary>A suggestion with its place in the image as stored.</summary>
/// <param name="Number">Counted from 1, the most urgent one first.</param>
/// <param name="Image">The image's name.</param>
/// <param name="Z">Slice.</param>
/// <param name="Y">Row.</param>
/// <param name="X">Column.</param>
/// <param name="Voxels">Its size.</param>
/// <param name="Suggestion">What is suggested, as the network sees it.</param>
internal sealed record PlacedSuggestion(int Number, string Image, int Z, int Y, int X, long Voxels, Suggestion Suggestion)
{
    /// <summary>Finds the place of a suggestion.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="image">The image's name.</param>
    /// <param name="suggestion">The suggestion.</param>
    /// <param name="seen">The image's size as the network sees it.</param>
    /// <param name="stored">The image's size.</param>
    public static PlacedSuggestion Of(int number, string image, Suggestion suggestion, PatchExtents seen, PatchExtents stored)
    {
        var region = suggestion.Region;
        var scale = (double)stored.Height * stored.Width / ((double)seen.Height * seen.Width);
        return new PlacedSuggestion(number, image, region.Z, Scaled(region.Y, seen.Height, stored.Height), Scaled(region.X, seen.Width, stored.Width),
            Math.Max(1, (long)Math.Round(region.Voxels * scale)), suggestion);
    }

    private static int Scaled(int at, int seen, int stored) => (int)((at + 0.5) * stored / seen);
}
