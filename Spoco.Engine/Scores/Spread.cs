namespace Spoco.Engine.Scores;

/// <summary>Mean and deviation of values: of a score over images or runs.</summary>
/// <param name="Mean">Of those that are finite; NaN of none.</param>
/// <param name="Deviation">Sample standard deviation (n - 1); 0 of a single value.</param>
/// <param name="Count">Those that are finite.</param>
public readonly record struct Spread(double Mean, double Deviation, int Count)
{
    /// <summary>Standard error of the mean, the deviation / sqrt(n); NaN of fewer than two values.</summary>
    public double StandardError => Count < 2 ? double.NaN : Deviation / Math.Sqrt(Count);

    /// <summary>Mean and deviation of those values that are finite.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        var finite = values.Where(double.IsFinite).ToArray();
        if (finite.Length == 0)
            return new Spread(double.NaN, 0, 0);
        var mean = finite.Average();
        return new Spread(mean, finite.Length == 1 ? 0 : Math.Sqrt(finite.Sum(v => (v - mean) * (v - mean)) / (finite.Length - 1)), finite.Length);
    }
}
