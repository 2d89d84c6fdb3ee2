namespace Spoco.Engine;

/// <summary>Mean and scale of an image that may be too large for memory; see <see cref="Normalisation"/>.</summary>
/// <param name="Mean">Mean of all values.</param>
/// <param name="Scale">1 / deviation; 0 for an image of one single value.</param>
internal readonly record struct ImageStatistics(double Mean, double Scale)
{
    /// <summary>Reads the values twice, in blocks, and sums them in their order: the result does not depend on how they are cut.</summary>
    /// <param name="blocks">Starts a pass over the values.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public static ImageStatistics Of(Func<IEnumerable<float[]>> blocks, string name = "image")
    {
        ArgumentNullException.ThrowIfNull(blocks);
        var (low, high, sum, count) = (float.PositiveInfinity, float.NegativeInfinity, 0.0, 0L);
        foreach (var block in blocks())
        {
            foreach (var value in block)
            {
                if (!float.IsFinite(value))
                    throw new InputException($"Normalisation: {name} holds values that are infinite or not a number.");
                low = Math.Min(low, value);
                high = Math.Max(high, value);
                sum += value;
            }

            count += block.Length;
        }

        if (low >= high)
            return new ImageStatistics(low, 0);
        var (mean, squares) = (sum / count, 0.0);
        foreach (var block in blocks())
        {
            foreach (var value in block)
                squares += (value - mean) * (value - mean);
        }

        return new ImageStatistics(mean, 1 / Math.Sqrt(squares / count));
    }

    /// <summary>(value - mean) / deviation of every value; the two spans may be the same.</summary>
    public void Normalise(ReadOnlySpan<float> values, Span<float> result)
    {
        for (var i = 0; i < values.Length; i++)
            result[i] = (float)((values[i] - Mean) * Scale);
    }
}
