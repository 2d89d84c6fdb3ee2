using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>One of the tiles of neighbouring pixels that a batch is worked on by.</summary>
internal readonly unsafe struct EmbeddingTile
{
    private const int ExpectedLines = 16;

    public EmbeddingTile(EmbeddingLayout layout, int index)
    {
        var perImage = PerImage(layout);
        Image = index / perImage;
        var first = index % perImage * PixelTile.Pixels;
        Count = Math.Min(PixelTile.Pixels, layout.Pixels - first);
        First = (long)Image * layout.Pixels + first;
    }

    /// <summary>Tiles of all images.</summary>
    public static int CountOf(EmbeddingLayout layout) => PerImage(layout) * layout.Images;

    /// <summary>Whether tiles of a gradient are written past the caches: it is large, and every pixel is as many whole cache lines.</summary>
    public static bool IsStreamed(EmbeddingLayout layout, float* gradient) =>
        layout.PixelStride == layout.Channels && layout.Channels % CacheLine.Floats == 0
        && CacheLine.Streams(gradient, layout.Count * layout.Channels);

    public int Image { get; }

    /// <summary>First pixel, within the batch.</summary>
    public long First { get; }

    public int Count { get; }

    /// <summary>The embeddings of the pixels, transposed into <paramref name="rows"/>.</summary>
    public TileEmbeddings LoadEmbeddings(EmbeddingLayout layout, float* embeddings, float* rows) => new(layout, embeddings, First, Count, rows);

    /// <summary>
    /// Asks for a share of the next tile's pixels, to be called for every centre: between two tiles the processor does not foresee the loads, and
    /// all of them at once would wait for one another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Expect(EmbeddingLayout layout, float* embeddings, int share)
    {
        var next = embeddings + (First + Count) * layout.PixelStride;
        var last = Math.Min((share + 1) * ExpectedLines, PixelTile.Pixels * layout.PixelStride / CacheLine.Floats);
        for (var i = share * ExpectedLines; i < last; i++)
            CacheLine.Fetch(next + i * CacheLine.Floats);
    }

    private static int PerImage(EmbeddingLayout layout) => (layout.Pixels - 1) / PixelTile.Pixels + 1;
}
