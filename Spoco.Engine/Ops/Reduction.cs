using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Sum and mean of all elements.</summary>
public static class Reduction
{
    /// <summary>The sum of all elements, [1, 1, 1, 1, 1].</summary>
    public static Tensor Sum(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Sum(x, 1);
    }

    /// <summary>The mean of all elements, [1, 1, 1, 1, 1].</summary>
    public static Tensor Mean(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Sum(x, 1.0 / x.Shape.Count);
    }

    private static Tensor Sum(Tensor x, double factor)
    {
        var y = Tensor.Empty(x.Device, TensorShape.Scalar, nameof(Reduction));
        Primitives.Reduction.Sum(x.Buffer, y.Buffer, factor);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, factor)) : y;
    }

    /// <summary>A tensor full of factor times the one value of x.</summary>
    private static Tensor Broadcast(Tensor x, TensorShape shape, double factor)
    {
        var y = Tensor.Empty(x.Device, shape, nameof(Reduction));
        Primitives.Reduction.Broadcast(x.Buffer, y.Buffer, factor);
        return Gradients.Needed(x) ? Gradients.Record(y, new BroadcastNode(x, factor)) : y;
    }

    private sealed class Node(Tensor x, double factor) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Broadcast(gradient, Inputs[0]!.Shape, factor);
    }

    private sealed class BroadcastNode(Tensor x, double factor) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = Sum(gradient, factor);
    }
}
