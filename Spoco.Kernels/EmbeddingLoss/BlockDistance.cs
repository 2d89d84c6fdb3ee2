using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Squared distances of embeddings in kernels, block by block.</summary>
internal static class BlockDistance
{
    /// <summary>|e - a|^2 of a pixel and a centre.</summary>
    /// <param name="first">First block of the pixel.</param>
    /// <param name="embeddings">All pixels.</param>
    /// <param name="at">First component of the pixel.</param>
    /// <param name="isAligned">Whether pixels lie on 16 bytes.</param>
    /// <param name="centres">All centres.</param>
    /// <param name="row">First component of the centre.</param>
    /// <param name="channels">E.</param>
    public static float ToCentre<TBlocks>(EmbeddingBlock first, ArrayView<float> embeddings, long at, bool isAligned, ArrayView<float> centres, long row, int channels)
        where TBlocks : unmanaged, IEmbeddingBlocks =>
        first.Minus(default(TBlocks).Centre(centres, row, channels)).Square + ToCentreBehind<TBlocks>(embeddings, at, isAligned, centres, row, channels);

    /// <summary>The part of |e - a|^2 that the components behind the first block have.</summary>
    public static float ToCentreBehind<TBlocks>(ArrayView<float> embeddings, long at, bool isAligned, ArrayView<float> centres, long row, int channels)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var blocks = default(TBlocks);
        var sum = 0f;
        for (var c = EmbeddingBlock.Length; c < blocks.End(channels); c += EmbeddingBlock.Length)
            sum += blocks.Pixel(embeddings, at + c, channels - c, isAligned).Minus(blocks.Centre(centres, row + c, channels - c)).Square;
        return sum;
    }

    /// <summary>|e_a - e_b|^2 of two pixels.</summary>
    /// <param name="first">First block of a.</param>
    /// <param name="embeddings">All pixels.</param>
    /// <param name="a">First component of a.</param>
    /// <param name="b">First component of b.</param>
    /// <param name="isAligned">Whether pixels lie on 16 bytes.</param>
    /// <param name="channels">E.</param>
    public static float ToPixel<TBlocks>(EmbeddingBlock first, ArrayView<float> embeddings, long a, long b, bool isAligned, int channels)
        where TBlocks : unmanaged, IEmbeddingBlocks =>
        first.Minus(default(TBlocks).Pixel(embeddings, b, channels, isAligned)).Square + ToPixelBehind<TBlocks>(embeddings, a, b, isAligned, channels);

    /// <summary>The part of |e_a - e_b|^2 that the components behind the first block have.</summary>
    public static float ToPixelBehind<TBlocks>(ArrayView<float> embeddings, long a, long b, bool isAligned, int channels) where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var blocks = default(TBlocks);
        var sum = 0f;
        for (var c = EmbeddingBlock.Length; c < blocks.End(channels); c += EmbeddingBlock.Length)
            sum += blocks.Pixel(embeddings, a + c, channels - c, isAligned).Minus(blocks.Pixel(embeddings, b + c, channels - c, isAligned)).Square;
        return sum;
    }
}
