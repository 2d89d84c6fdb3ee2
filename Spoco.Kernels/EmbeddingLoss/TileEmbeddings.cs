namespace Spoco.Kernels.Primitives;

/// <summary>The embeddings of a tile of pixels, as they lie in memory and transposed.</summary>
internal readonly unsafe struct TileEmbeddings
{
    /// <summary>Transposes them.</summary>
    public TileEmbeddings(EmbeddingLayout layout, float* embeddings, long first, int count, float* rows)
    {
        Pixels = embeddings + first * layout.PixelStride + layout.ChannelOffset;
        PixelStride = layout.PixelStride;
        Channels = layout.Channels;
        Count = count;
        Rows = rows;
        PixelTile.Load(Pixels, PixelStride, Channels, count, rows);
    }

    /// <summary>Component c of pixel p is element p <see cref="PixelStride"/> + c.</summary>
    public float* Pixels { get; }

    public int PixelStride { get; }

    public int Channels { get; }

    /// <summary>Pixels of the tile.</summary>
    public int Count { get; }

    /// <summary>Component c of pixel p is element c <see cref="PixelTile.Stride"/> + p.</summary>
    public float* Rows { get; }
}
