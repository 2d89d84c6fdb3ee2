namespace Spoco.Kernels;

/// <summary>What <see cref="Primitives.AffinityLoss"/> reads. All buffers are on one device.</summary>
internal sealed record AffinityLossInputs
{
    /// <summary>Extents of the batch; C is the number of channels of a pixel.</summary>
    public required TensorShape Shape { get; init; }

    /// <summary>E: the first channels of every pixel are its embedding.</summary>
    public required int Channels { get; init; }

    /// <summary>e.</summary>
    public required DeviceBuffer<float> Embeddings { get; init; }

    /// <summary>Owner of every pixel.</summary>
    public required DeviceBuffer<int> Owners { get; init; }

    /// <summary>[N, K].</summary>
    public required DeviceBuffer<PixelOffset> Offsets { get; init; }

    /// <summary>2 delta_d: the distance at which the affinity is 0.</summary>
    public required float Reach { get; init; }

    /// <summary>K.</summary>
    public int OffsetsPerImage => (int)(Offsets.Length / Shape.N);
}
