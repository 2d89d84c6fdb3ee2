namespace Spoco.Kernels;

/// <summary>
/// Where the embedding vectors lie in a buffer of pixels: component c of pixel i of image n is element
/// (n Pixels + i) PixelStride + ChannelOffset + c. A network's output with further channels is read and written in place.
/// </summary>
/// <param name="Images">N.</param>
/// <param name="Pixels">Pixels of one image: D H W.</param>
/// <param name="Channels">Components of one vector: E.</param>
/// <param name="PixelStride">Distance between neighbouring pixels, in elements.</param>
/// <param name="ChannelOffset">First component within a pixel.</param>
internal readonly record struct EmbeddingLayout(int Images, int Pixels, int Channels, int PixelStride, int ChannelOffset)
{
    /// <summary>Pixels of the batch.</summary>
    public long Count => (long)Images * Pixels;

    /// <summary>Elements of the buffer, other channels than these included.</summary>
    public long Elements => Count * PixelStride;

    /// <summary>Whether every pixel lies on 16 bytes, in memory that begins so.</summary>
    public bool IsAligned => PixelStride % 4 == 0 && ChannelOffset % 4 == 0;

    /// <summary>The first <paramref name="channels"/> channels of a tensor.</summary>
    /// <exception cref="ArgumentException">The tensor has fewer channels, or images of more than 2^31 - 1 pixels.</exception>
    public static EmbeddingLayout Of(TensorShape shape, int channels)
    {
        if (channels < 1 || channels > shape.C || shape.VoxelsPerImage > int.MaxValue)
            throw new ArgumentException($"EmbeddingLayout: {shape} does not hold {channels} channels of at most {int.MaxValue} pixels per image.");
        return new EmbeddingLayout(shape.N, (int)shape.VoxelsPerImage, channels, shape.C, 0);
    }

    /// <summary>Checks that the channels lie within a pixel.</summary>
    /// <exception cref="ArgumentException">They do not; the message begins with <paramref name="operation"/>.</exception>
    internal void Require(string operation)
    {
        if (Images < 1 || Pixels < 1 || Channels < 1 || ChannelOffset < 0 || ChannelOffset + Channels > PixelStride)
            throw new ArgumentException($"{operation}: {this} is no layout of embeddings.");
    }
}
