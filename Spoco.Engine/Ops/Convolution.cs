using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>
/// Convolution (cross-correlation) in two and three dimensions with stride 1:
/// y[n,d,h,w,o] = f(bias[o] + sum over i,j,k,c of x[n,d+i-pD,h+j-pH,w+k-pW,c] weight[i,j,k,c,o]).
/// Forward, gradient of the input and gradient of the weight are linear in each argument and are each other's derivatives, so that the three
/// together can be differentiated as often as wanted.
/// </summary>
public static class Convolution
{
    /// <summary>y = f(x * weight + bias).</summary>
    /// <param name="x">[N,D,H,W,Cin]; 2D has D = 1.</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="bias">Cout values, or null.</param>
    /// <param name="padding">Zeros on both sides of each axis; null = half the kernel, which keeps the extents for odd kernels.</param>
    /// <param name="activation">f, applied while the result is still in the cache; only y is kept for its gradient.</param>
    /// <param name="whole">The result's extents were <paramref name="x"/> not a part of a larger image, see <see cref="ConvolutionShape.Whole"/>.</param>
    /// <returns>[N,D',H',W',Cout].</returns>
    /// <exception cref="ArgumentException">Shapes or devices do not fit each other.</exception>
    public static Tensor Apply(
        Tensor x, Tensor weight, Tensor? bias = null, (int D, int H, int W)? padding = null, ActivationFunction activation = default,
        TensorShape whole = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        var shape = ConvolutionShape.Create(x.Shape, WeightShape.Of(weight.Shape), padding ?? (weight.Shape.N / 2, weight.Shape.D / 2, weight.Shape.H / 2))
            with { Whole = whole };
        if (bias is not null && bias.Shape != TensorShape.Vector(shape.OutputChannels))
            throw new ArgumentException($"Convolution: weight {weight.Shape} needs a bias of shape {TensorShape.Vector(shape.OutputChannels)}, "
                + $"got {bias.Shape}.");
        var y = Tensor.Empty(x.Device, shape.Output, nameof(Convolution));
        Primitives.Convolution.Forward(shape, x.Stored, weight.Buffer, bias?.Buffer ?? default, y.Buffer, activation);
        return Gradients.Needed(x, weight, bias) ? Gradients.Record(y, new Node(shape, x, weight, bias, y, activation)) : y;
    }

    private static Tensor Forward(ConvolutionShape shape, Tensor x, Tensor weight) =>
        Apply(x, weight, null, (shape.PaddingD, shape.PaddingH, shape.PaddingW));

    private static Tensor BackwardInput(ConvolutionShape shape, Tensor dy, Tensor weight, ElementType type = ElementType.F32)
    {
        var dx = Tensor.Empty(dy.Device, shape.Input, nameof(Convolution), type);
        Primitives.Convolution.BackwardInput(shape, dy.Buffer, weight.Buffer, dx.Stored);
        return Gradients.Needed(dy, weight) ? Gradients.Record(dx, new BackwardInputNode(shape, dy, weight)) : dx;
    }

    private static Tensor BackwardWeight(ConvolutionShape shape, Tensor x, Tensor dy, Tensor? place = null)
    {
        var dweight = place ?? Tensor.Empty(dy.Device, shape.Weight, nameof(Convolution));
        Primitives.Convolution.BackwardWeight(shape, x.Stored, dy.Buffer, dweight.Buffer);
        return Gradients.Needed(x, dy) ? Gradients.Record(dweight, new BackwardWeightNode(shape, x, dy)) : dweight;
    }

    private static Tensor BackwardBias(Tensor dy, Tensor? place = null)
    {
        var dbias = place ?? Tensor.Empty(dy.Device, TensorShape.Vector(dy.Shape.C), nameof(Convolution));
        Primitives.ChannelSum.Forward(dy.Shape, dy.Buffer, dbias.Buffer);
        return Gradients.Needed(dy) ? Gradients.Record(dbias, new BackwardBiasNode(dy)) : dbias;
    }

    private sealed class Node : GradientNode
    {
        private readonly ConvolutionShape _shape;
        private readonly Tensor? _x;
        private readonly Tensor? _weight;
        private readonly Tensor? _y;
        private readonly ActivationFunction _activation;

        public Node(ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y, ActivationFunction activation) : base(x, weight, bias)
        {
            _shape = shape;
            _activation = activation;
            _x = weight.RequiresGradient ? Save(x) : null;
            _weight = x.RequiresGradient ? Save(weight) : null;
            _y = activation.Kind != ActivationKind.Identity ? Save(y) : null;
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            var dy = _y is null ? gradient : Activation.Backward(gradient, _y, _activation);
            if (_weight is not null)
                inputGradients[0] = BackwardInput(_shape, dy, _weight, Inputs[0]!.ElementType);
            if (_x is not null)
                inputGradients[1] = BackwardWeight(_shape, _x, dy, Place(1));
            if (Needs(2))
                inputGradients[2] = BackwardBias(dy, Place(2));
        }
    }

    /// <summary>dx is linear in dy, with the forward convolution as derivative, and in the weight, with the weight gradient.</summary>
    private sealed class BackwardInputNode : GradientNode
    {
        private readonly ConvolutionShape _shape;
        private readonly Tensor _dy;
        private readonly Tensor _weight;

        public BackwardInputNode(ConvolutionShape shape, Tensor dy, Tensor weight) : base(dy, weight)
        {
            _shape = shape;
            _dy = Save(dy);
            _weight = Save(weight);
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Needs(0))
                inputGradients[0] = Forward(_shape, gradient, _weight);
            if (Needs(1))
                inputGradients[1] = BackwardWeight(_shape, gradient, _dy);
        }
    }

    /// <summary>dweight is linear in x, with the input gradient as derivative, and in dy, with the forward convolution.</summary>
    private sealed class BackwardWeightNode : GradientNode
    {
        private readonly ConvolutionShape _shape;
        private readonly Tensor _x;
        private readonly Tensor _dy;

        public BackwardWeightNode(ConvolutionShape shape, Tensor x, Tensor dy) : base(x, dy)
        {
            _shape = shape;
            _x = Save(x);
            _dy = Save(dy);
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Needs(0))
                inputGradients[0] = BackwardInput(_shape, _dy, gradient);
            if (Needs(1))
                inputGradients[1] = Forward(_shape, _x, gradient);
        }
    }

    /// <summary>dbias is the sum over voxels; its derivative repeats a value per channel at every voxel: a convolution of ones.</summary>
    private sealed class BackwardBiasNode(Tensor dy) : GradientNode(dy)
    {
        private readonly TensorShape _shape = dy.Shape;

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Apply(Tensor.Filled(gradient.Device, _shape.WithChannels(1), 1), gradient);
    }
}
