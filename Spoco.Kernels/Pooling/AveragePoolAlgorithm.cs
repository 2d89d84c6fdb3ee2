namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="AveragePool"/>, whose comments say what the arguments are.</summary>
internal abstract class AveragePoolAlgorithm : IAlgorithm<PoolingShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in PoolingShape shape);

    /// <summary>y = mean over the window.</summary>
    public abstract void Forward(in PoolingShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y);

    /// <summary>dx = dy / (voxels of a window) under every window, 0 behind the last one.</summary>
    public abstract void Backward(in PoolingShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dx);
}
