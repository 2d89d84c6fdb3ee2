using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums and gradient of a loss on one channel of logits z against targets t, with p = 1 / (1 + exp(-z)), q = 1 where t is positive, else 0, and the
/// weight w = |t|: mean over the pixels of w (max(z, 0) - q z + log(1 + exp(-|z|))), and 1 - 2 sum(pq) / max(sum(p^2) + sum(q^2), 1e-6).
/// </summary>
public static class ForegroundLoss
{
    /// <summary>Values per image that <see cref="Sums"/> writes.</summary>
    public const int Scalars = 3;

    /// <summary>Per image [sum of the weighted cross-entropy, sum pq, sum p^2].</summary>
    /// <param name="layout">Where z lies: one channel.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">t of every pixel.</param>
    /// <param name="sums">[N, 3].</param>
    public static void Sums(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> sums)
    {
        Require(layout, logits, targets, sums.Length / Scalars);
        if (sums.Device is HostDevice host)
            ForegroundLossHost.Sums(host, layout, logits, targets, sums);
        else
            ForegroundLossSimt.Sums((IlgpuDevice)sums.Device, layout, logits, targets, sums);
    }

    /// <summary>dz = a w (p - q) + (b q + c p) p (1 - p), with a, b, c per image.</summary>
    /// <param name="layout">Where z lies, and dz.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">t of every pixel.</param>
    /// <param name="factors">[N, 3]: a, b, c.</param>
    /// <param name="gradient">Written at the channel of the layout; other channels are left as they are.</param>
    public static void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient)
    {
        Require(layout, logits, targets, factors.Length / Scalars);
        if (gradient.Length != logits.Length)
            throw new ArgumentException($"ForegroundLoss: a gradient of {gradient.Length} elements does not fit {logits.Length} logits.");
        if (gradient.Device is HostDevice host)
            ForegroundLossHost.Gradient(host, layout, logits, targets, factors, gradient);
        else
            ForegroundLossSimt.Gradient((IlgpuDevice)gradient.Device, layout, logits, targets, factors, gradient);
    }

    private static void Require(EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, long rows)
    {
        if (layout.Channels != 1 || layout.ChannelOffset >= layout.PixelStride || logits.Length != layout.Count * layout.PixelStride
            || targets.Length != layout.Count || rows != layout.Images)
            throw new ArgumentException($"ForegroundLoss: {logits.Length} logits, {targets.Length} targets and {rows} rows do not fit {layout}.");
    }
}
