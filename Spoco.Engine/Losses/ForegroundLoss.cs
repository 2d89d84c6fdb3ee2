using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// Loss of a foreground logit z, one channel of a network's output, where labels are full: with p = 1 / (1 + exp(-z)) and q = 1 on pixels whose
/// label is not 0, the binary cross-entropy averaged over the pixels plus 1 - 2 sum(pq) / max(sum(p^2) + sum(q^2), 1e-6), averaged over the images.
/// Not part of the paper, which takes its foreground masks from elsewhere.
/// </summary>
public static class ForegroundLoss
{
    /// <summary>The loss on one channel.</summary>
    /// <param name="output">[N, D, H, W, C]; its gradient is 0 in the other channels.</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <param name="channel">The channel of the logits.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The labels do not fit, or there is no such channel.</exception>
    public static Tensor Apply(Tensor output, LabelBatch labels, int channel)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Shape != output.Shape.WithChannels(1) || channel < 0 || channel >= output.Shape.C)
            throw new ArgumentException($"ForegroundLoss: labels {labels.Shape} and channel {channel} do not fit {output.Shape}.");
        var gradient = Gradients.Needed(output) ? Tensor.Zeros(output.Device, output.Shape, nameof(ForegroundLoss)) : null;
        var values = Evaluate(output, labels, channel, 1, gradient);
        var total = Tensor.From(output.Device, TensorShape.Scalar, [(float)values.Average()]);
        return gradient is null ? total : Gradients.Record(total, new ScalarLossNode(output, gradient));
    }

    /// <summary>The loss of every image; writes the gradient of <paramref name="weight"/> times their mean into the channel.</summary>
    internal static double[] Evaluate(Tensor output, LabelBatch labels, int channel, float weight, Tensor? gradient)
    {
        var device = output.Device;
        var shape = output.Shape;
        var layout = new EmbeddingLayout(shape.N, checked((int)shape.VoxelsPerImage), 1, shape.C, channel);
        var owners = labels.On(device).Owners;
        var background = device.Allocate<int>(shape.N, nameof(ForegroundLoss));
        var sums = device.Allocate<float>(shape.N * Primitives.ForegroundLoss.Scalars, nameof(ForegroundLoss));
        using var backgroundMemory = background.Memory;
        using var sumMemory = sums.Memory;
        var zero = new int[shape.N];
        var foreground = new double[shape.N];
        for (var n = 0; n < shape.N; n++)
        {
            var first = labels.ImageClusters[n];
            var hasZero = labels.Labels[first] == 0;
            zero[n] = hasZero ? 0 : -1;
            foreground[n] = layout.Pixels - (hasZero ? labels.Pixels(first).Length : 0);
        }

        background.CopyFrom(zero);
        Primitives.ForegroundLoss.Sums(layout, output.Buffer, owners, background, sums);
        var values = sums.ToArray();
        var factors = new float[values.Length];
        var losses = new double[shape.N];
        for (var n = 0; n < shape.N; n++)
        {
            double entropy = values[3 * n], overlap = values[3 * n + 1], square = Math.Max(values[3 * n + 2] + foreground[n], 1e-6);
            losses[n] = entropy / layout.Pixels + 1 - 2 * overlap / square;
            factors[3 * n] = (float)(weight / ((double)layout.Pixels * shape.N));
            factors[3 * n + 1] = (float)(-2 * weight / (square * shape.N));
            factors[3 * n + 2] = (float)(4 * weight * overlap / (square * square * shape.N));
        }

        if (gradient is not null)
        {
            sums.CopyFrom(factors);
            Primitives.ForegroundLoss.Gradient(layout, output.Buffer, owners, background, sums, gradient.Buffer);
        }

        return losses;
    }
}
