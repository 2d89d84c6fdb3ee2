using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>The same values in another type, rounded to the nearest where it is a narrower one.</summary>
public static class Cast
{
    /// <summary>y = x.</summary>
    /// <param name="x">Any shape and type.</param>
    /// <param name="type">Type of the result.</param>
    /// <returns>y, the shape of <paramref name="x"/>; its gradient is cast back.</returns>
    public static Tensor Apply(Tensor x, ElementType type)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, x.Shape, nameof(Cast), type);
        Primitives.Cast.Apply(x.ElementType, x.Bytes, type, y.Bytes);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x)) : y;
    }

    private sealed class Node(Tensor x) : GradientNode(x)
    {
        private readonly ElementType _type = x.ElementType;

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = Apply(gradient, _type);
    }
}
