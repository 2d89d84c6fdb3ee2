namespace Spoco.Kernels.Primitives;

/// <summary>
/// Convolution with 3x3 or 3x3x3 taps on the host by Winograd's algorithm (Lavin and Gray 2016, arXiv:1509.09308): less than half the operations, and
/// rounding a little larger.
/// </summary>
internal sealed unsafe class ConvolutionWinograd : ConvolutionAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "winograd";

    /// <summary>Most floats of a vector; 0 = the widest.</summary>
    public int Lanes { get; init; }

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ConvolutionProblem problem) =>
        device is { OnHost: true, Winograd: true } && problem.Activation.IsPiecewiseLinear && WinogradGrid.Of(problem.Shape) is not null;

    /// <inheritdoc/>
    public override long Workspace(ComputeDevice device, in ConvolutionShape shape) =>
        Grid(shape).Workspace(device.Host.Workers.Workers, shape.InputChannels, shape.OutputChannels);

    /// <inheritdoc/>
    public override void Forward(
        in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation) => WinogradHost.Run(y.Device.Host, new WinogradPass
    {
        Grid = Grid(shape),
        Source = new WinogradSource { Values = x.HostAddress, Shape = shape.Input },
        Target = new WinogradTarget
        {
            Values = y.HostAddress,
            Shape = shape.Output,
            Bias = bias.HostAddress,
            Slope = activation.NegativeSlope,
        },
        Weight = weight.HostAddress,
        WeightShape = shape.Weight,
    }, Lanes);

    /// <inheritdoc/>
    public override void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, ValueBuffer dx) =>
        WinogradHost.Run(dx.Device.Host, new WinogradPass
        {
            Grid = Grid(shape).Transposed(shape.Input),
            Source = new WinogradSource { Values = dy.HostAddress, Shape = shape.Output },
            Target = new WinogradTarget { Values = dx.HostAddress, Shape = shape.Input, Slope = 1 },
            Weight = weight.HostAddress,
            WeightShape = shape.Weight,
            Transposed = true,
        }, Lanes);

    /// <inheritdoc/>
    public override void BackwardWeight(in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight) =>
        WinogradHost.BackwardWeight(dweight.Device.Host, Grid(shape), new WinogradSource { Values = x.HostAddress, Shape = shape.Input }, default,
            new WinogradSource { Values = dy.HostAddress, Shape = shape.Output }, dweight.HostAddress, Lanes);

    private static WinogradGrid Grid(in ConvolutionShape shape) => WinogradGrid.Of(shape)!.Value;
}
