namespace Spoco.Kernels.Primitives;

/// <summary>Convolution on ILGPU devices: implicit matrix products in tiles, see <see cref="TileForward"/>.</summary>
internal class ConvolutionSimt : ConvolutionAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "tiles";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ConvolutionProblem problem) => !device.OnHost && device.GroupThreads >= TileLayouts.LeastThreads;

    /// <inheritdoc/>
    public override long Workspace(ComputeDevice device, in ConvolutionShape shape) => 0;

    /// <inheritdoc/>
    public override void Forward(
        in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation)
    {
        Multiply(y.Device.Ilgpu, TileLaunch.Plain(x, shape.Input), weight, shape,
            new TileTarget { Y = ValueView.Of(y.View), Bias = bias.View, HasBias = bias.IsNull ? 0 : 1, Activation = activation });
    }

    /// <inheritdoc/>
    public override void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, ValueBuffer dx)
    {
        MultiplyGradient(dx.Device.Ilgpu, TileLaunch.Plain(dy, shape.Output), weight, shape,
            new TileGradientTarget { Dx = dx.View, Inputs = TileLaunch.Plain(dx, shape.Input), Groups = 1 });
    }

    /// <inheritdoc/>
    public override void BackwardWeight(in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight)
    {
        var device = dweight.Device.Ilgpu;
        using var holdings = new Holdings();
        var parts = WeightGradientParts(device, holdings, TileLaunch.Plain(x, shape.Input), TileLaunch.Plain(dy, shape.Output), shape, dweight);
        if (!parts.IsNull)
            ChannelSumSimt.SumParts(device, parts, dweight);
    }

    /// <summary>The gradient of the weight, see <see cref="TileLaunch.WeightGradientParts"/>.</summary>
    protected virtual DeviceBuffer<float> WeightGradientParts(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight) =>
        TileLaunch.WeightGradientParts(device, holdings, source, gradient, shape, dweight);

    /// <summary>The convolution with its bias and activation.</summary>
    protected virtual void Multiply(IlgpuDevice device, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileTarget target)
    {
        var kind = TileLayouts.For(device.Capabilities, shape.OutputChannels);
        TileLaunch.Forward(device, kind, source, weight, shape, TileBlocks.Of(shape.Output, shape.Output.D > 1, kind.RowThreads()), target);
    }

    /// <summary>The gradient of its source.</summary>
    protected virtual void MultiplyGradient(
        IlgpuDevice device, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileGradientTarget target)
    {
        var kind = TileLayouts.For(device.Capabilities, shape.InputChannels);
        TileLaunch.InputGradient(device, kind, gradient, weight, shape, TileBlocks.Of(shape.Input, shape.Input.D > 1, kind.RowThreads()), target);
    }
}
