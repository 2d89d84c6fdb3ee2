using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Mean over windows that lie side by side; what does not fill a window is left out.</summary>
public static class AveragePool
{
    /// <summary>y = mean over the window.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="window">Extents of a window, also its stride; (1, 2, 2) in 2D.</param>
    /// <returns>[N, D / window.D, H / window.H, W / window.W, C], rounded down.</returns>
    /// <exception cref="ArgumentException">The window is larger than the input, or has more than 256 voxels.</exception>
    public static Tensor Apply(Tensor x, (int D, int H, int W) window)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Apply(x, PoolingShape.Of(nameof(AveragePool), x.Shape, window));
    }

    private static Tensor Apply(Tensor x, PoolingShape shape)
    {
        var y = Tensor.Empty(x.Device, shape.Output, nameof(AveragePool));
        Primitives.AveragePool.Forward(shape, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, shape)) : y;
    }

    private static Tensor Backward(Tensor dy, PoolingShape shape)
    {
        var dx = Tensor.Empty(dy.Device, shape.Input, nameof(AveragePool));
        Primitives.AveragePool.Backward(shape, dy.Buffer, dx.Buffer);
        return Gradients.Needed(dy) ? Gradients.Record(dx, new BackwardNode(dy, shape)) : dx;
    }

    private sealed class Node(Tensor x, PoolingShape shape) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = AveragePool.Backward(gradient, shape);
    }

    private sealed class BackwardNode(Tensor dy, PoolingShape shape) : GradientNode(dy)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = Apply(gradient, shape);
    }
}
