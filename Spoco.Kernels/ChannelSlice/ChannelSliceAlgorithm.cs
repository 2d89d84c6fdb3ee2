namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="ChannelSlice"/>, whose comments say what the arguments are.</summary>
internal abstract class ChannelSliceAlgorithm : IAlgorithm<ChannelRun>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in ChannelRun run);

    /// <summary>y = the run of x.</summary>
    public abstract void Forward(in ChannelRun run, DeviceBuffer<float> x, DeviceBuffer<float> y);

    /// <summary>dx = dy in the run, 0 in the other channels.</summary>
    public abstract void Backward(in ChannelRun run, DeviceBuffer<float> dy, DeviceBuffer<float> dx);
}
