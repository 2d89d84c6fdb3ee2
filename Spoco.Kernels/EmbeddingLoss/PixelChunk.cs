using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Pixels that a group works on together.</summary>
/// <param name="Embeddings">All pixels.</param>
/// <param name="Layout">Where they lie.</param>
/// <param name="First">Number of the first one within the batch.</param>
/// <param name="Count">Their number.</param>
internal readonly record struct PixelChunk(ArrayView<float> Embeddings, EmbeddingLayout Layout, long First, int Count)
{
    /// <summary>First component of a pixel of the chunk.</summary>
    public long At(int pixel) => (First + pixel) * Layout.PixelStride + Layout.ChannelOffset;
}
