namespace Spoco.Engine;

/// <summary>How intensities are mapped before a network sees them.</summary>
public enum ToneCurve
{
    /// <summary>As they are.</summary>
    Linear,

    /// <summary>
    /// asinh(k (x - background)): the logarithm where light is strong, linear where it is weak. Fluorescence spans decades; without it dim objects beside
    /// bright ones lie within a few hundredths of a deviation.
    /// </summary>
    Compressed,
}

/// <summary>Brings an image to mean 0 and deviation 1, as the networks expect it.</summary>
public static class Normalisation
{
    /// <summary>k of <see cref="ToneCurve.Compressed"/>, per deviation of the image.</summary>
    private const double Compression = 4;

    private const int PercentileSamples = 1 << 16;

    /// <summary>(x - mean) / deviation, by <see cref="ToneCurve.Compressed"/> twice, before and after; an image or channel of one single value becomes 0.</summary>
    /// <param name="image">The image, [D, H, W, C]; left as it is.</param>
    /// <param name="perChannel">Whether every channel has a mean and a deviation of its own, instead of all channels sharing one.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <param name="tone">How intensities are mapped; a model is used with the curve it was trained with.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public static Volume<float> Apply(Volume<float> image, bool perChannel = false, string name = "image", ToneCurve tone = ToneCurve.Linear)
    {
        ArgumentNullException.ThrowIfNull(image);
        var result = new Volume<float>(image.Depth, image.Height, image.Width, image.Channels) { VoxelSize = image.VoxelSize };
        var groups = perChannel ? image.Channels : 1;
        for (var group = 0; group < groups; group++)
        {
            Standardise(image.Data, result.Data, group, groups, name);
            if (tone == ToneCurve.Linear)
                continue;
            Compress(result.Data, group, groups);
            Standardise(result.Data, result.Data, group, groups, name);
        }

        return result;
    }

    /// <summary>Third standardised moment: 0 for a symmetric histogram, above 1 for few bright objects on dark ground.</summary>
    public static double Skewness(Volume<float> image)
    {
        var standard = Apply(image);
        return standard.Data.Average(x => (double)x * x * x);
    }

    private static void Compress(float[] values, int first, int step)
    {
        // The 1st percentile stands for the background: the minimum may be a dead pixel.
        var count = values.Length / step;
        var stride = Math.Max(1, count / PercentileSamples);
        var samples = new float[(count + stride - 1) / stride];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = values[first + i * stride * step];
        Array.Sort(samples);
        var background = samples[samples.Length / 100];
        for (var i = first; i < values.Length; i += step)
            values[i] = (float)Math.Asinh(Compression * (values[i] - background));
    }

    private static void Standardise(float[] from, float[] to, int first, int step, string name)
    {
        var (low, high, sum) = (float.PositiveInfinity, float.NegativeInfinity, 0.0);
        for (var i = first; i < from.Length; i += step)
        {
            var value = from[i];
            if (!float.IsFinite(value))
                throw new InputException($"Normalisation: {name} holds values that are infinite or not a number.");
            low = Math.Min(low, value);
            high = Math.Max(high, value);
            sum += value;
        }

        if (low == high)
            return;
        var mean = sum / (from.Length / step);
        var squares = 0.0;
        for (var i = first; i < from.Length; i += step)
            squares += (from[i] - mean) * (from[i] - mean);
        var scale = 1 / Math.Sqrt(squares / (from.Length / step));
        for (var i = first; i < from.Length; i += step)
            to[i] = (float)((from[i] - mean) * scale);
    }
}
