namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Probability"/>, whose comments say what the arguments are.</summary>
internal abstract class ProbabilityAlgorithm : IAlgorithm<LaidImage>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in LaidImage image);

    /// <summary>sums[i] += share p(i).</summary>
    public abstract void AddShare(in LaidImage image, DeviceBuffer<float> values, int channel, float share, DeviceBuffer<float> sums);
}
