namespace Spoco.Kernels;

/// <summary>What the kernels of <see cref="Primitives.SoftMasks"/> read. All buffers are on one device.</summary>
internal sealed record SoftMaskInputs
{
    /// <summary>1 / (2 sigma^2).</summary>
    public required float Falloff { get; init; }

    /// <summary>Layout of <see cref="Embeddings"/> and of their gradient.</summary>
    public required EmbeddingLayout Layout { get; init; }

    /// <summary>e.</summary>
    public required DeviceBuffer<float> Embeddings { get; init; }

    /// <summary>mu of every cluster, [clusters, E].</summary>
    public required DeviceBuffer<float> Means { get; init; }

    /// <summary>The clusters that masks are around, and the cluster of every pixel.</summary>
    public required MaskTable Table { get; init; }
}
