namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="VoxelSum"/>.</summary>
internal abstract class VoxelSumAlgorithm : IAlgorithm<TensorShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in TensorShape shape);

    /// <summary>Sums.</summary>
    public abstract void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum);
}
