namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="Affinity"/>, whose comments say what the arguments are.</summary>
internal abstract class AffinityAlgorithm : IAlgorithm<LaidImage>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in LaidImage image);

    /// <summary>sums[o, i] += share w(i, i + offset o), with w = 1 - max((reach - |e_i - e_j|) / reach, 0)^2.</summary>
    public abstract void AddShare(
        in LaidImage image, DeviceBuffer<float> embeddings, int channels, DeviceBuffer<PixelOffset> offsets, float reach, float share, bool channelsLast,
        DeviceBuffer<float> sums);
}
