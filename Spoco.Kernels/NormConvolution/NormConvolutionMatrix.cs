namespace Spoco.Kernels.Primitives;

/// <summary>The unit on devices with matrix units: as <see cref="NormConvolutionSimt"/>, with the products of <see cref="MatrixProduct"/>.</summary>
internal sealed class NormConvolutionMatrix : NormConvolutionSimt
{
    /// <inheritdoc/>
    public override string Name => "matrix";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in NormConvolutionShape shape) => MatrixLaunch.Runs(device, shape.Convolution);

    /// <inheritdoc/>
    public override bool Pays(in Capabilities device, in NormConvolutionShape shape) => MatrixLaunch.Pays(device);

    /// <inheritdoc/>
    public override ElementType Storage(ComputeDevice device) => device.Precision == Precision.BF16 ? ElementType.BF16 : ElementType.F32;

    /// <inheritdoc/>
    public override (long Temporary, long Workspace) Memory(ComputeDevice device, in NormConvolutionShape shape)
    {
        var (temporary, workspace) = base.Memory(device, shape);
        return (temporary + MatrixLaunch.PackedBytes(device, shape.Convolution), workspace);
    }

    /// <inheritdoc/>
    protected override TileBlocks BlocksOf(ComputeDevice device, TensorShape result, bool deep, in ConvolutionShape shape) =>
        MatrixTiles.BoxesOf(result, deep, shape)!.Value;

    /// <inheritdoc/>
    protected override void Multiply(
        IlgpuDevice device, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileTarget target) =>
        MatrixLaunch.Forward(device, source, weight, shape, blocks, target);

    /// <inheritdoc/>
    protected override void MultiplyGradient(
        IlgpuDevice device, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileGradientTarget target) =>
        MatrixLaunch.InputGradient(device, gradient, weight, shape, blocks, target);

    /// <inheritdoc/>
    protected override DeviceBuffer<float> WeightGradientParts(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight) =>
        MatrixLaunch.WeightGradientParts(device, holdings, source, gradient, shape, dweight);
}
