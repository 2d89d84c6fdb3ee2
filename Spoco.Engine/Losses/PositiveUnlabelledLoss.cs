using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// Loss of a foreground logit z, one channel of a network's output, where only some objects are labelled: their pixels (P) are foreground, those of
/// <see cref="LabelBatch.Background"/> (B) are not, and of all others nothing is known but that, of all pixels (X), about the share pi belongs to objects. With
/// p = 1 / (1 + exp(-z)) and means over the pixels of the batch:
/// <code>
/// R+ = pi mean_P log(1 + exp(-z))
/// R- = mean_X log(1 + exp(z)) - pi mean_P log(1 + exp(z))
/// L  = R+ + |R-| + 1 - 2 pi mean_P p / (mean_X p^2 + pi)
/// </code>
/// R+ + R- is the cross-entropy of complete labels in expectation, if the labelled objects were chosen at random. What is expected to be positive may become
/// negative where the network remembers which objects were labelled; its absolute value then drives it back. The last term is a Dice, its sums estimated in the
/// same way. Where background is labelled, R- is the mean of |R-| and (1 - pi) mean_B log(1 + exp(z)). The share is at least that of the labelled pixels; with
/// none labelled, only the background counts.
/// </summary>
/// <remarks>
/// du Plessis, Niu, Sugiyama, "Convex formulation for learning from positive and unlabeled data", ICML 2015 (R+ + R-); Kiryo, Niu, du Plessis, Sugiyama,
/// "Positive-unlabeled learning with non-negative risk estimator", NIPS 2017, arXiv 1703.00593, Eq. 6 (max(R-, 0)); Lu, Zhang, Niu, Sugiyama, AISTATS 2020,
/// arXiv 1910.08974 (|R-|). The Dice is ours.
/// </remarks>
public static class PositiveUnlabelledLoss
{
    /// <summary>The loss on one channel.</summary>
    /// <param name="output">[N, D, H, W, C]; its gradient is 0 in the other channels.</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <param name="channel">The channel of the logits.</param>
    /// <param name="share">pi, in (0, 1).</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The labels do not fit, there is no such channel, or the share is not within (0, 1).</exception>
    public static Tensor Apply(Tensor output, LabelBatch labels, int channel, double share)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Shape != output.Shape.WithChannels(1) || channel < 0 || channel >= output.Shape.C)
            throw new ArgumentException($"PositiveUnlabelledLoss: labels {labels.Shape} and channel {channel} do not fit {output.Shape}.");
        if (!(share > 0 && share < 1))
            throw new ArgumentException($"PositiveUnlabelledLoss: the share of foreground must be between 0 and 1, got {share}.");
        var gradient = Gradients.Needed(output) ? Tensor.Zeros(output.Device, output.Shape, nameof(PositiveUnlabelledLoss)) : null;
        var value = Evaluate(output, labels, channel, 1, share, gradient);
        var total = Tensor.From(output.Device, TensorShape.Scalar, [(float)value]);
        return gradient is null ? total : Gradients.Record(total, new ScalarLossNode(output, gradient));
    }

    /// <summary>The loss of the batch; writes the gradient of <paramref name="weight"/> times it into the channel.</summary>
    internal static double Evaluate(Tensor output, LabelBatch labels, int channel, float weight, double share, Tensor? gradient)
    {
        const int scalars = Primitives.PositiveUnlabelledLoss.Scalars;
        var (device, shape) = (output.Device, output.Shape);
        var layout = new EmbeddingLayout(shape.N, checked((int)shape.VoxelsPerImage), 1, shape.C, channel);
        var targets = labels.PositiveUnlabelledTargets(device);
        var sums = device.Allocate<float>(shape.N * scalars, nameof(PositiveUnlabelledLoss));
        using var memory = sums.Memory;
        Primitives.PositiveUnlabelledLoss.Sums(layout, output.Buffer, targets.Buffer, sums);
        var images = sums.ToArray();
        Span<double> s = stackalloc double[scalars];
        for (var i = 0; i < images.Length; i++)
            s[i % scalars] += images[i];
        Span<float> factors = stackalloc float[scalars];
        var value = Combine(s, targets, layout.Count, share, weight, factors);
        if (gradient is not null)
        {
            var uploaded = device.Allocate<float>(scalars, nameof(PositiveUnlabelledLoss));
            using var uploadedMemory = uploaded.Memory;
            uploaded.CopyFrom(factors);
            Primitives.PositiveUnlabelledLoss.Gradient(layout, output.Buffer, targets.Buffer, uploaded, gradient.Buffer);
        }

        return value;
    }

    /// <summary>The loss as a function of the six sums, and <paramref name="weight"/> times its derivatives.</summary>
    private static double Combine(ReadOnlySpan<double> s, PositiveUnlabelledTargets targets, long pixels, double share, float weight, Span<float> factors)
    {
        factors.Clear();
        var (value, trusted) = (0.0, 1.0);
        if (targets.Background > 0)
        {
            var refusal = Math.Max(1 - share, 0) / targets.Background;
            trusted = 0.5;
            value += (1 - trusted) * refusal * s[3];
            factors[3] = (float)(weight * (1 - trusted) * refusal);
        }

        if (targets.Positives == 0)
            return value;
        var pi = Math.Max(share, (double)targets.Positives / pixels);
        var positive = pi / targets.Positives;
        var negative = s[2] / pixels - positive * s[1];
        var sign = negative < 0 ? -trusted : trusted;
        var (overlap, square) = (positive * s[4], s[5] / pixels + pi);
        value += positive * s[0] + sign * negative + 1 - 2 * overlap / square;
        factors[0] = (float)(weight * positive);
        factors[1] = (float)(weight * -sign * positive);
        factors[2] = (float)(weight * sign / pixels);
        factors[4] = (float)(weight * -2 * positive / square);
        factors[5] = (float)(weight * 2 * overlap / (square * square) / pixels);
        return value;
    }
}
