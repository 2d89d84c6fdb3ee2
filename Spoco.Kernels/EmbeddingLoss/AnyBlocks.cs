using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Embeddings of any number of components: each is read by itself, if there is one.</summary>
internal readonly struct AnyBlocks : IEmbeddingBlocks
{
    /// <inheritdoc/>
    public int End(int channels) => channels;

    /// <inheritdoc/>
    public EmbeddingBlock Centre(ArrayView<float> rows, long at, int count)
    {
        EmbeddingBlock block;
        block.A = FourOfCentre(rows, at, count);
        block.B = FourOfCentre(rows, at + 4, count - 4);
        block.C = FourOfCentre(rows, at + 8, count - 8);
        block.D = FourOfCentre(rows, at + 12, count - 12);
        return block;
    }

    /// <inheritdoc/>
    public Four FourOfCentre(ArrayView<float> rows, long at, int count)
    {
        Four values;
        values.X = count > 0 ? rows[at] : 0;
        values.Y = count > 1 ? rows[at + 1] : 0;
        values.Z = count > 2 ? rows[at + 2] : 0;
        values.W = count > 3 ? rows[at + 3] : 0;
        return values;
    }

    /// <inheritdoc/>
    public EmbeddingBlock Pixel(ArrayView<float> values, long at, int count, bool isAligned) => Centre(values, at, count);

    /// <inheritdoc/>
    public Four FourOfPixel(ArrayView<float> values, long at, int count, bool isAligned) => FourOfCentre(values, at, count);

    /// <inheritdoc/>
    public void Store(ArrayView<float> values, long at, int count, bool isAligned, EmbeddingBlock block)
    {
        StoreFour(values, at, count, block.A);
        StoreFour(values, at + 4, count - 4, block.B);
        StoreFour(values, at + 8, count - 8, block.C);
        StoreFour(values, at + 12, count - 12, block.D);
    }

    private static void StoreFour(ArrayView<float> values, long at, int count, Four four)
    {
        if (count > 0)
            values[at] = four.X;
        if (count > 1)
            values[at + 1] = four.Y;
        if (count > 2)
            values[at + 2] = four.Z;
        if (count > 3)
            values[at + 3] = four.W;
    }
}
