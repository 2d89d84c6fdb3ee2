using Spoco.Cli.Demo;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary>A small data folder of synthetic cells on disk.</summary>
internal static class DataSet
{
    public static string Write(string folder, int train = 3, int validation = 1, int size = 64)
    {
        var index = 0;
        foreach (var (part, count) in new[] { ("train", train), ("val", validation) })
        {
            for (var i = 0; i < count; i++)
            {
                var (image, labels) = SyntheticCells.Draw(5, index++, size, size);
                WriteImage(Path.Combine(folder, part, "images", $"cell{i}.png"), image);
                Directory.CreateDirectory(Path.Combine(folder, part, "labels"));
                PngFile.WriteLabels(Path.Combine(folder, part, "labels", $"cell{i}.png"), labels);
            }
        }

        return folder;
    }

    public static void WriteImage(string path, Volume<float> image)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var rgb = image.Data.SelectMany(v => Enumerable.Repeat((byte)Math.Clamp(v, 0, 255), 3)).ToArray();
        PngFile.WriteRgb(path, rgb, image.Height, image.Width);
    }
}
