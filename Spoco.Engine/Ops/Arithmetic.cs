using Spoco.Kernels.Primitives;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Differences, quotients, exponentials, logarithms and square roots, element by element; all can be differentiated any number of times.</summary>
public static class Arithmetic
{
    /// <summary>a - b.</summary>
    /// <exception cref="ArgumentException">The shapes or devices differ.</exception>
    public static Tensor Subtract(Tensor a, Tensor b) => Elementwise.AddScaled(a, b, -1);

    /// <summary>a / b; its gradient is dy / b and -dy a / b^2. Where b is 0 the result is infinite or not a number, as in IEEE 754.</summary>
    /// <exception cref="ArgumentException">The shapes or devices differ.</exception>
    public static Tensor Divide(Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Shape != b.Shape)
            throw new ArgumentException($"{nameof(Divide)}: the shapes differ: {a.Shape} and {b.Shape}.");
        var y = Tensor.Empty(a.Device, a.Shape, nameof(Divide));
        Primitives.Elementwise.Apply(a.Buffer, b.Buffer, y.Buffer, default(DivideOperator));
        return Gradients.Needed(a, b) ? Gradients.Record(y, new DivideNode(a, b, y)) : y;
    }

    /// <summary>exp(x); its gradient is dy exp(x).</summary>
    public static Tensor Exponential(Tensor x) => Apply(x, default(ExponentialOperator), nameof(Exponential), static (dy, _, y) => Elementwise.Multiply(dy, y));

    /// <summary>The natural logarithm of x; its gradient is dy / x. Minus infinity at 0, not a number below.</summary>
    public static Tensor Logarithm(Tensor x) => Apply(x, default(LogarithmOperator), nameof(Logarithm), static (dy, x, _) => Divide(dy, x));

    /// <summary>The square root of x; its gradient is dy / (2 sqrt(x)), infinite at 0. Not a number below 0.</summary>
    public static Tensor SquareRoot(Tensor x) =>
        Apply(x, default(SquareRootOperator), nameof(SquareRoot), static (dy, _, y) => Elementwise.Scale(Divide(dy, y), 0.5f));

    private static Tensor Apply<TOperator>(Tensor x, TOperator function, string name, Func<Tensor, Tensor, Tensor, Tensor> backward)
        where TOperator : unmanaged, IElementwiseOperator
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, x.Shape, name);
        Primitives.Elementwise.Apply(x.Buffer, x.Buffer, y.Buffer, function);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, y, backward)) : y;
    }

    private sealed class DivideNode : GradientNode
    {
        private readonly Tensor _b;
        private readonly Tensor _y;

        public DivideNode(Tensor a, Tensor b, Tensor y) : base(a, b) => (_b, _y) = (Save(b), Save(y));

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            var ofA = Divide(gradient, _b);
            if (Needs(0))
                inputGradients[0] = ofA;
            if (Needs(1))
                inputGradients[1] = Elementwise.Scale(Elementwise.Multiply(ofA, _y), -1);
        }
    }

    /// <summary>A function of one value whose derivative is written with its input and its result.</summary>
    private sealed class Node : GradientNode
    {
        private readonly Tensor _x;
        private readonly Tensor _y;
        private readonly Func<Tensor, Tensor, Tensor, Tensor> _backward;

        public Node(Tensor x, Tensor y, Func<Tensor, Tensor, Tensor, Tensor> backward) : base(x) => (_x, _y, _backward) = (Save(x), Save(y), backward);

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = _backward(gradient, _x, _y);
    }
}
