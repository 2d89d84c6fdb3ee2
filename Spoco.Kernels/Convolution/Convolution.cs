namespace Spoco.Kernels.Primitives;

/// <summary>
/// Convolution (cross-correlation) in two and three dimensions with stride 1, channels last:
/// y[n,d,h,w,o] = f(bias[o] + sum over i,j,k,c of x[n,d+i-pD,h+j-pH,w+k-pW,c] weight[i,j,k,c,o]), x = 0 outside.
/// Sums have a fixed order: the same device gives the same bits, with any number of threads.
/// </summary>
public static unsafe class Convolution
{
    /// <summary>y = f(x * weight + bias).</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">[N,D,H,W,Cin].</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="bias">[Cout], or default for none.</param>
    /// <param name="y">[N,D',H',W',Cout], overwritten.</param>
    /// <param name="activation">f.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void Forward(
        in ConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation = default)
    {
        Require(y.Device, x, shape.Input.Count, "input");
        Require(y.Device, weight, shape.Weight.Count, "weight");
        Require(y.Device, y, shape.Output.Count, "output");
        if (!bias.IsNull)
            Require(y.Device, bias, shape.OutputChannels, "bias");
        if (y.Device is HostDevice host)
            ConvolutionHost.Forward(host, shape, x.HostAddress, weight.HostAddress, bias.HostAddress, y.HostAddress, activation);
        else
            ConvolutionSimt.Forward((IlgpuDevice)y.Device, shape, x, weight, bias, y, activation);
    }

    /// <summary>dx: the gradient with respect to the input.</summary>
    /// <param name="shape">Geometry of the forward convolution.</param>
    /// <param name="dy">Gradient with respect to the output (before the activation), [N,D',H',W',Cout].</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="dx">[N,D,H,W,Cin], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, DeviceBuffer<float> dx)
    {
        Require(dx.Device, dy, shape.Output.Count, "output gradient");
        Require(dx.Device, weight, shape.Weight.Count, "weight");
        Require(dx.Device, dx, shape.Input.Count, "input gradient");
        if (dx.Device is HostDevice host)
            ConvolutionHost.BackwardInput(host, shape, dy.HostAddress, weight.HostAddress, dx.HostAddress);
        else
            ConvolutionSimt.BackwardInput((IlgpuDevice)dx.Device, shape, dy, weight, dx);
    }

    /// <summary>dweight: the gradient with respect to the weight, summed over batch and voxels.</summary>
    /// <param name="shape">Geometry of the forward convolution.</param>
    /// <param name="x">[N,D,H,W,Cin].</param>
    /// <param name="dy">Gradient with respect to the output (before the activation), [N,D',H',W',Cout].</param>
    /// <param name="dweight">[kD,kH,kW,Cin,Cout], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the shape says, or lies on another device.</exception>
    public static void BackwardWeight(in ConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight)
    {
        Require(dweight.Device, x, shape.Input.Count, "input");
        Require(dweight.Device, dy, shape.Output.Count, "output gradient");
        Require(dweight.Device, dweight, shape.Weight.Count, "weight gradient");
        if (dweight.Device is HostDevice host)
            ConvolutionHost.BackwardWeight(host, shape, x.HostAddress, dy.HostAddress, dweight.HostAddress);
        else
            ConvolutionSimt.BackwardWeight((IlgpuDevice)dweight.Device, shape, x, dy, dweight);
    }

    /// <summary>dbias: dy summed over batch and voxels, which is dweight for a single input channel that is 1 everywhere.</summary>
    /// <param name="dy">Gradient with respect to the output (before the activation), [N,D',H',W',Cout].</param>
    /// <param name="dbias">[Cout], overwritten.</param>
    /// <exception cref="ArgumentException"><paramref name="dy"/> does not consist of whole voxels, or lies on another device.</exception>
    public static void BackwardBias(DeviceBuffer<float> dy, DeviceBuffer<float> dbias)
    {
        if (dbias.Length == 0 || dy.Length % dbias.Length != 0)
            throw new ArgumentException($"Convolution: {dy.Length} output gradients are not voxels of {dbias.Length} channels.");
        Require(dbias.Device, dy, dy.Length, "output gradient");
        if (dbias.Device is HostDevice host)
            ConvolutionHost.BackwardBias(host, dy.HostAddress, dy.Length / dbias.Length, (int)dbias.Length, dbias.HostAddress);
        else
            ConvolutionSimt.BackwardBias((IlgpuDevice)dbias.Device, dy, dbias);
    }

    private static void Require(ComputeDevice device, DeviceBuffer<float> buffer, long length, string name)
    {
        if (buffer.Length != length)
            throw new ArgumentException($"Convolution: the {name} needs {length} elements, the buffer has {buffer.Length}.");
        if (buffer.Device != device)
            throw new ArgumentException($"Convolution: the {name} is on device {buffer.Device.Name}, the result on {device.Name}.");
    }
}
