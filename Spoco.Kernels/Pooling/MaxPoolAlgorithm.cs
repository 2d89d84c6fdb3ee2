namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="MaxPool"/>, whose comments say what the arguments are.</summary>
internal abstract class MaxPoolAlgorithm : IAlgorithm<PoolingShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in PoolingShape shape);

    /// <summary>y = max over the window, and its places unless these are left out.</summary>
    public abstract void Forward(in PoolingShape shape, ValueBuffer x, ValueBuffer y, DeviceBuffer<byte> places);

    /// <summary>dx = dy at the places of the maxima, 0 elsewhere; or dx += that.</summary>
    public abstract void Backward(in PoolingShape shape, ValueBuffer dy, DeviceBuffer<byte> places, ValueBuffer dx, bool add);

    /// <summary>y = x at the places.</summary>
    public abstract void Gather(in PoolingShape shape, ValueBuffer x, DeviceBuffer<byte> places, ValueBuffer y);
}
