namespace Spoco.Engine.Segmentation;

/// <summary>The histogram behind <see cref="Otsu"/>, of values that come in parts: first their range is measured, then they are counted.</summary>
internal sealed class OtsuHistogram
{
    private const int Bins = 256;

    private readonly double[] _counts = new double[Bins];
    private double _total;
    private float _minimum = float.PositiveInfinity;
    private float _maximum = float.NegativeInfinity;

    private double Range => (double)_maximum - _minimum;

    /// <summary>Takes a part of the values into the range.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public void Measure(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                throw new ArgumentException($"Otsu: values must be finite, got {value}.");
            (_minimum, _maximum) = (Math.Min(_minimum, value), Math.Max(_maximum, value));
        }
    }

    /// <summary>Counts a part of the values, once all have been measured.</summary>
    public void Count(ReadOnlySpan<float> values)
    {
        _total += values.Length;
        var range = Range;
        if (range == 0)
            return;
        foreach (var value in values)
            _counts[Math.Min(Bins - 1, (int)(((double)value - _minimum) / range * Bins))]++;
    }

    /// <summary>The threshold; the value itself where there is only one.</summary>
    public float Threshold()
    {
        if (Range == 0)
            return _minimum;
        var (below, sumBelow, sumTotal) = (0.0, 0.0, 0.0);
        for (var b = 0; b < Bins; b++)
            sumTotal += _counts[b] * Centre(b);
        var (best, bestVariance) = (0, -1.0);
        for (var b = 0; b < Bins - 1; b++)
        {
            below += _counts[b];
            sumBelow += _counts[b] * Centre(b);
            var above = _total - below;
            var difference = sumBelow / below - (sumTotal - sumBelow) / above;
            var variance = below * above * difference * difference;
            if (variance > bestVariance)
                (best, bestVariance) = (b, variance);
        }

        return (float)Centre(best);
    }

    private double Centre(int bin) => _minimum + (bin + 0.5) * Range / Bins;
}
