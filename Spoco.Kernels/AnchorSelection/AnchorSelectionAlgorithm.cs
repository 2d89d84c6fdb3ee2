namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="AnchorSelection"/>.</summary>
internal abstract class AnchorSelectionAlgorithm : IAlgorithm<EmbeddingLayout>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in EmbeddingLayout layout);

    /// <summary>Selects; there is room for at least one anchor.</summary>
    public abstract void Select(
        EmbeddingLayout layout, DeviceBuffer<float> f, DeviceBuffer<float> g, CentreTable centres, float distance, DeviceBuffer<float> anchors,
        DeviceBuffer<float> momentumAnchors, DeviceBuffer<float> selected);
}
