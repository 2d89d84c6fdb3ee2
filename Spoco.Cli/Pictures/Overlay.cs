using Spoco.Engine;

namespace Spoco.Cli.Pictures;

/// <summary>Labels drawn over a picture of the same slice.</summary>
internal static class Overlay
{
    /// <summary>Colours the objects' outermost pixels: those with a neighbour of another label.</summary>
    public static Picture Boundaries(Picture picture, Volume<int> labels, int? slice = null) => Draw(picture, labels, slice, filled: 0, boundary: 1);

    /// <summary>Colours the objects translucently, their boundaries opaquely.</summary>
    public static Picture Filled(Picture picture, Volume<int> labels, int? slice = null, double opacity = 0.45) =>
        Draw(picture, labels, slice, opacity, boundary: 1);

    private static Picture Draw(Picture picture, Volume<int> labels, int? slice, double filled, double boundary)
    {
        if (picture.Width != labels.Width || picture.Height != labels.Height)
            throw new ArgumentException($"Overlay: labels are {labels}, the picture is {picture.Height}x{picture.Width}.", nameof(labels));
        var z = slice ?? labels.Depth / 2;
        var result = new Picture(picture.Width, picture.Height);
        for (var y = 0; y < picture.Height; y++)
            for (var x = 0; x < picture.Width; x++)
            {
                var label = labels[z, y, x];
                var opacity = label == 0 ? 0 : IsBoundary(labels, z, y, x) ? boundary : filled;
                result[x, y] = picture[x, y].Under(LabelColours.Of(label), opacity);
            }

        return result;
    }

    private static bool IsBoundary(Volume<int> labels, int z, int y, int x)
    {
        var label = labels[z, y, x];
        return (y > 0 && labels[z, y - 1, x] != label) || (y < labels.Height - 1 && labels[z, y + 1, x] != label)
            || (x > 0 && labels[z, y, x - 1] != label) || (x < labels.Width - 1 && labels[z, y, x + 1] != label);
    }
}
