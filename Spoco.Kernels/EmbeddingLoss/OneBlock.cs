using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Embeddings of sixteen components, a block each. Centres lie on 16 bytes, and four components are one load; those of pixels do, too, unless other channels come between (with a logit a pixel has 68
/// bytes).
/// </summary>
internal readonly struct OneBlock : IEmbeddingBlocks
{
    /// <summary>Whether embeddings can be read so.</summary>
    /// <param name="channels">E.</param>
    /// <param name="views">All that is read or written.</param>
    public static bool Fit(int channels, params ReadOnlySpan<ArrayView<float>> views)
    {
        foreach (var view in views)
        {
            if (view.IsValid && view.LoadEffectiveAddressAsPtr() % 16 != 0)
                return false;
        }

        return channels == EmbeddingBlock.Length;
    }

    /// <inheritdoc/>
    public int End(int channels) => 0;

    /// <inheritdoc/>
    public EmbeddingBlock Centre(ArrayView<float> rows, long at, int count)
    {
        var fours = rows.Cast<Four>();
        EmbeddingBlock block;
        block.A = fours[at >> 2];
        block.B = fours[(at >> 2) + 1];
        block.C = fours[(at >> 2) + 2];
        block.D = fours[(at >> 2) + 3];
        return block;
    }

    /// <inheritdoc/>
    public Four FourOfCentre(ArrayView<float> rows, long at, int count) => rows.Cast<Four>()[at >> 2];

    /// <inheritdoc/>
    public EmbeddingBlock Pixel(ArrayView<float> values, long at, int count, bool isAligned) => isAligned ? Centre(values, at, count) : Apart(values, at);

    /// <inheritdoc/>
    public Four FourOfPixel(ArrayView<float> values, long at, int count, bool isAligned) => isAligned ? FourOfCentre(values, at, count) : FourApart(values, at);

    /// <inheritdoc/>
    public void Store(ArrayView<float> values, long at, int count, bool isAligned, EmbeddingBlock block)
    {
        if (isAligned)
        {
            var fours = values.Cast<Four>();
            fours[at >> 2] = block.A;
            fours[(at >> 2) + 1] = block.B;
            fours[(at >> 2) + 2] = block.C;
            fours[(at >> 2) + 3] = block.D;
        }
        else
        {
            StoreApart(values, at, block.A);
            StoreApart(values, at + 4, block.B);
            StoreApart(values, at + 8, block.C);
            StoreApart(values, at + 12, block.D);
        }
    }

    private static EmbeddingBlock Apart(ArrayView<float> values, long at)
    {
        EmbeddingBlock block;
        block.A = FourApart(values, at);
        block.B = FourApart(values, at + 4);
        block.C = FourApart(values, at + 8);
        block.D = FourApart(values, at + 12);
        return block;
    }

    private static Four FourApart(ArrayView<float> values, long at)
    {
        Four four;
        four.X = values[at];
        four.Y = values[at + 1];
        four.Z = values[at + 2];
        four.W = values[at + 3];
        return four;
    }

    private static void StoreApart(ArrayView<float> values, long at, Four four)
    {
        values[at] = four.X;
        values[at + 1] = four.Y;
        values[at + 2] = four.Z;
        values[at + 3] = four.W;
    }
}
