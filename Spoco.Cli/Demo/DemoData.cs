using Spoco.Cli.Files;

namespace Spoco.Cli.Demo;

/// <summary>Writes the demo's images as a data folder, laid out as <c>spoco train</c> reads it.</summary>
internal static class DemoData
{
    private const int TrainImages = 24;
    private const int ValidationImages = 4;
    private const int TestImages = 6;

    /// <summary>Writes <c>train</c>, <c>val</c> and <c>test</c>, each with <c>images</c> and <c>labels</c>.</summary>
    /// <returns>The folder of the test part: images that neither training nor the choice of the best model sees.</returns>
    public static string Write(string folder, long seed, CancellationToken cancellation)
    {
        var index = 0;
        foreach (var (part, count) in new[] { ("train", TrainImages), ("val", ValidationImages), ("test", TestImages) })
        {
            var (images, labels) = (Path.Combine(folder, part, "images"), Path.Combine(folder, part, "labels"));
            Directory.CreateDirectory(images);
            Directory.CreateDirectory(labels);
            for (var i = 0; i < count; i++, index++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (image, truth) = SyntheticCells.Draw(seed, index);
                var rgb = new byte[image.Data.Length * 3];
                for (var j = 0; j < image.Data.Length; j++)
                    rgb.AsSpan(3 * j, 3).Fill((byte)Math.Clamp(image.Data[j] + 0.5f, 0, 255));
                PngFile.WriteRgb(Path.Combine(images, $"cells_{i:00}.png"), rgb, image.Height, image.Width);
                PngFile.WriteLabels(Path.Combine(labels, $"cells_{i:00}.png"), truth);
            }
        }

        return Path.Combine(folder, "test");
    }
}
