using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// Loss of a foreground logit z, one channel of a network's output, where labels are full: with p = 1 / (1 + exp(-z)) and q = 1 within objects,
/// the binary cross-entropy weighted with w and averaged over the pixels, plus 1 - 2 sum(pq) / max(sum(p^2) + sum(q^2), 1e-6), averaged over the
/// images. Small objects would count little: within an object and up to <see cref="ForegroundTargets.Reach"/> pixels around it, w = the mean size of the
/// image's objects over its own, between 1 and the balance; elsewhere w = 1. Not part of SPOCO's paper, which takes its foreground masks from elsewhere.
/// </summary>
public static class ForegroundLoss
{
    /// <summary>The loss on one channel.</summary>
    /// <param name="output">[N, D, H, W, C]; its gradient is 0 in the other channels.</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <param name="channel">The channel of the logits.</param>
    /// <param name="balance">Largest w; 1: every pixel counts the same.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The labels do not fit, or there is no such channel.</exception>
    public static Tensor Apply(Tensor output, LabelBatch labels, int channel, float balance = 1)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Shape != output.Shape.WithChannels(1) || channel < 0 || channel >= output.Shape.C)
            throw new ArgumentException($"ForegroundLoss: labels {labels.Shape} and channel {channel} do not fit {output.Shape}.");
        var gradient = Gradients.Needed(output) ? Tensor.Zeros(output.Device, output.Shape, nameof(ForegroundLoss)) : null;
        using var values = output.Device.Allocate<float>(output.Shape.N, nameof(ForegroundLoss)).Memory;
        var ofImages = new DeviceBuffer<float>(values, 0, output.Shape.N);
        Evaluate(output, labels, channel, 1, balance, ofImages, gradient?.Buffer ?? default);
        return ScalarLossNode.Mean(output, ofImages, gradient);
    }

    /// <summary>The loss of every image; writes the gradient of <paramref name="weight"/> times their mean into the channel.</summary>
    internal static void Evaluate(
        Tensor output, LabelBatch labels, int channel, float weight, float balance, DeviceBuffer<float> values, DeviceBuffer<float> gradient)
    {
        var (device, shape) = (output.Device, output.Shape);
        var layout = new EmbeddingLayout(shape.N, checked((int)shape.VoxelsPerImage), 1, shape.C, channel);
        var targets = labels.ForegroundTargets(device, balance);
        var factors = device.Allocate<float>(shape.N * Primitives.ForegroundLoss.Factors, nameof(ForegroundLoss));
        using var memory = factors.Memory;
        Primitives.ForegroundLoss.Evaluate(layout, output.Buffer, targets.Buffer, targets.ObjectPixels, weight, values, factors);
        if (!gradient.IsNull)
            Primitives.ForegroundLoss.Gradient(layout, output.Buffer, targets.Buffer, factors, gradient);
    }
}
