using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// Loss of a foreground logit z, one channel of a network's output, where only some objects are labelled: their pixels (P) are foreground, those of
/// <see cref="LabelBatch.Background"/> (B) are not, and of all others (U) nothing is known but that, of all pixels (X), about the share pi belongs to objects.
/// R are the pixels of U up to 3 pixels beside labelled objects. With p = 1 / (1 + exp(-z)), the same p' of g, l+ = log(1 + exp(-z)), l- = log(1 + exp(z)), and
/// means over the pixels of the batch:
/// <code>
/// R+ = pi mean_P l+
/// R- = mean_X l- - pi mean_P l-
/// D  = 1 - 2 pi mean_P p / (mean_X p^2 + pi)
/// O  = (sum_P l+ + sum_R l-) / (|P| + |R|)
/// A  = 1/|X| sum_U (2 p' - 1)^2 (l+ where p' &gt; 1/2, else l-)
/// L  = R+ + |R-| + D + omega O + lambda A
/// </code>
/// R+ + R- is the cross-entropy of complete labels in expectation, if the labelled objects were chosen at random. What is expected to be positive may become
/// negative where the network remembers which objects were labelled; its absolute value then drives it back. D is a Dice, its sums estimated in the same way. O:
/// a labelled object is labelled wholly, so what lies beside it is background or, seldom, another object; outlines are learned from it whatever pi is. A: f and
/// g agree where g is sure. Where background is labelled, R- is the mean of |R-| and (1 - pi) mean_B l-. The share is at least that of the labelled pixels; where
/// no object is labelled, only B and A count.
/// </summary>
/// <remarks>
/// du Plessis, Niu, Sugiyama, "Convex formulation for learning from positive and unlabeled data", ICML 2015 (R+ + R-); Kiryo, Niu, du Plessis, Sugiyama,
/// "Positive-unlabeled learning with non-negative risk estimator", NIPS 2017, arXiv 1703.00593, Eq. 6 (max(R-, 0)); Lu, Zhang, Niu, Sugiyama, AISTATS 2020,
/// arXiv 1910.08974 (|R-|). D, O and A are ours.
/// </remarks>
public static class PositiveUnlabelledLoss
{
    /// <summary>The loss on one channel.</summary>
    /// <param name="output">[N, D, H, W, C]; its gradient is 0 in the other channels.</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <param name="channel">The channel of the logits.</param>
    /// <param name="options">pi, omega and lambda: <see cref="SpocoLossOptions.ForegroundShare"/>, <see cref="SpocoLossOptions.ForegroundOutline"/>,
    /// <see cref="SpocoLossOptions.ForegroundAgreement"/>.</param>
    /// <param name="teacher">Output of g, same shape; null: no A.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The labels or the teacher do not fit, there is no such channel, or an option is out of range.</exception>
    public static Tensor Apply(Tensor output, LabelBatch labels, int channel, SpocoLossOptions options, Tensor? teacher = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (labels.Shape != output.Shape.WithChannels(1) || channel < 0 || channel >= output.Shape.C)
            throw new ArgumentException($"PositiveUnlabelledLoss: labels {labels.Shape} and channel {channel} do not fit {output.Shape}.");
        if (teacher is not null && (teacher.Shape != output.Shape || teacher.Device != output.Device))
            throw new ArgumentException($"PositiveUnlabelledLoss: the outputs of f ({output}) and of g ({teacher}) differ.");
        var gradient = Gradients.Needed(output) ? Tensor.Zeros(output.Device, output.Shape, nameof(PositiveUnlabelledLoss)) : null;
        using var values = output.Device.Allocate<float>(output.Shape.N, nameof(PositiveUnlabelledLoss)).Memory;
        var ofImages = new DeviceBuffer<float>(values, 0, output.Shape.N);
        Evaluate(output, labels, channel, options, 1, teacher, ofImages, gradient?.Buffer ?? default);
        return ScalarLossNode.Mean(output, ofImages, gradient);
    }

    /// <summary>The loss of the batch, once per image; writes the gradient of <paramref name="weight"/> times it into the channel.</summary>
    internal static void Evaluate(
        Tensor output, LabelBatch labels, int channel, SpocoLossOptions options, float weight, Tensor? teacher, DeviceBuffer<float> values, DeviceBuffer<float> gradient)
    {
        var (device, shape) = (output.Device, output.Shape);
        var layout = new EmbeddingLayout(shape.N, checked((int)shape.VoxelsPerImage), 1, shape.C, channel);
        var targets = labels.PositiveUnlabelledTargets(device);
        var coefficients = PositiveUnlabelledCoefficients.Of(
            weight, options.ForegroundShare, options.ForegroundAgreement, options.ForegroundOutline, layout.Count, targets.Positives, targets.Beside, targets.Background);
        var factors = device.Allocate<float>(Primitives.PositiveUnlabelledLoss.Scalars, nameof(PositiveUnlabelledLoss));
        using var memory = factors.Memory;
        var taught = teacher?.Buffer ?? default;
        Primitives.PositiveUnlabelledLoss.Evaluate(layout, output.Buffer, targets.Buffer, taught, coefficients, values, factors);
        if (!gradient.IsNull)
            Primitives.PositiveUnlabelledLoss.Gradient(layout, output.Buffer, targets.Buffer, taught, factors, gradient);
    }
}
