namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="UpsampleConcat"/>, whose comments say what the arguments are.</summary>
internal abstract class UpsampleConcatAlgorithm : IAlgorithm<UpsampleShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in UpsampleShape shape);

    /// <summary>y = (skip, small resized) along the channels.</summary>
    public abstract void Forward(in UpsampleShape shape, DeviceBuffer<float> skip, DeviceBuffer<float> small, DeviceBuffer<float> y);

    /// <summary>dsmall, and dskip unless this is left out.</summary>
    public abstract void Backward(in UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dskip, DeviceBuffer<float> dsmall);
}
