using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine;

/// <summary>
/// What <see cref="NormalisationOptions"/> mean for one image, which may be too large for memory: it is read in blocks, several times, and the result
/// does not depend on how it is cut.
/// </summary>
public sealed class ImageScaling
{
    private readonly Channel[] _channels;
    private readonly float _clip;
    private readonly bool _cuts;

    private ImageScaling(Channel[] channels, double? clip)
    {
        (_channels, _clip) = (channels, (float)(clip ?? float.PositiveInfinity));
        _cuts = clip is not null || channels.Any(c => c.Low > float.NegativeInfinity || c.High < float.PositiveInfinity);
    }

    /// <summary>Measures an image.</summary>
    /// <param name="options">How it is to be normalised.</param>
    /// <param name="channels">Its channels.</param>
    /// <param name="blocks">Starts a pass over its values, whole voxels in a block.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number, or the options are for another number of channels.</exception>
    public static ImageScaling Of(NormalisationOptions options, int channels, Func<IEnumerable<float[]>> blocks, string name = "image")
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(blocks);
        options.Validate();
        var whole = new Channel(float.NegativeInfinity, float.PositiveInfinity, default);
        var result = Enumerable.Repeat(whole, channels).ToArray();
        switch (options.Kind)
        {
            case NormalisationKind.ZScore:
                Array.Fill(result, whole with { Statistics = ImageStatistics.Of(blocks, name) });
                break;
            case NormalisationKind.ZScorePerChannel:
                for (var c = 0; c < channels; c++)
                    result[c] = whole with { Statistics = ImageStatistics.Of(() => blocks().Select(block => OfChannel(block, c, channels)), name) };
                break;
            case NormalisationKind.Percentile:
                for (var c = 0; c < channels; c++)
                {
                    result[c] = Cut(
                        options, Percentiles.Of(() => blocks().Select(block => OfChannel(block, c, channels)), options.Low, options.High, name));
                }


                var cut = new ImageScaling([.. result], null);
                var statistics = ImageStatistics.Of(() => blocks().Select(cut.CutOnly), name);
                for (var c = 0; c < channels; c++)
                    result[c] = result[c] with { Statistics = statistics };
                break;
            default:
                RequireNumbers(blocks, name);
                if (options.Kind == NormalisationKind.Fixed && options.Mean.Count != 1 && options.Mean.Count != channels)
                    throw new InputException($"Normalisation: {options} is for {options.Mean.Count} channels, {name} has {channels}.");
                for (var c = 0; c < channels; c++)
                {
                    var i = Math.Min(c, options.Mean.Count - 1);
                    var (mean, deviation) = i < 0 ? (0, 1) : (options.Mean[i], options.Deviation[i]);
                    result[c] = whole with { Statistics = new ImageStatistics(mean, 1 / deviation) };
                }

                break;
        }

        return new ImageScaling(result, options.Clip);
    }

    /// <summary>Normalises values that begin with the first channel of a voxel; the two spans may be the same.</summary>
    public void Apply(ReadOnlySpan<float> values, Span<float> result)
    {
        if (!_cuts && Array.TrueForAll(_channels, c => c.Statistics == _channels[0].Statistics))
        {
            _channels[0].Statistics.Normalise(values, result);
            return;
        }

        for (var (i, c) = (0, 0); i < values.Length; i++, c = c + 1 == _channels.Length ? 0 : c + 1)
        {
            ref readonly var channel = ref _channels[c];
            var value = (float)((Math.Clamp(values[i], channel.Low, channel.High) - channel.Statistics.Mean) * channel.Statistics.Scale);
            result[i] = Math.Clamp(value, -_clip, _clip);
        }
    }

    private static Channel Cut(NormalisationOptions options, (float Low, float High) percentiles)
    {
        var (low, high) = percentiles;
        var margin = options.Margin * ((double)high - low);

        // Between two equal percentiles there is no scale to tell what lies far outside: cutting there would leave nothing of the image.
        return low >= high
            ? new Channel(float.NegativeInfinity, float.PositiveInfinity, default)
            : new Channel((float)Math.Max(low - margin, float.MinValue), (float)Math.Min(high + margin, float.MaxValue), default);
    }

    private float[] CutOnly(float[] values)
    {
        var result = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
            result[i] = Math.Clamp(values[i], _channels[i % _channels.Length].Low, _channels[i % _channels.Length].High);
        return result;
    }

    private static float[] OfChannel(float[] block, int channel, int channels)
    {
        if (channels == 1)
            return block;
        var result = new float[block.Length / channels];
        for (var i = 0; i < result.Length; i++)
            result[i] = block[i * channels + channel];
        return result;
    }

    private static void RequireNumbers(Func<IEnumerable<float[]>> blocks, string name)
    {
        foreach (var block in blocks())
        {
            if (Primitives.FiniteNumbers.IndexOfOther(block) >= 0)
                throw new InputException($"Normalisation: {name} holds values that are infinite or not a number.");
        }
    }

    /// <param name="Low">Smaller values are taken for this one.</param>
    /// <param name="High">Larger values are taken for this one.</param>
    /// <param name="Statistics">What is done to them then.</param>
    private readonly record struct Channel(float Low, float High, ImageStatistics Statistics);
}
