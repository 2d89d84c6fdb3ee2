using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Maximum over windows that lie side by side; what does not fill a window is left out.</summary>
public static class MaxPool
{
    /// <summary>y = max over the window. Of equal values the first takes the gradient; NaN is larger than any number.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="window">Extents of a window, also its stride; (1, 2, 2) in 2D.</param>
    /// <returns>[N, D / window.D, H / window.H, W / window.W, C], rounded down.</returns>
    /// <exception cref="ArgumentException">The window is larger than the input, or has more than 256 voxels.</exception>
    public static Tensor Apply(Tensor x, (int D, int H, int W) window)
    {
        ArgumentNullException.ThrowIfNull(x);
        var shape = PoolingShape.Of(nameof(MaxPool), x.Shape, window);
        var y = Tensor.Empty(x.Device, shape.Output, nameof(MaxPool), x.ElementType);
        using var places = new Places(x.Device, shape, Gradients.Needed(x));
        Primitives.MaxPool.Forward(shape, x.Stored, y.Stored, places.Buffer);
        return Record(y, x, shape, places);
    }

    /// <summary>Enters maxima that another operation has computed into the graph, where the places are wanted.</summary>
    /// <returns><paramref name="y"/>.</returns>
    internal static Tensor Record(Tensor y, Tensor x, PoolingShape shape, Places places) =>
        places.Buffer.IsNull ? y : Gradients.Record(y, new Node(x, shape, places.Share()));

    private static Tensor Backward(Tensor dy, PoolingShape shape, Places places)
    {
        var dx = Tensor.Empty(dy.Device, shape.Input, nameof(MaxPool), dy.ElementType);
        Primitives.MaxPool.Backward(shape, dy.Stored, places.Buffer, dx.Stored);
        return Gradients.Needed(dy) ? Gradients.Record(dx, new BackwardNode(dy, shape, places.Share())) : dx;
    }

    private static Tensor Gather(Tensor x, PoolingShape shape, Places places)
    {
        var y = Tensor.Empty(x.Device, shape.Output, nameof(MaxPool), x.ElementType);
        Primitives.MaxPool.Gather(shape, x.Stored, places.Buffer, y.Stored);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, shape, places.Share())) : y;
    }

    /// <summary>Where the maxima are; held by the operation that finds them and by every node that still needs them.</summary>
    internal sealed class Places : IDisposable
    {
        private readonly Holdings _holdings = new();

        /// <summary>Takes memory for them, where they are wanted.</summary>
        public Places(ComputeDevice device, PoolingShape shape, bool wanted) =>
            Buffer = wanted ? _holdings.Allocate<byte>(device, shape.Output.Count, nameof(MaxPool)) : default;

        /// <summary>One per maximum; without memory where they are not wanted.</summary>
        public DeviceBuffer<byte> Buffer { get; }

        /// <summary>One more holder.</summary>
        public Places Share()
        {
            _holdings.Share();
            return this;
        }

        /// <inheritdoc/>
        public void Dispose() => _holdings.Dispose();
    }

    private sealed class Node(Tensor x, PoolingShape shape, Places places) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (inputGradients[0] is { } sum)
                Primitives.MaxPool.Backward(shape, gradient.Stored, places.Buffer, sum.Stored, add: true);
            else
                inputGradients[0] = MaxPool.Backward(gradient, shape, places);
        }

        protected override void ReleaseMemory() => places.Dispose();
    }

    private sealed class BackwardNode(Tensor dy, PoolingShape shape, Places places) : GradientNode(dy)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Gather(gradient, shape, places);

        protected override void ReleaseMemory() => places.Dispose();
    }
}
