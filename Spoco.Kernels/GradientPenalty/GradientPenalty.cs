namespace Spoco.Kernels.Primitives;

/// <summary>
/// Per-image arithmetic of the gradient penalty of WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028): P = mean over the N images of (|g_n| - 1)^2, where g_n
/// is the gradient of the critic's score with respect to a mix of a real and a fake image.
/// </summary>
internal static class GradientPenalty
{
    internal static readonly Chooser<GradientPenaltyAlgorithm, long> Chooser = new(nameof(GradientPenalty), new GradientPenaltyHost(), new GradientPenaltySimt());

    /// <summary>y_n = epsilon_n a_n + (1 - epsilon_n) b_n.</summary>
    /// <param name="a">N images, one after the other.</param>
    /// <param name="b">As many.</param>
    /// <param name="epsilon">One number per image.</param>
    /// <param name="y">Result; may be <paramref name="a"/> or <paramref name="b"/>.</param>
    /// <exception cref="ArgumentException">Lengths or devices do not fit.</exception>
    public static void Mix(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> epsilon, DeviceBuffer<float> y)
    {
        Require(a, b, epsilon);
        Require(a, y, epsilon);
        Chooser.For(y.Device, y.Length).Mix(a, b, epsilon, y);
    }

    /// <summary>
    /// norm_n = |g_n|, and the derivative of factor sum over n of (|g_n| - 1)^2 with respect to g:
    /// direction_n = 2 factor (|g_n| - 1) / |g_n| g_n; 0 where the norm is 0.
    /// </summary>
    /// <param name="gradient">g, N images one after the other.</param>
    /// <param name="norms">N values.</param>
    /// <param name="direction">Result, as long as <paramref name="gradient"/>; may be the same buffer.</param>
    /// <param name="factor">The penalty's weight over N.</param>
    /// <exception cref="ArgumentException">Lengths or devices do not fit.</exception>
    public static void Direction(DeviceBuffer<float> gradient, DeviceBuffer<float> norms, DeviceBuffer<float> direction, float factor)
    {
        Require(gradient, direction, norms);
        Chooser.For(gradient.Device, gradient.Length).Direction(gradient, norms, direction, factor);
    }

    private static void Require(DeviceBuffer<float> images, DeviceBuffer<float> others, DeviceBuffer<float> perImage)
    {
        if (perImage.Length < 1 || images.Length % perImage.Length != 0)
            throw new ArgumentException($"GradientPenalty: {images.Length} values do not fill {perImage.Length} images.");
        new Arguments(nameof(GradientPenalty), images.Device).Need(others, images.Length, "the other images").Need(perImage, perImage.Length, "the numbers per image");
    }
}
