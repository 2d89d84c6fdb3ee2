using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>A run of channels of every voxel.</summary>
public static class ChannelSlice
{
    /// <summary>y = the channels [first, first + count) of x.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="first">First channel.</param>
    /// <param name="count">Channels, at least 1.</param>
    /// <returns>[N, D, H, W, count].</returns>
    /// <exception cref="ArgumentException">The run is empty or leaves the channels.</exception>
    public static Tensor Apply(Tensor x, int first, int count)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (first < 0 || count < 1 || first > x.Shape.C - count)
            throw new ArgumentException($"ChannelSlice: {count} channels from {first} on are not all among those of {x.Shape}.");
        var y = Tensor.Empty(x.Device, x.Shape.WithChannels(count), nameof(ChannelSlice));
        Primitives.ChannelSlice.Forward(x.Shape.Voxels, first, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new Node(x, first)) : y;
    }

    /// <summary>Zeros with dy in the channels from <paramref name="first"/> on.</summary>
    private static Tensor Backward(Tensor dy, int first, int channels)
    {
        var dx = Tensor.Empty(dy.Device, dy.Shape.WithChannels(channels), nameof(ChannelSlice));
        Primitives.ChannelSlice.Backward(dy.Shape.Voxels, first, dy.Buffer, dx.Buffer);
        return Gradients.Needed(dy) ? Gradients.Record(dx, new BackwardNode(dy, first)) : dx;
    }

    private sealed class Node(Tensor x, int first) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = ChannelSlice.Backward(gradient, first, Inputs[0]!.Shape.C);
    }

    private sealed class BackwardNode(Tensor dy, int first) : GradientNode(dy)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) =>
            inputGradients[0] = Apply(gradient, first, Inputs[0]!.Shape.C);
    }
}
