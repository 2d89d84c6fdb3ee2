using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Convolution on the host: matrix products of register tiles on the image as it lies in memory. With channels last, the terms of one kernel row,
/// kW Cin values, are contiguous for every output column, and neighbouring columns start Cin values apart: a tile of several columns by
/// one or two registers of output channels reads them without rearranging. Only tiles at the border are copied, with their zeros.
/// </summary>
internal sealed unsafe class ConvolutionDirect : ConvolutionAlgorithm
{
    private const int FewChannels = 3;

    /// <inheritdoc/>
    public override string Name => "direct";

    /// <summary>Most floats of a vector; 0 = the widest.</summary>
    public int Lanes { get; init; }

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ConvolutionProblem problem) => device.OnHost;

    /// <inheritdoc/>
    public override long Workspace(ComputeDevice device, in ConvolutionShape shape) => 0;

    /// <inheritdoc/>
    public override void Forward(
        in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation) => Correlate(shape.Flattened, x.Single, weight, false, bias, y, activation);

    /// <inheritdoc/>
    public override void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, ValueBuffer dx) =>
        Correlate(shape.Flattened.Transposed, dy, weight, true, default, dx.Single, default);

    /// <inheritdoc/>
    public override void BackwardWeight(in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight)
    {
        var (host, flat) = (dweight.Device.Host, shape.Flattened);
        switch (VectorWidth.Narrow(Lanes, flat.OutputChannels))
        {
            case 16:
                ConvolutionHostBackwardWeight<Simd512, Vector512<float>>.Run(host, flat, x.HostAddress, dy.HostAddress, dweight.HostAddress);
                break;
            case 8:
                ConvolutionHostBackwardWeight<Simd256, Vector256<float>>.Run(host, flat, x.HostAddress, dy.HostAddress, dweight.HostAddress);
                break;
            default:
                ConvolutionHostBackwardWeight<Simd128, Vector128<float>>.Run(host, flat, x.HostAddress, dy.HostAddress, dweight.HostAddress);
                break;
        }
    }

    private void Correlate(
        in ConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> weight, bool transposed, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation)
    {
        var host = y.Device.Host;
        // With very few output channels most lanes would be idle: they then take neighbouring terms instead, where those fill whole vectors.
        var rowTerms = shape.KernelW * shape.InputChannels;
        var alongTerms = shape.OutputChannels <= FewChannels && rowTerms % 4 == 0;
        var lanes = alongTerms ? VectorWidth.Divide(Lanes, rowTerms) : VectorWidth.Narrow(Lanes, shape.OutputChannels);
        using var packed = PackedWeight.Create(host, shape, weight.HostAddress, transposed, lanes, alongTerms);
        switch (lanes)
        {
            case 16:
                Run<Simd512, Vector512<float>>(host, shape, x.HostAddress, packed, bias.HostAddress, y.HostAddress, activation);
                break;
            case 8:
                Run<Simd256, Vector256<float>>(host, shape, x.HostAddress, packed, bias.HostAddress, y.HostAddress, activation);
                break;
            default:
                Run<Simd128, Vector128<float>>(host, shape, x.HostAddress, packed, bias.HostAddress, y.HostAddress, activation);
                break;
        }
    }

    private static void Run<TSimd, TVector>(
        HostDevice host, in ConvolutionShape shape, float* x, PackedWeight weight, float* bias, float* y, ActivationFunction activation)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        if (weight.AlongTerms)
            ConvolutionHostForward<AlongTerms<TSimd, TVector>, TVector>.Run(host, shape, x, weight, bias, y, activation);
        else
            ConvolutionHostForward<TSimd, TVector>.Run(host, shape, x, weight, bias, y, activation);
    }
}
