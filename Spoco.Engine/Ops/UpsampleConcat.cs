using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>The input of a U-Net's decoder level in one pass: the encoder's features, and the level below resized to their size.</summary>
public static class UpsampleConcat
{
    /// <summary>y = Concat(skip, Upsample(small to the size of skip)).</summary>
    /// <param name="skip">[N, D, H, W, Cskip].</param>
    /// <param name="small">[N, d, h, w, C].</param>
    /// <returns>[N, D, H, W, Cskip + C].</returns>
    /// <exception cref="ArgumentException">The numbers of images differ.</exception>
    public static Tensor Apply(Tensor skip, Tensor small)
    {
        ArgumentNullException.ThrowIfNull(skip);
        ArgumentNullException.ThrowIfNull(small);
        if (skip.Shape.N != small.Shape.N)
            throw new ArgumentException($"UpsampleConcat: the numbers of images differ: {skip.Shape} and {small.Shape}.");
        return Apply(nameof(UpsampleConcat), skip, small);
    }

    internal static Tensor Apply(string operation, Tensor skip, Tensor small)
    {
        var s = skip.Shape;
        var shape = UpsampleShape.Of(operation, small.Shape, (s.D, s.H, s.W), s.C);
        var y = Tensor.Empty(skip.Device, shape.Output, operation);
        Primitives.UpsampleConcat.Forward(shape, skip.Buffer, small.Buffer, y.Buffer);
        return Gradients.Needed(skip, small) ? Gradients.Record(y, new Node(skip, small, shape)) : y;
    }

    private sealed class Node(Tensor skip, Tensor small, UpsampleShape shape) : GradientNode(skip, small)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Gradients.Needed(gradient))
            {
                if (Needs(0))
                    inputGradients[0] = ChannelSlice.Apply(gradient, 0, shape.SkipChannels);
                if (Needs(1))
                {
                    var channels = ChannelSlice.Apply(gradient, shape.SkipChannels, shape.Channels);
                    inputGradients[1] = Upsample.Backward(channels, shape with { SkipChannels = 0 });
                }

                return;
            }

            if (Needs(0))
                inputGradients[0] = Tensor.Empty(gradient.Device, shape.Skip, nameof(UpsampleConcat));
            if (Needs(1))
                inputGradients[1] = Tensor.Empty(gradient.Device, shape.Small, nameof(UpsampleConcat));
            Primitives.UpsampleConcat.Backward(shape, gradient.Buffer, inputGradients[0]?.Buffer ?? default, inputGradients[1]?.Buffer ?? default);
        }
    }
}
