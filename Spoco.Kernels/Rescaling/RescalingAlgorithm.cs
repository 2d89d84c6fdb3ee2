namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Rescaling"/>.</summary>
internal abstract class RescalingAlgorithm : IAlgorithm<long>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in long values);

    /// <summary>Multiplies.</summary>
    public abstract void Apply(DeviceBuffer<float> y, DeviceBuffer<float> factor);
}
