namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Dropout"/>, whose comments say what the arguments are.</summary>
internal abstract class DropoutAlgorithm : IAlgorithm<TensorShape>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in TensorShape shape);

    /// <summary>y = x, 0 in the dropped channels and times 1 / (1 - p) in the others.</summary>
    public abstract void Apply(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y, float probability, ulong seed);
}
