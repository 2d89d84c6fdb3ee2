using System.Globalization;
using Spoco.Cli.Pictures;
using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Suggestions;

/// <summary>The suggestions of an image drawn over it: outlines and numbers. Of a volume, every slice through the middle of one.</summary>
internal static class SuggestionPicture
{
    // Small images are enlarged until their longer side has this many pixels, so that numbers can be read.
    private const int LeastSide = 512;
    private const int LargestFactor = 8;
    private const int Columns = 3;
    private const int TextScale = 2;

    /// <summary>Draws the suggestions of one image.</summary>
    /// <param name="image">The image as stored.</param>
    /// <param name="seen">Its size as the network sees it, which the regions have.</param>
    /// <param name="suggestions">Its suggestions, at least one.</param>
    public static Picture Draw(Volume<float> image, PatchExtents seen, IReadOnlyList<PlacedSuggestion> suggestions)
    {
        var slices = suggestions.Select(s => s.Z).Distinct().Order().Select(z => (Z: z, Picture: Slice(image, z, seen, suggestions))).ToArray();
        return image.Depth == 1 ? slices[0].Picture
            : Panel.Compose([.. slices.Select(s => new PanelCell(string.Create(CultureInfo.InvariantCulture, $"z {s.Z}"), s.Picture)).Chunk(Columns)]);
    }

    /// <summary>A slice; regions whose middle lies in another one are outlined too, their numbers stand in their middle slices.</summary>
    private static Picture Slice(Volume<float> image, int z, PatchExtents seen, IReadOnlyList<PlacedSuggestion> suggestions)
    {
        var numbers = new Volume<int>(1, seen.Height, seen.Width);
        foreach (var s in suggestions)
            Mark(numbers, z, s);
        var labels = seen.Height == image.Height && seen.Width == image.Width ? numbers : Resizing.Labels(numbers, new PatchExtents(1, image.Height, image.Width));
        var factor = Math.Clamp(LeastSide / Math.Max(image.Height, image.Width), 1, LargestFactor);
        var picture = Overlay.Boundaries(Picture.OfImage(image, z), labels, slice: 0).Enlarge(factor);
        foreach (var s in suggestions.Where(s => s.Z == z))
            Number(picture, s, labels, factor);
        return picture;
    }

    private static void Mark(Volume<int> numbers, int z, PlacedSuggestion suggestion)
    {
        var voxels = numbers.Data.Length;
        foreach (var (start, length) in suggestion.Suggestion.Region.Runs)
        {
            // A run may go on in the next row, or in the next slice.
            var (first, last) = (Math.Max((long)start, (long)z * voxels), Math.Min((long)start + length, (z + 1L) * voxels));
            if (first < last)
                numbers.Data.AsSpan((int)(first - (long)z * voxels), (int)(last - first)).Fill(suggestion.Number);
        }
    }

    /// <summary>The number to the right of the region or, where there is no room, to its left, on black.</summary>
    private static void Number(Picture picture, PlacedSuggestion suggestion, Volume<int> labels, int factor)
    {
        var (text, left, right) = ($"{suggestion.Number}", suggestion.X, suggestion.X);
        while (left > 0 && labels[0, suggestion.Y, left - 1] == suggestion.Number)
            left--;
        while (right < labels.Width - 1 && labels[0, suggestion.Y, right + 1] == suggestion.Number)
            right++;
        var (width, height) = (BitmapFont.WidthOf(text, TextScale), BitmapFont.GlyphHeight * TextScale);
        var start = (right + 1) * factor + TextScale;
        if (start + width > picture.Width)
            start = Math.Max(0, left * factor - TextScale - width);
        var top = Math.Clamp(suggestion.Y * factor + factor / 2 - height / 2, 0, Math.Max(0, picture.Height - height));
        picture.Draw(new Picture(width + 2, height + 2), start - 1, top - 1);
        BitmapFont.Draw(picture, text, start, top, LabelColours.Of(suggestion.Number), TextScale);
    }
}
