
namespace Spoco.Engine.Data;

/// <summary>
/// Varies the values of one view of a patch: jitter, greyscale, blur, shot noise, Gaussian noise, in this order. Images of three channels are taken for colour images.
/// Values are normalised ones, 0 being the image's mean. Keeps scratch memory: one instance per thread.
/// </summary>
internal sealed class IntensityAugmentation(AugmentationOptions options)
{
    private readonly GaussianBlur _blur = new();

    /// <summary>Varies <paramref name="values"/>, [D, H, W, C], in place.</summary>
    /// <param name="random">Decides everything.</param>
    /// <param name="values">The patch.</param>
    /// <param name="extents">Its size.</param>
    /// <param name="channels">Values per voxel.</param>
    /// <param name="allAxes">Whether the blur extends along z.</param>
    public void Apply(RandomSource random, Span<float> values, PatchExtents extents, int channels, bool allAxes)
    {
        var jitter = random.NextBool(options.JitterProbability);
        if (channels == 3)
        {
            var grey = random.NextBool(options.GreyscaleProbability);
            if (jitter || grey)
                ApplyColour(random, values, jitter, grey);
        }
        else if (jitter)
        {
            JitterGrey(random, values);
        }

        if (random.NextBool(options.BlurProbability))
            _blur.Apply(values, extents, channels, options.BlurSigma.Draw(random), allAxes);
        if (options.PoissonProbability > 0 && random.NextBool(options.PoissonProbability))
            AddShotNoise(random, values, options.PoissonEvents.Draw(random));
        if (random.NextBool(options.NoiseProbability))
            AddNoise(random, values, (float)options.NoiseDeviation.Draw(random));
    }

    private void JitterGrey(RandomSource random, Span<float> values)
    {
        var brightness = (float)Around(random, 0, options.Brightness);
        var contrast = (float)Around(random, 1, options.Contrast);
        var gamma = (float)Math.Pow(1 + options.Gamma, random.NextDouble(-1, 1));
        var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in values)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        var range = high - low;
        if (range > 0 && gamma != 1)
            foreach (ref var value in values)
                value = low + range * MathF.Pow((value - low) / range, gamma);
        foreach (ref var value in values)
            value = contrast * value + brightness;
    }

    /// <summary>
    /// Contrast, saturation, hue and greyscale are each linear in (r, g, b), and brightness adds a constant: one matrix and one pass do all of it.
    /// Nothing is clamped, since normalised values have no end of their scale.
    /// </summary>
    private void ApplyColour(RandomSource random, Span<float> values, bool jitter, bool grey)
    {
        var (brightness, contrast, saturation, hue) = jitter
            ? (Around(random, 0, options.Brightness), Around(random, 1, options.Contrast),
                Around(random, 1, options.Saturation), Around(random, 0, options.Hue) * 2 * Math.PI)
            : (0, 1, 1, 0);
        if (grey)
            saturation = 0;
        // Rotation about the grey axis: R = cos + (1 - cos)/3 (all ones) + sin/sqrt(3) (cross product with (1, 1, 1)).
        var (sin, cos) = Math.SinCos(hue);
        var (same, forward, back) = ((1 + 2 * cos) / 3, (1 - cos) / 3 - sin / Math.Sqrt(3), (1 - cos) / 3 + sin / Math.Sqrt(3));
        Span<float> m = stackalloc float[9];
        for (var column = 0; column < 3; column++)
        {
            var (r, g, b) = (column == 0 ? 1.0 : 0, column == 1 ? 1.0 : 0, column == 2 ? 1.0 : 0);
            var luma = Luma(r, g, b);
            (r, g, b) = (r - luma, g - luma, b - luma);
            (r, g, b) = (same * r + forward * g + back * b, back * r + same * g + forward * b, forward * r + back * g + same * b);
            // The turned colour keeps its luma.
            var shift = Luma(r, g, b);
            m[column] = (float)(contrast * (luma + saturation * (r - shift)));
            m[3 + column] = (float)(contrast * (luma + saturation * (g - shift)));
            m[6 + column] = (float)(contrast * (luma + saturation * (b - shift)));
        }

        for (var at = 0; at < values.Length; at += 3)
        {
            var (r, g, b) = (values[at], values[at + 1], values[at + 2]);
            values[at] = m[0] * r + m[1] * g + m[2] * b + (float)brightness;
            values[at + 1] = m[3] * r + m[4] * g + m[5] * b + (float)brightness;
            values[at + 2] = m[6] * r + m[7] * g + m[8] * b + (float)brightness;
        }
    }

    /// <summary>
    /// Counts of events instead of values: v becomes low + P(k (v - low)) / k, k events per deviation of the image and low the patch's lowest value.
    /// </summary>
    private static void AddShotNoise(RandomSource random, Span<float> values, double events)
    {
        var low = float.PositiveInfinity;
        foreach (var value in values)
            low = Math.Min(low, value);
        foreach (ref var value in values)
            value = (float)(low + PoissonNumbers.Next(random, events * (value - low)) / events);
    }

    private static void AddNoise(RandomSource random, Span<float> values, float deviation)
    {
        if (deviation > 0)
            foreach (ref var value in values)
                value += deviation * (float)random.NextGaussian();
    }

    /// <summary>Luma of ITU-R BT.601.</summary>
    private static double Luma(double red, double green, double blue) => 0.299 * red + 0.587 * green + 0.114 * blue;

    private static double Around(RandomSource random, double centre, double distance) => random.NextDouble(centre - distance, centre + distance);
}
