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
        var value = Evaluate(output, labels, channel, options with { ForegroundWeight = 1 }, teacher, gradient);
        var total = Tensor.From(output.Device, TensorShape.Scalar, [(float)value]);
        return gradient is null ? total : Gradients.Record(total, new ScalarLossNode(output, gradient));
    }

    /// <summary>The loss of the batch; writes the gradient of its weight times it into the channel.</summary>
    internal static double Evaluate(Tensor output, LabelBatch labels, int channel, SpocoLossOptions options, Tensor? teacher, Tensor? gradient)
    {
        const int scalars = Primitives.PositiveUnlabelledLoss.Scalars;
        var (device, shape) = (output.Device, output.Shape);
        var layout = new EmbeddingLayout(shape.N, checked((int)shape.VoxelsPerImage), 1, shape.C, channel);
        var targets = labels.PositiveUnlabelledTargets(device);
        var sums = device.Allocate<float>(shape.N * scalars, nameof(PositiveUnlabelledLoss));
        using var memory = sums.Memory;
        Primitives.PositiveUnlabelledLoss.Sums(layout, output.Buffer, targets.Buffer, teacher?.Buffer ?? default, sums);
        var images = sums.ToArray();
        Span<double> s = stackalloc double[scalars];
        s.Clear();
        for (var i = 0; i < images.Length; i++)
            s[i % scalars] += images[i];
        Span<double> slopes = stackalloc double[scalars];
        var value = Combine(s, targets, layout.Count, options, slopes);
        if (gradient is not null)
        {
            Span<float> factors = stackalloc float[scalars];
            for (var i = 0; i < scalars; i++)
                factors[i] = (float)(options.ForegroundWeight * slopes[i]);
            var uploaded = device.Allocate<float>(scalars, nameof(PositiveUnlabelledLoss));
            using var uploadedMemory = uploaded.Memory;
            uploaded.CopyFrom(factors);
            Primitives.PositiveUnlabelledLoss.Gradient(layout, output.Buffer, targets.Buffer, teacher?.Buffer ?? default, uploaded, gradient.Buffer);
        }

        return value;
    }

    /// <summary>The loss as a function of the sums s, and its derivatives.</summary>
    private static double Combine(ReadOnlySpan<double> s, PositiveUnlabelledTargets targets, long pixels, SpocoLossOptions options, Span<double> slopes)
    {
        slopes.Clear();
        slopes[6] = options.ForegroundAgreement / pixels;
        var (value, trust) = (slopes[6] * s[6], 1.0);
        if (targets.Background > 0)
        {
            trust = 0.5;
            slopes[3] = (1 - trust) * (1 - options.ForegroundShare) / targets.Background;
            value += slopes[3] * s[3];
        }

        if (targets.Positives == 0)
            return value;
        var share = Math.Max(options.ForegroundShare, (double)targets.Positives / pixels);
        var positive = share / targets.Positives;
        var negative = s[2] / pixels - positive * s[1];
        var sign = negative < 0 ? -trust : trust;
        var (overlap, square) = (positive * s[4], s[5] / pixels + share);
        var outline = options.ForegroundOutline / (targets.Positives + targets.Beside);
        slopes[0] = positive + outline;
        slopes[1] = -sign * positive;
        slopes[2] = sign / pixels;
        slopes[4] = -2 * positive / square;
        slopes[5] = 2 * overlap / (square * square) / pixels;
        slopes[7] = outline;
        return value + positive * s[0] + sign * negative + 1 - 2 * overlap / square + outline * (s[0] + s[7]);
    }
}
