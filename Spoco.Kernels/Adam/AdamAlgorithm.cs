namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Adam"/>, whose comments say what the arguments are.</summary>
internal abstract class AdamAlgorithm : IAlgorithm<long>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in long count);

    /// <summary>One step.</summary>
    public abstract void Step(
        DeviceBuffer<float> parameters, DeviceBuffer<float> gradients, DeviceBuffer<float> firstMoment, DeviceBuffer<float> secondMoment,
        DeviceBuffer<float> follower, in AdamFactors factors, bool clearGradients, DeviceBuffer<int> findings);
}
