namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="ClusterMeans"/>.</summary>
internal abstract class ClusterMeansAlgorithm : IAlgorithm<EmbeddingLayout>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>Whether it reads the pixels in the order of their clusters (<see cref="PixelSegments.Order"/>).</summary>
    public abstract bool NeedsOrder { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in EmbeddingLayout layout);

    /// <summary>Means.</summary>
    public abstract void Forward(EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> means);
}
