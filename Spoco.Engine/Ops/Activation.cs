using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Activation functions, y = f(x) for every element; differentiable any number of times.</summary>
public static class Activation
{
    /// <summary>y = f(x).</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="function">The activation function f.</param>
    /// <returns>y, the shape of <paramref name="x"/>.</returns>
    public static Tensor Apply(Tensor x, ActivationFunction function)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, x.Shape, nameof(Activation));
        Primitives.Activation.Forward(function, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, y, function)) : y;
    }

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(Tensor x) => Apply(x, ActivationFunction.Relu);

    /// <summary>dx = dy f'(x), with f' computed from the output y; itself differentiable in dy and y.</summary>
    internal static Tensor Backward(Tensor dy, Tensor y, ActivationFunction function) => Backward(dy, y, function, order: 0);

    /// <summary>dx = dy f'(x), with f' derived so many times with respect to y.</summary>
    private static Tensor Backward(Tensor dy, Tensor y, ActivationFunction function, int order)
    {
        var dx = Tensor.Empty(y.Device, y.Shape, nameof(Activation));
        if (order == 0)
            Primitives.Activation.Backward(function, dy.Buffer, y.Buffer, dx.Buffer);
        else
            Primitives.Activation.BackwardByOutput(function, order, dy.Buffer, y.Buffer, dx.Buffer);
        return Gradients.Needed(dy, y) ? Gradients.Record(dx, new BackwardNode(dy, y, function, order)) : dx;
    }

    private sealed class Node : GradientNode
    {
        private readonly Tensor _y;
        private readonly ActivationFunction _function;

        public Node(Tensor x, Tensor y, ActivationFunction function) : base(x)
        {
            _y = Save(y);
            _function = function;
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Activation.Backward(gradient, _y, _function);
    }

    private sealed class BackwardNode : GradientNode
    {
        private readonly Tensor _dy;
        private readonly Tensor _y;
        private readonly ActivationFunction _function;
        private readonly int _order;

        public BackwardNode(Tensor dy, Tensor y, ActivationFunction function, int order) : base(dy, function.IsPiecewiseLinear ? null : y)
        {
            _dy = Save(dy);
            _y = Save(y);
            _function = function;
            _order = order;
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Needs(0))
                inputGradients[0] = Activation.Backward(gradient, _y, _function, _order);
            if (Needs(1))
                inputGradients[1] = Activation.Backward(Elementwise.Multiply(gradient, _dy), _y, _function, _order + 1);
        }
    }
}
