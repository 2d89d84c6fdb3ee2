using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Sums over the voxels of all images, one per channel, or over the channels, one per voxel; can be differentiated any number of times.</summary>
public static class AxisSum
{
    /// <summary>y_c = sum over images and voxels of x[.., c], [1, 1, 1, 1, C]; its gradient spreads dy_c over the voxels.</summary>
    public static Tensor OverVoxels(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, TensorShape.Vector(x.Shape.C), nameof(AxisSum));
        Primitives.ChannelSum.Forward(x.Shape, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new SumNode(x, SpreadOverVoxels)) : y;
    }

    /// <summary>y_v = sum over the channels c of x[v, c], [N, D, H, W, 1]; its gradient spreads dy_v over the channels.</summary>
    public static Tensor OverChannels(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, x.Shape.WithChannels(1), nameof(AxisSum));
        Primitives.VoxelSum.Forward(x.Shape, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new SumNode(x, SpreadOverChannels)) : y;
    }

    /// <summary>y[v, c] = x_c for a vector x; its gradient is the sum over the voxels.</summary>
    /// <param name="x">C values.</param>
    /// <param name="shape">Of the result, with C channels.</param>
    /// <exception cref="ArgumentException">The number of values is not that of the channels.</exception>
    public static Tensor SpreadOverVoxels(Tensor x, TensorShape shape)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, shape, nameof(AxisSum));
        Primitives.Spread.OverVoxels(shape, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new SpreadNode(x, OverVoxels)) : y;
    }

    /// <summary>y[v, c] = x_v for a tensor of one channel; its gradient is the sum over the channels.</summary>
    /// <param name="x">One value per voxel.</param>
    /// <param name="shape">Of the result, with as many voxels.</param>
    /// <exception cref="ArgumentException">The number of values is not that of the voxels.</exception>
    public static Tensor SpreadOverChannels(Tensor x, TensorShape shape)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Tensor.Empty(x.Device, shape, nameof(AxisSum));
        Primitives.Spread.OverChannels(shape, x.Buffer, y.Buffer);
        return Gradients.Needed(x) ? Gradients.Record(y, new SpreadNode(x, OverChannels)) : y;
    }

    private sealed class SumNode(Tensor x, Func<Tensor, TensorShape, Tensor> spread) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = spread(gradient, Inputs[0]!.Shape);
    }

    private sealed class SpreadNode(Tensor x, Func<Tensor, Tensor> sum) : GradientNode(x)
    {
        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients) => inputGradients[0] = sum(gradient);
    }
}
