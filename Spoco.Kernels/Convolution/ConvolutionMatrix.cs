namespace Spoco.Kernels.Primitives;

/// <summary>Convolution on devices with matrix units: as <see cref="ConvolutionSimt"/>, with the products of <see cref="MatrixProduct"/>.</summary>
internal sealed class ConvolutionMatrix : ConvolutionSimt
{
    /// <inheritdoc/>
    public override string Name => "matrix";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ConvolutionProblem problem) => MatrixLaunch.Runs(device, problem.Shape);

    /// <inheritdoc/>
    public override bool Pays(in Capabilities device, in ConvolutionProblem problem) => MatrixLaunch.Pays(device);

    /// <inheritdoc/>
    protected override void Multiply(IlgpuDevice device, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileTarget target) =>
        MatrixLaunch.Forward(device, source, weight, shape, MatrixTiles.BoxesOf(shape.Output, shape.Output.D > 1, shape)!.Value, target);

    /// <inheritdoc/>
    protected override void MultiplyGradient(
        IlgpuDevice device, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileGradientTarget target) =>
        MatrixLaunch.InputGradient(device, gradient, weight, shape, MatrixTiles.BoxesOf(shape.Input, shape.Input.D > 1, shape.Transposed)!.Value, target);

    /// <inheritdoc/>
    protected override DeviceBuffer<float> WeightGradientParts(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight) =>
        MatrixLaunch.WeightGradientParts(device, holdings, source, gradient, shape, dweight);
}
