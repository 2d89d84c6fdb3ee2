using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Nearest-neighbour resize.</summary>
public static class Upsample
{
    /// <summary>y at o = x at floor(o in / out) along each axis, in whole numbers.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="d">Slices of the result.</param>
    /// <param name="h">Rows of the result.</param>
    /// <param name="w">Columns of the result.</param>
    /// <returns>[N, d, h, w, C].</returns>
    /// <exception cref="ArgumentException">An extent is below 1.</exception>
    public static Tensor Apply(Tensor x, int d, int h, int w)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Apply(x, UpsampleShape.Of(nameof(Upsample), x.Shape, (d, h, w)));
    }

    /// <summary>Every voxel of the small tensor gathers the gradients of the voxels that took it; differentiable again.</summary>
    internal static Tensor Backward(Tensor dy, UpsampleShape shape)
    {
        var dx = Tensor.Empty(dy.Device, shape.Small, nameof(Upsample));
        Primitives.UpsampleConcat.Backward(shape, dy.Buffer, default, dx.Buffer);
        return Gradients.Needed(dy) ? Gradients.Record(dx, new BackwardNode(dy, shape)) : dx;
    }

    private static Tensor Apply(Tensor x, UpsampleShape shape)
    {
        var y = Tensor.Empty(x.Device, shape.Output, nameof(Upsample));
        Primitives.UpsampleConcat.Forward(shape, default, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, shape)) : y;
    }

    private sealed class Node(Tensor x, UpsampleShape shape) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Upsample.Backward(gradient, shape);
    }

    private sealed class BackwardNode(Tensor dy, UpsampleShape shape) : GradientNode(dy)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = Apply(gradient, shape);
    }
}
