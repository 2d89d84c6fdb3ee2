namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute <see cref="ForegroundLoss"/>, whose comments say what the arguments are.</summary>
internal abstract class ForegroundLossAlgorithm : IAlgorithm<EmbeddingLayout>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in EmbeddingLayout layout);

    /// <summary>Values and factors.</summary>
    public abstract void Evaluate(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<int> objectPixels, float weight, DeviceBuffer<float> values,
        DeviceBuffer<float> factors);

    /// <summary>Gradient.</summary>
    public abstract void Gradient(
        EmbeddingLayout layout, DeviceBuffer<float> logits, DeviceBuffer<float> targets, DeviceBuffer<float> factors, DeviceBuffer<float> gradient);
}
