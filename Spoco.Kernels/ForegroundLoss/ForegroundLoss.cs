namespace Spoco.Kernels.Primitives;

/// <summary>
/// A loss on one channel of logits z against targets t, with p = 1 / (1 + exp(-z)), q = 1 where t is positive, else 0, and the
/// weight w = |t|: mean over the pixels of w (max(z, 0) - q z + log(1 + exp(-|z|))), and 1 - 2 sum(pq) / max(sum(p^2) + sum(q^2), 1e-6).
/// </summary>
internal static class ForegroundLoss
{
    /// <summary>Factors per image that <see cref="Evaluate"/> writes.</summary>
    public const int Factors = 3;

    /// <summary>Least denominator of the Dice.</summary>
    internal const double DiceFloor = 1e-6;

    internal static readonly Chooser<ForegroundLossAlgorithm, EmbeddingLayout> Chooser =
        new(nameof(ForegroundLoss), new ForegroundLossHost(), new ForegroundLossSimt());

    /// <summary>The loss of every image, and the factors a, b, c of its gradient.</summary>
    /// <param name="layout">Where z lies: one channel.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">t of every pixel.</param>
    /// <param name="objectPixels">[N]: sum(q^2).</param>
    /// <param name="weight">Weight of the mean over the images, which the factors hold.</param>
    /// <param name="values">[N], overwritten.</param>
    /// <param name="factors">[N, 3], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout says, or lies on another device.</exception>
    public static void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<int> objectPixels, float weight, DeviceBuffer<float> values,
        DeviceBuffer<float> factors)
    {
        Require(layout, logits, targets, factors).Need(objectPixels, layout.Images, "the pixels of objects").Need(values, layout.Images, "the values");
        Chooser.For(logits.Device, layout).Evaluate(layout, logits, targets, objectPixels, weight, values, factors);
    }

    /// <summary>dz = a w (p - q) + (b q + c p) p (1 - p), with a, b, c per image.</summary>
    /// <param name="layout">Where z lies, and dz.</param>
    /// <param name="logits">z.</param>
    /// <param name="targets">t of every pixel.</param>
    /// <param name="factors">[N, 3]: a, b, c.</param>
    /// <param name="gradient">Written at the channel of the layout; other channels are left as they are.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout says, or lies on another device.</exception>
    public static void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors,
        DeviceBuffer<float> gradient)
    {
        Require(layout, logits, targets, factors).Need(gradient, layout.Elements, "the gradient");
        Chooser.For(logits.Device, layout).Gradient(layout, logits, targets, factors, gradient);
    }

    private static Arguments Require(EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors)
    {
        LogitTile.Require(nameof(ForegroundLoss), layout);
        return new Arguments(nameof(ForegroundLoss), logits.Device).Need(logits, layout.Elements, "the logits").Need(targets, layout.Count, "the targets")
            .Need(factors, Factors * layout.Images, "the factors");
    }
}
