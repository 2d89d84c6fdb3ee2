namespace Spoco.Tests.Scores;

/// <summary>Random true labels and what a segmentation could have made of them; the seed alone determines a pair.</summary>
internal static class LabelPairs
{
    public const int Ignored = 255;

    private const int Height = 9;
    private const int Width = 13;

    public static (int[] Truth, int[] Predicted) Draw(int seed)
    {
        var random = new Random(seed);
        var truth = (seed % 7) switch
        {
            0 => new int[Height * Width],
            1 => Rectangles(random, 1, 5),
            2 => Rectangles(random, 20, 1),
            _ => Rectangles(random, random.Next(2, 9), 5),
        };
        var predicted = (seed / 7 % 8) switch
        {
            0 => new int[truth.Length],
            1 => (int[])truth.Clone(),
            2 => Split(truth),
            3 => Merged(truth),
            4 => Shifted(truth),
            5 => Rectangles(random, random.Next(1, 9), 6),
            6 => Rectangles(random, 1, 9),
            _ => Forgotten(random, truth),
        };
        if (seed % 3 == 0)
            for (var i = 0; i < truth.Length; i++)
                truth[i] = random.Next(5) == 0 ? Ignored : truth[i];
        return (truth, Array.ConvertAll(predicted, l => l == 0 ? 0 : l + seed % 2 * (1 << 24)));
    }

    private static int[] Rectangles(Random random, int count, int side)
    {
        var labels = new int[Height * Width];
        for (var label = 1; label <= count; label++)
        {
            var (top, left, bottom, right) = (random.Next(Height), random.Next(Width), random.Next(1, side + 1), random.Next(1, side + 1));
            for (var y = top; y < Math.Min(Height, top + bottom); y++)
                for (var x = left; x < Math.Min(Width, left + right); x++)
                    labels[y * Width + x] = label;
        }
        return labels;
    }

    private static int[] Split(int[] labels) => [.. labels.Select((l, i) => l == 0 ? 0 : 2 * l + (i % Width < Width / 2 ? 0 : 1))];

    private static int[] Merged(int[] labels) => Array.ConvertAll(labels, l => (l + 1) / 2);

    private static int[] Shifted(int[] labels) => [.. labels.Select((_, i) => i % Width == 0 ? 0 : labels[i - 1])];

    private static int[] Forgotten(Random random, int[] labels)
    {
        var kept = Enumerable.Range(0, labels.Max() + 1).Select(_ => random.Next(2)).ToArray();
        return Array.ConvertAll(labels, l => l * kept[l]);
    }
}
