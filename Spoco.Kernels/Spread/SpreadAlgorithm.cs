namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Spread"/>.</summary>
internal abstract class SpreadAlgorithm : IAlgorithm<TensorShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in TensorShape shape);

    /// <summary>Values of channels.</summary>
    public abstract void OverVoxels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y);

    /// <summary>Values of voxels.</summary>
    public abstract void OverChannels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y);
}
