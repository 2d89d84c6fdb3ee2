using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>The probability that a logit stands for: p = 1 / (1 + exp(-logit)).</summary>
internal static class Probability
{
    internal static readonly Chooser<ProbabilityAlgorithm, LaidImage> Chooser = new(nameof(Probability), new ProbabilityHost(), new ProbabilitySimt());

    /// <summary>p, for the host and in kernels.</summary>
    internal static float Of(float logit) => 1 / (1 + XMath.Exp(-logit));

    /// <summary>sums[i] += share p(i): with a share of 1/n, the mean over n views of an image, each laid in another orientation.</summary>
    /// <param name="image">How the image lies, and where the results of its part belong.</param>
    /// <param name="values">Values of all channels, as they lie.</param>
    /// <param name="channel">The channel of the logit.</param>
    /// <param name="share">Multiplies the probability.</param>
    /// <param name="sums">A value per pixel of the part.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or there is no such channel.</exception>
    public static void AddShare(LaidImage image, DeviceBuffer<float> values, int channel, float share, DeviceBuffer<float> sums)
    {
        if (!image.IsValid || channel < 0 || channel >= image.Shape.C)
            throw new ArgumentException($"Probability: channel {channel} does not fit an image {image.Shape} of which {image.Part} is looked at.");
        new Arguments(nameof(Probability), sums.Device).Need(values, image.Shape.Count, "the input").Need(sums, image.Part.Voxels, "the sums");
        Chooser.For(sums.Device, image).AddShare(image, values, channel, share, sums);
    }
}
