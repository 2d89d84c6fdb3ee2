using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The masks of g that the first pass keeps for the second, in the memory that the gradient will take: those of the first anchors of an image,
/// as many as a pixel has components. A tile's are a row each, where its gradient will be.
/// </summary>
internal readonly unsafe struct KeptMasks(EmbeddingLayout layout, DeviceBuffer<float> gradient)
{
    private readonly float* _gradient = !gradient.IsNull && layout.PixelStride == layout.Channels ? gradient.HostAddress : null;
    private readonly bool _past = !gradient.IsNull && EmbeddingTile.IsStreamed(layout, gradient.HostAddress);

    /// <summary>
    /// How many anchors' masks are kept of a tile: none where the gradient leaves other channels as they are, or the tile is not full.
    /// </summary>
    public int Anchors(in EmbeddingTile tile) => _gradient is not null && tile.Count == PixelTile.Pixels ? layout.Channels : 0;

    /// <summary>The masks of the image's anchor <paramref name="a"/>.</summary>
    public float* Row(in EmbeddingTile tile, int a) => _gradient + tile.First * layout.Channels + a * PixelTile.Pixels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Keep(in EmbeddingTile tile, int a, float* masks)
    {
        var row = Row(tile, a);
        for (var p = 0; p < PixelTile.Pixels; p += Vector256<float>.Count)
        {
            if (_past)
                Vector256.Load(masks + p).StoreAlignedNonTemporal(row + p);
            else
                Vector256.Load(masks + p).Store(row + p);
        }
    }

    /// <summary>Asks for a share of the next tile's rows, as <see cref="EmbeddingTile.Expect"/> does.</summary>
    public void Expect(in EmbeddingTile tile, int share) => tile.Expect(layout, _gradient, share);
}
