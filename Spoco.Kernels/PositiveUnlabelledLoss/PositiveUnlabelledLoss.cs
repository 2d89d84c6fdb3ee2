namespace Spoco.Kernels.Primitives;

/// <summary>
/// A loss on one channel of logits z of which few are labelled: targets are 1 within labelled objects (P), 0.5 beside them (R), -1 on
/// labelled background (B) and 0 where nothing is known; U is all but P and B, X all pixels. With p = 1 / (1 + exp(-z)), the logistic losses are l+ = log(1 + exp(-z)) and l- = log(1 + exp(z)). A
/// teacher may say what the pixels of U are: of its logits z', the sign says which, and w = (2 / (1 + exp(-z')) - 1)^2 how sure it is.
/// </summary>
/// <remarks>
/// Of the batch, s_0 .. s_7 are the sums of l+ over P, l- over P, l- over X, l- over B, p over P, p^2 over X, w l+ or w l- over U, as the teacher says, and l- over
/// R. The loss is
/// <code>
/// Positive s_0 + Trust |All s_2 - Positive s_1| + 1 - 2 Positive s_4 / (All s_5 + Share) + Outline (s_0 + s_7) + Background s_3 + Agreement s_6
/// </code>
/// with the <see cref="PositiveUnlabelledCoefficients"/>; only the last two terms where P is empty.
/// </remarks>
internal static class PositiveUnlabelledLoss
{
    /// <summary>Number of sums, and of factors that <see cref="Evaluate"/> writes.</summary>
    public const int Scalars = 8;

    internal static readonly Chooser<PositiveUnlabelledLossAlgorithm, EmbeddingLayout> Chooser =
        new(nameof(PositiveUnlabelledLoss), new PositiveUnlabelledLossHost(), new PositiveUnlabelledLossSimt());

    /// <summary>The loss of the batch, and its weight times the derivatives with respect to the sums.</summary>
    /// <param name="layout">Where z lies: one channel.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">1, 0.5, 0 or -1 for every pixel.</param>
    /// <param name="teacher">z', laid out as z; null buffer: none.</param>
    /// <param name="coefficients">What it depends on beside the sums.</param>
    /// <param name="values">[N], overwritten: the loss of the batch, N times.</param>
    /// <param name="factors">[8], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout says, or lies on another device.</exception>
    public static void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, PositiveUnlabelledCoefficients coefficients,
        DeviceBuffer<float> values, DeviceBuffer<float> factors)
    {
        Require(layout, logits, targets, teacher, factors).Need(values, layout.Images, "the values");
        Chooser.For(logits.Device, layout).Evaluate(layout, logits, targets, teacher, coefficients, values, factors);
    }

    /// <summary>The gradient of sum_i f_i s_i, with s_i the sums over the whole batch.</summary>
    /// <param name="layout">Where z lies, and dz.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">1, 0.5, 0 or -1 for every pixel.</param>
    /// <param name="teacher">z', laid out as z; null buffer: none.</param>
    /// <param name="factors">[8]: f.</param>
    /// <param name="gradient">Written at the channel of the layout; other channels are left as they are.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout says, or lies on another device.</exception>
    public static void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient)
    {
        Require(layout, logits, targets, teacher, factors).Need(gradient, layout.Elements, "the gradient");
        Chooser.For(logits.Device, layout).Gradient(layout, logits, targets, teacher, factors, gradient);
    }

    private static Arguments Require(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> teacher, DeviceBuffer<float> factors)
    {
        LogitTile.Require(nameof(PositiveUnlabelledLoss), layout);
        return new Arguments(nameof(PositiveUnlabelledLoss), logits.Device).Need(logits, layout.Elements, "the logits").Need(targets, layout.Count, "the targets")
            .Allow(teacher, layout.Elements, "the teacher").Need(factors, Scalars, "the factors");
    }
}
