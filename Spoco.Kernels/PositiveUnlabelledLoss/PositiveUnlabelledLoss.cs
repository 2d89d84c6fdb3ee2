using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums and gradient of a loss on one channel of logits z of which few are labelled: targets are 1 within labelled objects (P), -1 on labelled background (B)
/// and 0 where nothing is known; X is all pixels. With p = 1 / (1 + exp(-z)), the logistic losses are l+ = log(1 + exp(-z)) and l- = log(1 + exp(z)).
/// </summary>
public static class PositiveUnlabelledLoss
{
    /// <summary>Values per image that <see cref="Sums"/> writes.</summary>
    public const int Scalars = 6;

    /// <summary>Per image the sums of l+ over P, l- over P, l- over X, l- over B, p over P, and p^2 over X.</summary>
    /// <param name="layout">Where z lies: one channel.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">1, 0 or -1 for every pixel.</param>
    /// <param name="sums">[N, 6].</param>
    public static void Sums(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> sums)
    {
        Require(layout, logits, targets, sums.Length == (long)layout.Images * Scalars);
        if (sums.Device is HostDevice host)
            PositiveUnlabelledLossHost.Sums(host, layout, logits, targets, sums);
        else
            PositiveUnlabelledLossSimt.Sums((IlgpuDevice)sums.Device, layout, logits, targets, sums);
    }

    /// <summary>The gradient of sum_i f_i s_i, with s_i the sums over the whole batch.</summary>
    /// <param name="layout">Where z lies, and dz.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">1, 0 or -1 for every pixel.</param>
    /// <param name="factors">[6]: f.</param>
    /// <param name="gradient">Written at the channel of the layout; other channels are left as they are.</param>
    public static void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient)
    {
        Require(layout, logits, targets, factors.Length == Scalars);
        if (gradient.Length != logits.Length)
            throw new ArgumentException($"PositiveUnlabelledLoss: a gradient of {gradient.Length} elements does not fit {logits.Length} logits.");
        if (gradient.Device is HostDevice host)
            PositiveUnlabelledLossHost.Gradient(host, layout, logits, targets, factors, gradient);
        else
            PositiveUnlabelledLossSimt.Gradient((IlgpuDevice)gradient.Device, layout, logits, targets, factors, gradient);
    }

    private static void Require(EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, bool scalarsFit)
    {
        if (layout.Channels != 1 || layout.ChannelOffset >= layout.PixelStride || logits.Length != layout.Count * layout.PixelStride
            || targets.Length != layout.Count || !scalarsFit)
            throw new ArgumentException($"PositiveUnlabelledLoss: {logits.Length} logits, {targets.Length} targets and their sums do not fit {layout}.");
    }
}
