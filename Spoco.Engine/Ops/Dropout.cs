using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Spatial dropout (Tompson et al. 2015, arXiv 1411.4280): whole channels of an image are dropped.</summary>
public static class Dropout
{
    /// <summary>y = 0 in every channel with probability p, else x / (1 - p).</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="probability">p in [0, 1).</param>
    /// <param name="seed">Same seed, same channels, on every device.</param>
    /// <returns>y, the shape of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The probability is out of range.</exception>
    public static Tensor Apply(Tensor x, float probability, long seed)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, x.Shape, nameof(Dropout));
        Primitives.Dropout.Apply(x.Shape, x.Buffer, y.Buffer, probability, (ulong)seed);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, probability, seed)) : y;
    }

    /// <summary>Multiplication by constants is its own gradient.</summary>
    private sealed class Node(Tensor x, float probability, long seed) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Apply(gradient, probability, seed);
    }
}
