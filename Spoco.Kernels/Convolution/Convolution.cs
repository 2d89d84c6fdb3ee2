namespace Spoco.Kernels.Primitives;

/// <summary>
/// Convolution (cross-correlation) in two and three dimensions with stride 1, channels last:
/// y[n,d,h,w,o] = f(bias[o] + sum over i,j,k,c of x[n,d+i-pD,h+j-pH,w+k-pW,c] weight[i,j,k,c,o]), x = 0 outside.
/// Sums have a fixed order: the same device gives the same bits, with any number of threads.
/// </summary>
internal static class Convolution
{
    internal static readonly Chooser<ConvolutionAlgorithm, ConvolutionProblem> Chooser =
        new(nameof(Convolution), new ConvolutionWinograd(), new ConvolutionDirect(), new ConvolutionMatrix(), new ConvolutionSimt());

    /// <summary>y = f(x * weight + bias).</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">[N,D,H,W,Cin].</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="bias">[Cout], or default for none.</param>
    /// <param name="y">[N,D',H',W',Cout], overwritten.</param>
    /// <param name="activation">f.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void Forward(
        in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation = default)
    {
        new Arguments(nameof(Convolution), y.Device).Need(x, shape.Input.Count, "the input").Need(weight, shape.Weight.Count, "the weight")
            .Need(y, shape.Output.Count, "the output").Allow(bias, shape.OutputChannels, "the bias");
        Chooser.For(y.Device, new ConvolutionProblem(shape, activation)).Forward(shape, x, weight, bias, y, activation);
    }

    /// <summary>dx: the gradient with respect to the input.</summary>
    /// <param name="shape">Geometry of the forward convolution.</param>
    /// <param name="dy">Gradient with respect to the output (before the activation), [N,D',H',W',Cout].</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="dx">[N,D,H,W,Cin], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, ValueBuffer dx)
    {
        new Arguments(nameof(Convolution), dx.Device).Need(dy, shape.Output.Count, "the output gradient").Need(weight, shape.Weight.Count, "the weight")
            .Need(dx, shape.Input.Count, "the input gradient");
        Chooser.For(dx.Device, new ConvolutionProblem(shape, default)).BackwardInput(shape, dy, weight, dx);
    }

    /// <summary>dweight: the gradient with respect to the weight, summed over batch and voxels.</summary>
    /// <param name="shape">Geometry of the forward convolution.</param>
    /// <param name="x">[N,D,H,W,Cin].</param>
    /// <param name="dy">Gradient with respect to the output (before the activation), [N,D',H',W',Cout].</param>
    /// <param name="dweight">[kD,kH,kW,Cin,Cout], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void BackwardWeight(in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight)
    {
        new Arguments(nameof(Convolution), dweight.Device).Need(x, shape.Input.Count, "the input").Need(dy, shape.Output.Count, "the output gradient")
            .Need(dweight, shape.Weight.Count, "the weight gradient");
        Chooser.For(dweight.Device, new ConvolutionProblem(shape, default)).BackwardWeight(shape, x, dy, dweight);
    }

    /// <summary>Bytes of the device's workspace that <see cref="Forward"/> takes.</summary>
    internal static long Workspace(ComputeDevice device, in ConvolutionShape shape, ActivationFunction activation) =>
        Chooser.For(device, new ConvolutionProblem(shape, activation)).Workspace(device, shape);
}
