namespace Spoco.Kernels.Primitives;

/// <summary>What the choice of a convolution's algorithm depends on.</summary>
/// <param name="Shape">Geometry of the forward convolution.</param>
/// <param name="Activation">The activation behind it; of a gradient the identity.</param>
internal readonly record struct ConvolutionProblem(ConvolutionShape Shape, ActivationFunction Activation)
{
    /// <inheritdoc/>
    public override string ToString() => Activation.Kind == ActivationKind.Identity ? $"{Shape}" : $"{Shape}, {Activation}";
}

/// <summary>A way to compute a <see cref="Convolution"/>, whose comments say what the arguments are.</summary>
internal abstract class ConvolutionAlgorithm : IAlgorithm<ConvolutionProblem>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in ConvolutionProblem problem);

    /// <inheritdoc cref="IAlgorithm{TShape}.Pays"/>
    public virtual bool Pays(in Capabilities device, in ConvolutionProblem problem) => true;

    /// <summary>Bytes of the device's workspace that the forward pass takes.</summary>
    public abstract long Workspace(ComputeDevice device, in ConvolutionShape shape);

    /// <summary>y = f(x * weight + bias).</summary>
    public abstract void Forward(
        in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation);

    /// <summary>dx from dy and the weight.</summary>
    public abstract void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, ValueBuffer dx);

    /// <summary>dweight from x and dy.</summary>
    public abstract void BackwardWeight(in ConvolutionShape shape, ValueBuffer x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight);
}
