namespace Spoco.Kernels.Primitives;

/// <summary>A way to compute the passes of <see cref="EmbeddingLoss"/>, whose comments say what the arguments are.</summary>
internal abstract class EmbeddingLossAlgorithm : IAlgorithm<EmbeddingLayout>
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract bool Runs(in Capabilities device, in EmbeddingLayout layout);

    /// <summary>Elements of memory in which masks are kept between the passes.</summary>
    public abstract long KeptLength(EmbeddingLayout layout, int anchors);

    /// <summary>Sums over the pixels, for every centre.</summary>
    public abstract void Sums(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, EmbeddingLossSums sums);

    /// <summary>Gradient of every pixel.</summary>
    public abstract void Gradient(EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient);
}
