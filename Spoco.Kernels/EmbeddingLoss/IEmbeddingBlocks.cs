using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// How the components of pixels and centres are read and written in blocks. A pixel's may lie beside other channels, a centre's lie one row behind the other. Components behind the last one are 0.
/// </summary>
internal interface IEmbeddingBlocks
{
    /// <summary>Where the components behind the first block end: E, or 0 where it is known that there are none.</summary>
    int End(int channels);

    /// <summary>The block of a centre.</summary>
    /// <param name="rows">All centres.</param>
    /// <param name="at">First component.</param>
    /// <param name="count">Components from there to the end of the row.</param>
    EmbeddingBlock Centre(ArrayView<float> rows, long at, int count);

    /// <summary>Four components of a centre.</summary>
    Four FourOfCentre(ArrayView<float> rows, long at, int count);

    /// <summary>The block of a pixel.</summary>
    /// <param name="values">All pixels.</param>
    /// <param name="at">First component.</param>
    /// <param name="count">Components from there to the last.</param>
    /// <param name="isAligned">Whether pixels lie on 16 bytes: <see cref="EmbeddingLayout.IsAligned"/>.</param>
    EmbeddingBlock Pixel(ArrayView<float> values, long at, int count, bool isAligned);

    /// <summary>Four components of a pixel.</summary>
    Four FourOfPixel(ArrayView<float> values, long at, int count, bool isAligned);

    /// <summary>Stores the block of a pixel.</summary>
    void Store(ArrayView<float> values, long at, int count, bool isAligned, EmbeddingBlock block);
}
