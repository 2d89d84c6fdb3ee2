namespace Spoco.Engine.Segmentation;

/// <summary>
/// Otsu's threshold (1979): the grey value that splits a 256-bin histogram into two classes with the largest variance between them,
/// w1 w2 (m1 - m2)^2. As scikit-image's <c>threshold_otsu</c> on floating-point images, the threshold is the centre of the last dark bin.
/// </summary>
public static class Otsu
{
    private const int Bins = 256;

    /// <summary>The threshold; the value itself where the image has only one.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static float Threshold(ReadOnlySpan<float> image)
    {
        if (image.IsEmpty)
            throw new ArgumentException("Otsu: the image is empty.");
        var (minimum, maximum) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in image)
        {
            if (!float.IsFinite(value))
                throw new ArgumentException($"Otsu: values must be finite, got {value}.");
            (minimum, maximum) = (Math.Min(minimum, value), Math.Max(maximum, value));
        }
        if (minimum == maximum)
            return minimum;

        var range = (double)maximum - minimum;
        var counts = new double[Bins];
        foreach (var value in image)
            counts[Math.Min(Bins - 1, (int)(((double)value - minimum) / range * Bins))]++;

        var (below, sumBelow) = (0.0, 0.0);
        var (total, sumTotal) = ((double)image.Length, 0.0);
        for (var b = 0; b < Bins; b++)
            sumTotal += counts[b] * Centre(b);
        var (best, bestVariance) = (0, -1.0);
        for (var b = 0; b < Bins - 1; b++)
        {
            below += counts[b];
            sumBelow += counts[b] * Centre(b);
            var above = total - below;
            var difference = sumBelow / below - (sumTotal - sumBelow) / above;
            var variance = below * above * difference * difference;
            if (variance > bestVariance)
                (best, bestVariance) = (b, variance);
        }
        return (float)Centre(best);

        double Centre(int bin) => minimum + (bin + 0.5) * range / Bins;
    }

    /// <summary>1 where the image is above its threshold, else 0.</summary>
    /// <exception cref="ArgumentException">A value is not finite, or the image has several channels.</exception>
    public static Volume<byte> Mask(Volume<float> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        LabelImage.CheckSingleChannel(image, "Otsu");
        var threshold = Threshold(image.Data);
        return new Volume<byte>(Array.ConvertAll(image.Data, v => v > threshold ? (byte)1 : (byte)0), image.Depth, image.Height, image.Width)
        {
            VoxelSize = image.VoxelSize,
        };
    }
}
