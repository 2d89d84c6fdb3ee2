using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums and gradient of a loss on one channel of logits z of which few are labelled: targets are 1 within labelled objects (P), 0.5 beside them (R), -1 on
/// labelled background (B) and 0 where nothing is known; U is all but P and B, X all pixels. With p = 1 / (1 + exp(-z)), the logistic losses are l+ = log(1 + exp(-z)) and l- = log(1 + exp(z)). A
/// teacher may say what the pixels of U are: of its logits z', the sign says which, and w = (2 / (1 + exp(-z')) - 1)^2 how sure it is.
/// </summary>
public static class PositiveUnlabelledLoss
{
    /// <summary>Values per image that <see cref="Sums"/> writes.</summary>
    public const int Scalars = 8;

    /// <summary>
    /// Per image the sums of l+ over P, l- over P, l- over X, l- over B, p over P, p^2 over X, w l+ or w l- over U, as the teacher says, and l- over
    /// R.
    /// </summary>
    /// <param name="layout">Where z lies: one channel.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">1, 0.5, 0 or -1 for every pixel.</param>
    /// <param name="teacher">z', laid out as z; null buffer: none.</param>
    /// <param name="sums">[N, 8].</param>
    public static void Sums(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, DeviceBuffer<float> sums)
    {
        Require(layout, logits, targets, teacher, sums.Length == (long)layout.Images * Scalars);
        if (sums.Device is HostDevice host)
            PositiveUnlabelledLossHost.Sums(host, layout, logits, targets, teacher, sums);
        else
            PositiveUnlabelledLossSimt.Sums((IlgpuDevice)sums.Device, layout, logits, targets, teacher, sums);
    }

    /// <summary>The gradient of sum_i f_i s_i, with s_i the sums over the whole batch.</summary>
    /// <param name="layout">Where z lies, and dz.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">1, 0.5, 0 or -1 for every pixel.</param>
    /// <param name="teacher">z', laid out as z; null buffer: none.</param>
    /// <param name="factors">[8]: f.</param>
    /// <param name="gradient">Written at the channel of the layout; other channels are left as they are.</param>
    public static void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient)
    {
        Require(layout, logits, targets, teacher, factors.Length == Scalars);
        if (gradient.Length != logits.Length)
            throw new ArgumentException($"PositiveUnlabelledLoss: a gradient of {gradient.Length} elements does not fit {logits.Length} logits.");
        if (gradient.Device is HostDevice host)
            PositiveUnlabelledLossHost.Gradient(host, layout, logits, targets, teacher, factors, gradient);
        else
            PositiveUnlabelledLossSimt.Gradient((IlgpuDevice)gradient.Device, layout, logits, targets, teacher, factors, gradient);
    }

    private static void Require(EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, bool scalarsFit)
    {
        if (layout.Channels != 1 || layout.ChannelOffset >= layout.PixelStride || logits.Length != layout.Count * layout.PixelStride
            || targets.Length != layout.Count || (!teacher.IsNull && teacher.Length != logits.Length) || !scalarsFit)
            throw new ArgumentException($"PositiveUnlabelledLoss: {logits.Length} logits, {targets.Length} targets and their sums do not fit {layout}.");
    }
}
