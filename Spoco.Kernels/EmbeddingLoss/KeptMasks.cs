using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The masks of g that the first pass keeps for the second: those of the first anchors of an image, as many as a pixel has components, in the memory
/// that the gradient will take, and up to half as many more in memory of their own. A tile's are a row each, where its gradient will be. A
/// cross-entropy keeps the squared distances instead, which have digits that the masks lack.
/// </summary>
internal readonly unsafe struct KeptMasks
{
    private readonly EmbeddingLayout _layout;
    private readonly float* _gradient;
    private readonly float* _more;
    private readonly int _moreAnchors;
    private readonly bool _past;

    /// <summary>None are kept where the gradient is not wanted, or leaves other channels as they are.</summary>
    public KeptMasks(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient)
    {
        _layout = inputs.Layout;
        if (gradient.IsNull || _layout.PixelStride != _layout.Channels)
            return;
        _gradient = gradient.HostAddress;
        _past = EmbeddingTile.IsStreamed(_layout, _gradient);
        if (inputs.KeptMasks.IsNull)
            return;
        _more = inputs.KeptMasks.HostAddress;
        _moreAnchors = (int)(inputs.KeptMasks.Length / _layout.Count);
    }

    /// <summary>Anchors of an image whose masks are kept in memory of their own.</summary>
    public static int MoreAnchors(EmbeddingLayout layout, int anchors) =>
        layout.PixelStride == layout.Channels ? Math.Clamp(anchors - layout.Channels, 0, layout.Channels / 2) : 0;

    /// <summary>How many anchors' masks are kept of a tile: none if it is not full.</summary>
    public int Anchors(in EmbeddingTile tile) => _gradient is not null && tile.Count == PixelTile.Pixels ? _layout.Channels + _moreAnchors : 0;

    /// <summary>The masks of the image's anchor <paramref name="a"/>.</summary>
    public float* Row(in EmbeddingTile tile, int a) => a < _layout.Channels
        ? _gradient + tile.First * _layout.Channels + a * PixelTile.Pixels
        : _more + tile.First * _moreAnchors + (a - _layout.Channels) * PixelTile.Pixels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Keep(in EmbeddingTile tile, int a, float* masks)
    {
        var row = Row(tile, a);
        var past = _past && (nint)row % (Vector256<float>.Count * sizeof(float)) == 0;
        for (var p = 0; p < PixelTile.Pixels; p += Vector256<float>.Count)
        {
            if (past)
                Vector256.Load(masks + p).StoreAlignedNonTemporal(row + p);
            else
                Vector256.Load(masks + p).Store(row + p);
        }
    }

    /// <summary>Asks for a share of the next tile's rows, as <see cref="EmbeddingTile.Expect"/> does.</summary>
    public void Expect(in EmbeddingTile tile, int share) => tile.Expect(_layout, _gradient, share);
}
