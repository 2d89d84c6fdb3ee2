using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// A mask of the pixels that belong to objects, made by somebody else: CVPPP's <c>_fg</c> images, or a semantic segmentation of Cityscapes, of which the
/// pixels of one class are the mask, given as <c>labelIds</c> or in Cityscapes' colours.
/// </summary>
internal static class SemanticMask
{
    private const string CityscapesEnding = "_leftImg8bit";

    /// <summary>Reads the mask of an image.</summary>
    /// <param name="source">A file, or a folder with a mask per image.</param>
    /// <param name="image">The image's name without folder and extension.</param>
    /// <param name="only">The class; null: every pixel above 0.</param>
    /// <returns>1 within the mask, 0 outside.</returns>
    /// <exception cref="InputException">There is no mask of this name, or it cannot be read.</exception>
    public static Volume<byte> Read(string source, string image, CityscapesClass? only)
    {
        var path = PathOf(source, image);
        if (InputFile.KindOf(path) == FileKind.Png && PngFile.Channels(path) == 3)
        {
            var colours = InputFile.ReadImage(path);
            var mask = new Volume<byte>(1, colours.Height, colours.Width);
            for (var i = 0; i < mask.Data.Length; i++)
            {
                var colour = ((int)colours.Data[3 * i] << 16) + ((int)colours.Data[3 * i + 1] << 8) + (int)colours.Data[3 * i + 2];
                mask.Data[i] = (only is null ? colour != 0 : colour == only.Colour) ? (byte)1 : (byte)0;
            }

            return mask;
        }

        var labels = InputFile.ReadLabels(path);
        return new Volume<byte>(Array.ConvertAll(labels.Data, l => (only is null ? l > 0 : l == only.Id) ? (byte)1 : (byte)0),
            labels.Depth, labels.Height, labels.Width);
    }

    /// <summary>The file that is the mask of an image.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static string PathOf(string source, string image) =>
        File.Exists(source) ? source : Names(image).SelectMany(name => Files(source, image, name)).FirstOrDefault()
            ?? throw new InputException($"{source}: holds no mask for {image} (looked for {string.Join(", ", Names(image))}).");

    private static string[] Names(string image)
    {
        if (image.EndsWith("_rgb", StringComparison.Ordinal))
            return [image, image[..^4] + "_fg"];
        if (!image.EndsWith(CityscapesEnding, StringComparison.Ordinal))
            return [image];
        var stem = image[..^CityscapesEnding.Length];
        return [image, stem, stem + "_gtFine_labelIds", stem + "_labelIds"];
    }

    /// <summary>The masks of a name in a folder, or in that of the city.</summary>
    private static IEnumerable<string> Files(string folder, string image, string name)
    {
        var city = Path.Combine(folder, image.Split('_')[0]);
        return new[] { folder, city }.Where(Directory.Exists).SelectMany(FolderContents.Files).Where(file => Path.GetFileNameWithoutExtension(file) == name);
    }
}
