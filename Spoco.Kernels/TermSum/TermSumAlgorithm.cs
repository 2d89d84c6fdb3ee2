namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="TermSum"/>.</summary>
internal abstract class TermSumAlgorithm : IAlgorithm<long>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in long values);

    /// <summary>Sums.</summary>
    public abstract void Forward(DeviceBuffer<float> values, DeviceBuffer<float> weights, DeviceBuffer<float> total);
}
