namespace Spoco.Engine.Ops;

/// <summary>Concatenation along the channels.</summary>
public static class Concat
{
    /// <summary>y = (a, b): the channels of a, then those of b.</summary>
    /// <param name="a">[N, D, H, W, Ca].</param>
    /// <param name="b">[N, D, H, W, Cb].</param>
    /// <returns>[N, D, H, W, Ca + Cb].</returns>
    /// <exception cref="ArgumentException">The tensors differ in more than their channels.</exception>
    public static Tensor Apply(Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Shape != b.Shape.WithChannels(a.Shape.C))
            throw new ArgumentException($"Concat: the shapes differ in more than their channels: {a.Shape} and {b.Shape}.");
        return UpsampleConcat.Apply(nameof(Concat), a, b);
    }
}
