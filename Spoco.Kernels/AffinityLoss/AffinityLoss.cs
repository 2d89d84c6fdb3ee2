namespace Spoco.Kernels.Primitives;

/// <summary>
/// A Dice between affinities and labels along K offsets: 1/K sum over the offsets of 1 - 2 sum(ab) / max(sum(a^2) + sum(b^2), 1e-6). A pixel's partner j is i + offset, moved back onto the
/// border where that lies outside the image; a is the edge's weight (<see cref="EdgeWeight"/>), b = 1 where the labels of i and j differ, else 0.
/// </summary>
internal static class AffinityLoss
{
    /// <summary>Least denominator of a Dice.</summary>
    internal const double DiceFloor = 1e-6;

    internal static readonly Chooser<AffinityLossAlgorithm, TensorShape> Chooser = new(nameof(AffinityLoss), new AffinityLossHost(), new AffinityLossSimt());

    /// <summary>The loss of every image, and the factors f, g of its gradient.</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="weight">Weight of the mean over the images, which the factors hold.</param>
    /// <param name="values">[N], overwritten.</param>
    /// <param name="factors">[N, K, 2], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void Evaluate(AffinityLossInputs inputs, float weight, DeviceBuffer<float> values, DeviceBuffer<float> factors)
    {
        Require(inputs, factors).Need(values, inputs.Shape.N, "the values");
        Chooser.For(values.Device, inputs.Shape).Evaluate(inputs, weight, values, factors);
    }

    /// <summary>Adds sum over the pairs of (f b + g a) da/de to the gradient, with f, g per image and offset.</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="factors">[N, K, 2]: f, g.</param>
    /// <param name="gradient">Added to, in the first E channels.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void AddGradient(AffinityLossInputs inputs, DeviceBuffer<float> factors, DeviceBuffer<float> gradient)
    {
        Require(inputs, factors).Need(gradient, inputs.Shape.Count, "the gradient");
        Chooser.For(gradient.Device, inputs.Shape).AddGradient(inputs, factors, gradient);
    }

    private static Arguments Require(AffinityLossInputs inputs, DeviceBuffer<float> factors)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var (shape, channels, offsets) = (inputs.Shape, inputs.Channels, inputs.Offsets);
        if (!shape.IsValid || channels < 1 || channels > shape.C || shape.VoxelsPerImage > int.MaxValue || offsets.Length == 0 || offsets.Length % shape.N != 0)
            throw new ArgumentException($"AffinityLoss: {channels} channels and {offsets.Length} offsets do not fit {shape}.");
        return new Arguments(nameof(AffinityLoss), inputs.Embeddings.Device).Need(inputs.Embeddings, shape.Count, "the embeddings")
            .Need(inputs.Owners, shape.Voxels, "the labels").Need(offsets, offsets.Length, "the offsets").Need(factors, 2 * offsets.Length, "the factors");
    }
}
