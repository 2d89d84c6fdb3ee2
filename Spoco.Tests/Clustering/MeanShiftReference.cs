using Spoco.Engine.Clustering;

namespace Spoco.Tests.Clustering;

/// <summary>Mean-shift by the book, O(n^2) and more, in double precision: every seed looks at every point, every end at every centre.</summary>
internal static class MeanShiftReference
{
    /// <summary>The centres in their order, and the labels.</summary>
    public static (double[][] Centres, int[] Labels) Cluster(Points points, MeanShiftOptions options)
    {
        var x = Rows(points);
        var ends = new Dictionary<string, (double[] Mean, int Count)>();
        foreach (var seed in Seeds(x, options))
        {
            if (Walk(x, seed, options) is { } end)
                ends[string.Join(' ', end.Mean)] = end;
        }

        var sorted = ends.Values.ToList();
        sorted.Sort((a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : b.Mean.AsSpan().SequenceCompareTo(a.Mean));
        var square = options.Bandwidth * options.Bandwidth;
        var centres = new List<double[]>();
        foreach (var (mean, _) in sorted)
        {
            if (centres.All(c => Square(c, mean) > square))
                centres.Add(mean);
        }

        // Ours: scikit-learn refuses it.
        if (centres.Count == 0 && options.BinSeeding && Seeds(x, options).Length > 0)
            return Cluster(points, options with { BinSeeding = false });
        return ([.. centres], [.. x.Select(p => Nearest(p, centres) is var k && k >= 0 && (options.ClusterAll || Square(p, centres[k]) <= square) ? k + 1 : 0)]);
    }

    /// <summary>The seeds, in their order.</summary>
    public static double[][] Seeds(double[][] x, MeanShiftOptions options)
    {
        var h = (float)options.Bandwidth;
        var cells = new Dictionary<string, (float[] Cell, int Count)>();
        foreach (var p in x)
        {
            var cell = p.Select(v => MathF.Round((float)v / h) + 0f).ToArray();
            var key = string.Join(' ', cell);
            cells[key] = (cell, cells.GetValueOrDefault(key).Count + 1);
        }

        var seeds = cells.Values.Where(c => c.Count >= options.MinBinFrequency).Select(c => c.Cell.Select(v => (double)(v * h)).ToArray()).ToArray();
        return options.BinSeeding && seeds.Length != x.Length ? seeds : x;
    }

    /// <summary>The points.</summary>
    public static double[][] Rows(Points points) => [.. points.Values.ToArray().Chunk(points.Dimensions).Select(row => Array.ConvertAll(row, v => (double)v))];

    /// <summary>The squared distance.</summary>
    public static double Square(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var c = 0; c < a.Length; c++)
            sum += (a[c] - b[c]) * (a[c] - b[c]);
        return sum;
    }

    private static (double[] Mean, int Count)? Walk(double[][] x, double[] seed, MeanShiftOptions options)
    {
        for (var shifts = 0; ; shifts++)
        {
            var mean = new double[seed.Length];
            var count = 0;
            foreach (var p in x)
            {
                if (Square(p, seed) > options.Bandwidth * options.Bandwidth)
                    continue;
                count++;
                for (var c = 0; c < mean.Length; c++)
                    mean[c] += p[c];
            }

            if (count == 0)
                return null;
            for (var c = 0; c < mean.Length; c++)
                mean[c] /= count;
            if (Math.Sqrt(Square(mean, seed)) <= 1e-3 * options.Bandwidth || shifts == options.MaxIterations)
                return (mean, count);
            seed = mean;
        }
    }

    private static int Nearest(double[] point, List<double[]> centres)
    {
        var (nearest, least) = (-1, double.PositiveInfinity);
        for (var k = 0; k < centres.Count; k++)
        {
            if (Square(point, centres[k]) is var square && square < least)
                (nearest, least) = (k, square);
        }

        return nearest;
    }
}
