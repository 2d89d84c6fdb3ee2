namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="ChannelSum"/>.</summary>
internal abstract class ChannelSumAlgorithm : IAlgorithm<TensorShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in TensorShape shape);

    /// <summary>Sums.</summary>
    public abstract void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum);
}
