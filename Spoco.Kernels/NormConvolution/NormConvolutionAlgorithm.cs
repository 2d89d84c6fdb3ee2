namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute a <see cref="NormConvolution"/>, whose comments say what the arguments are.</summary>
internal abstract class NormConvolutionAlgorithm : IAlgorithm<NormConvolutionShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in NormConvolutionShape shape);

    /// <inheritdoc cref="IAlgorithm{TShape}.Pays"/>
    public virtual bool Pays(in Capabilities device, in NormConvolutionShape shape) => true;

    /// <summary>Whether the maxima over windows of the result can be taken while it is written.</summary>
    public abstract bool Pools(in NormConvolutionShape shape, in PoolingShape pool);

    /// <summary>Floats of the moments of the result, and of its maxima; <paramref name="pool"/> is default where there are none.</summary>
    public abstract long MomentsLength(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool);

    /// <summary>
    /// The type that the result may be stored as, where what follows reads it so: what a device rounds factors to anyway. Algorithms that give another one than
    /// single precision also read it.
    /// </summary>
    public virtual ElementType Storage(ComputeDevice device) => ElementType.F32;

    /// <summary>Floats of the statistics that the passes share.</summary>
    public abstract long StatisticsLength(in NormConvolutionShape shape);

    /// <summary>Bytes that the forward pass takes for its time: of memory of its own, and of the device's workspace.</summary>
    public abstract (long Temporary, long Workspace) Memory(ComputeDevice device, in NormConvolutionShape shape);

    /// <summary>Statistics of the inputs.</summary>
    public abstract void Measure(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, RunningStatistics running, DeviceBuffer<float> statistics);

    /// <summary>Statistics that are known: mean and variance per channel.</summary>
    public abstract void Know(
        in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> statistics);

    /// <summary>y and what follows from it.</summary>
    public abstract void Forward(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, DeviceBuffer<float> statistics, DeviceBuffer<float> weight,
        in NormConvolutionResults results);

    /// <summary>The gradients that are wanted.</summary>
    public abstract void Backward(
        in NormConvolutionShape shape, ValueBuffer dy, ValueBuffer y, in NormConvolutionInputs inputs, in NormParameters norm,
        DeviceBuffer<float> statistics, DeviceBuffer<float> weight, bool constantStatistics, in NormConvolutionGradients gradients);
}
