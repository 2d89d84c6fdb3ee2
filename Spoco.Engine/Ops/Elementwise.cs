using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Sums, products and multiples of tensors of one shape, element by element.</summary>
public static class Elementwise
{
    /// <summary>a + b.</summary>
    /// <exception cref="ArgumentException">The shapes or devices differ.</exception>
    public static Tensor Add(Tensor a, Tensor b) => AddScaled(a, b, 1);

    /// <summary>a + factor b.</summary>
    /// <exception cref="ArgumentException">The shapes or devices differ.</exception>
    public static Tensor AddScaled(Tensor a, Tensor b, float factor)
    {
        RequireSameShape(nameof(AddScaled), a, b);
        var y = Tensor.Empty(a.Device, a.Shape, "Add");
        Primitives.Elementwise.Apply(a.Buffer, b.Buffer, y.Buffer, new AddScaledOperator(factor));
        return Gradients.Needed(a, b) ? Gradients.Record(y, new AddNode(a, b, factor)) : y;
    }

    /// <summary>a b, element by element.</summary>
    /// <exception cref="ArgumentException">The shapes or devices differ.</exception>
    public static Tensor Multiply(Tensor a, Tensor b)
    {
        RequireSameShape(nameof(Multiply), a, b);
        var y = Tensor.Empty(a.Device, a.Shape, nameof(Multiply));
        Primitives.Elementwise.Apply(a.Buffer, b.Buffer, y.Buffer, default(MultiplyOperator));
        return Gradients.Needed(a, b) ? Gradients.Record(y, new MultiplyNode(a, b)) : y;
    }

    /// <summary>factor a, every element times the same number.</summary>
    public static Tensor Scale(Tensor a, float factor)
    {
        ArgumentNullException.ThrowIfNull(a);
        var y = Tensor.Empty(a.Device, a.Shape, nameof(Scale));
        Primitives.Elementwise.Apply(a.Buffer, a.Buffer, y.Buffer, new ScaleOperator(factor));
        return Gradients.Needed(a) ? Gradients.Record(y, new ScaleNode(a, factor)) : y;
    }

    private static void RequireSameShape(string operation, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Shape != b.Shape)
            throw new ArgumentException($"{operation}: the shapes differ: {a.Shape} and {b.Shape}.");
    }

    private sealed class AddNode(Tensor a, Tensor b, float factor) : GradientNode(a, b)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Needs(0))
                inputGradients[0] = gradient;
            if (Needs(1))
                inputGradients[1] = factor == 1 ? gradient : Scale(gradient, factor);
        }
    }

    private sealed class MultiplyNode : GradientNode
    {
        private readonly Tensor _a;
        private readonly Tensor _b;

        public MultiplyNode(Tensor a, Tensor b) : base(a, b)
        {
            _a = Save(a);
            _b = Save(b);
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Needs(0))
                inputGradients[0] = Multiply(gradient, _b);
            if (Needs(1))
                inputGradients[1] = Multiply(gradient, _a);
        }
    }

    private sealed class ScaleNode(Tensor a, float factor) : GradientNode(a)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = Scale(gradient, factor);
    }
}
