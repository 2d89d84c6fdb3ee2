namespace Spoco.Engine.Suggestions;

/// <summary>A region that is suggested.</summary>
/// <param name="Region">The region.</param>
/// <param name="Score">How much speaks for it by itself, between 0 and 1.</param>
public readonly record struct Suggestion(CandidateRegion Region, double Score);

/// <summary>
/// Chooses which objects to label next. The score of a region is the mean of its ranks, as parts of all regions that are not labelled, in each of the measures. The next
/// suggestion is that with the largest
/// <code>score * (1 - A / 2) * (1 - S) / (1 + m)</code>
/// against all that are labelled or were suggested before: A the largest exp(-|a - b|^2 / 2) of what they look like, each value in its deviations over all regions; S the
/// largest exp(-(d / (2 (r + s)))^2) within the image, d the distance of two and r and s their radii as discs or balls; m how many there are in the image. So no spot comes
/// twice, and images without labels come first. Of equals the first. Ours; a greedy choice of what is unsure and different, as in Sener and Savarese, ICLR 2018.
/// </summary>
public static class SuggestionChoice
{
    /// <summary>All regions that are not labelled in the order in which they are suggested: as many are computed as are asked for.</summary>
    /// <param name="regions">The regions of all images, labelled ones included.</param>
    public static IEnumerable<Suggestion> InOrder(IReadOnlyList<CandidateRegion> regions)
    {
        ArgumentNullException.ThrowIfNull(regions);
        return Choose(regions);
    }

    private static IEnumerable<Suggestion> Choose(IReadOnlyList<CandidateRegion> regions)
    {
        var free = Enumerable.Range(0, regions.Count).Where(i => !regions[i].IsLabelled).ToList();
        var scores = Scores([.. free.Select(i => regions[i].Measures)]);
        var looks = Standardised(regions);
        var (alike, spot) = (new double[free.Count], new double[free.Count]);
        var perImage = new Dictionary<int, int>();
        for (var i = 0; i < regions.Count; i++)
            if (regions[i].IsLabelled)
                Differ(i);
        var left = Enumerable.Range(0, free.Count).ToList();
        while (left.Count > 0)
        {
            var next = left.MaxBy(Gain);
            left.Remove(next);
            yield return new Suggestion(regions[free[next]], scores[next]);
            Differ(free[next]);
        }

        double Gain(int f) => scores[f] * (1 - alike[f] / 2) * (1 - spot[f]) / (1 + perImage.GetValueOrDefault(regions[free[f]].Image));

        // From now on others are to differ from this one.
        void Differ(int from)
        {
            perImage[regions[from].Image] = perImage.GetValueOrDefault(regions[from].Image) + 1;
            for (var f = 0; f < free.Count; f++)
            {
                alike[f] = Math.Max(alike[f], Alike(looks[free[f]], looks[from]));
                if (regions[free[f]].Image == regions[from].Image)
                    spot[f] = Math.Max(spot[f], SameSpot(regions[free[f]], regions[from]));
            }
        }
    }

    /// <summary>The mean rank of every region, between 0 and 1; equal values share their mean rank. A measure that no region has does not count.</summary>
    internal static double[] Scores(IReadOnlyList<RegionMeasures> measures)
    {
        double[][] values =
        [
            [.. measures.Select(m => m.Disagreement)], [.. measures.Select(m => m.LowMargin)],
            .. measures.All(m => m.UnclearForeground is not null) ? new[] { measures.Select(m => m.UnclearForeground!.Value).ToArray() } : [],
        ];
        var scores = new double[measures.Count];
        foreach (var measure in values)
        {
            var sorted = measure.Order().ToArray();
            for (var i = 0; i < scores.Length; i++)
            {
                var (below, upTo) = (Bound(sorted, measure[i], strictly: false), Bound(sorted, measure[i], strictly: true));
                scores[i] += (below + upTo) / 2.0 / scores.Length / values.Length;
            }
        }

        return scores;
    }

    /// <summary>Number of values that are smaller than another one or, where <paramref name="strictly"/>, not larger.</summary>
    private static int Bound(double[] sorted, double value, bool strictly)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < value || (strictly && sorted[middle] == value))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static double[][] Standardised(IReadOnlyList<CandidateRegion> regions)
    {
        var looks = regions.Select(region => region.Looks.ToArray()).ToArray();
        for (var k = 0; looks.Length > 0 && k < looks[0].Length; k++)
        {
            var mean = looks.Average(look => look[k]);
            var deviation = Math.Sqrt(looks.Average(look => (look[k] - mean) * (look[k] - mean)));
            foreach (var look in looks)
                look[k] = deviation > 0 ? (look[k] - mean) / deviation : 0;
        }

        return looks;
    }

    private static double Alike(double[] a, double[] b) => Math.Exp(-a.Zip(b, (x, y) => (x - y) * (x - y)).Sum() / 2);

    private static double SameSpot(CandidateRegion a, CandidateRegion b)
    {
        var (z, y, x, reach) = ((double)a.Z - b.Z, (double)a.Y - b.Y, (double)a.X - b.X, 2 * (a.Radius + b.Radius));
        return Math.Exp(-(z * z + y * y + x * x) / (reach * reach));
    }
}
