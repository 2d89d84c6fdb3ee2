namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="GradientPenalty"/>, whose comments say what the arguments are.</summary>
internal abstract class GradientPenaltyAlgorithm : IAlgorithm<long>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in long values);

    /// <summary>Mixes images.</summary>
    public abstract void Mix(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> epsilon, DeviceBuffer<float> y);

    /// <summary>Norms and direction.</summary>
    public abstract void Direction(DeviceBuffer<float> gradient, DeviceBuffer<float> norms, DeviceBuffer<float> direction, float factor);
}
