using Spoco.Kernels;

namespace Spoco.Engine.Ops;

/// <summary>The same values under another shape; no copy is made.</summary>
public static class Reshape
{
    /// <summary>Reinterprets <paramref name="x"/>, C fastest, as <paramref name="shape"/>.</summary>
    /// <exception cref="ArgumentException">The numbers of elements differ.</exception>
    public static Tensor Apply(Tensor x, TensorShape shape)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (shape.Count != x.Shape.Count || !shape.IsValid)
            throw new ArgumentException($"Reshape: {x.Shape} does not have the {shape.Count} elements of {shape}.");
        var y = x.View(shape);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x)) : y;
    }

    private sealed class Node(Tensor x) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Apply(gradient, Inputs[0]!.Shape);
    }
}
