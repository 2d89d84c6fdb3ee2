namespace Spoco.Kernels;

/// <summary>What the kernels of <see cref="Primitives.SoftMasks"/> read. All buffers are on one device.</summary>
public sealed record SoftMaskInputs
{
    /// <summary>1 / (2 sigma^2).</summary>
    public required float Falloff { get; init; }

    /// <summary>Layout of <see cref="Embeddings"/> and of their gradient.</summary>
    public required EmbeddingLayout Layout { get; init; }

    /// <summary>e.</summary>
    public required DeviceBuffer<float> Embeddings { get; init; }

    /// <summary>mu of every mask, [K, E]; the masks of an image stand together, in the order of the images.</summary>
    public required DeviceBuffer<float> Centres { get; init; }

    /// <summary>Which masks belong to every image, and the cluster of every pixel.</summary>
    public required MaskTable Table { get; init; }
}
